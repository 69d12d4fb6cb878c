"""A policy that cannot be used: where, what was found, what to write, exit 3, and the port never opens.

If these fail, a typing error is a proxy that serves, or a traceback that nobody understands.
"""

import asyncio
import contextlib
import re
import socket
import time

import pytest

from tests.live.lab import FOLDER, POLL_S
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

START_S = 10.0
INVALID = 3
GOOD = """\
version: 1
segments:
  things:
    match: {hosts: [api.test], clients: [anonymous]}
    routes: {read /**: public}
"""
ALIASES = "version: 1\nx-a: &a [1,1,1,1,1,1,1,1]\n" + "".join(
    f"x-{name}: &{name} [*{before},*{before},*{before},*{before},*{before},*{before},*{before},*{before}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""Eight to the ninth power, in a few lines; padded below to 10 MB of aliases."""

# What is wrong, the text, where it is, and words that must be said of it: what was found, what to write.
BAD = [
    ("broken YAML", GOOD + "  other: [a, b\n", r":\d+:\d+", ["YML"]),
    ("an unknown key", GOOD.replace("routes:", "ruotes:"), r":5:5\b", ["ruotes", "routes"]),
    ("a wrong unit", GOOD + "    limits: {few: {key: ip, rate: 10/parsec}}\n", r":6:\d+", ["10/parsec", "min"]),
    ("a version from the future", GOOD.replace("version: 1", "version: 2"), r":1:10\b", ["2", "1"]),
    ("an empty policy", "", r":1:1\b", ["empty"]),
    (
        "a missing file",
        GOOD + "issuers:\n  a: {issuer: 'https://a.test', audience: [a], jwks_file: none.json}\n",
        r":7:\d+",
        ["none.json"],
    ),
    (
        "a private key",
        GOOD + "issuers:\n  a:\n    issuer: https://a.test\n    audience: [a]\n    jwks_file: private.json\n",
        r"|private\.json:\d+:\d+",
        ["private"],
    ),
]
PRIVATE = '{"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "x": "a", "y": "b", "d": "c"}]}'


async def start(realm: Realm) -> str:
    """Start on a policy that cannot be used: assert exit 3 and that nobody is served; return the output.

    mitmproxy binds the port before it reads any script; until the process has ended it answers 503 at best.
    """
    async with Origin() as origin:
        guard = Guard(realm, upstream=origin, listens=False, waits=False)
        async with guard:
            served = b""
            until = time.monotonic() + START_S
            while not guard.ended:
                assert time.monotonic() < until, "it serves"
                with contextlib.suppress(OSError):
                    served += (await guard.ask(message("GET /open/1"), timeout_s=START_S)).raw
                await asyncio.sleep(POLL_S)
            code = await guard.exit_code(START_S)
        output = "\n".join(guard.lines)
        assert (code, origin.connections) == (INVALID, 0), output
        assert set(re.findall(rb"HTTP/1.1 (\d+)", served)) <= {b"503"}
        assert "Traceback" not in output
        assert "listening" not in output
        return output


@pytest.mark.parametrize(("text", "where", "words"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
async def test_a_bad_policy_is_refused(text: str, where: str, words: list[str]) -> None:
    """File, line and column, what was found, what to write."""
    realm = Realm()
    (realm.folder / "private.json").write_text(PRIVATE)
    realm.policy.write_bytes(text.encode("utf-8", "surrogateescape"))
    output = await start(realm)
    found = [line for line in output.splitlines() if re.search(rf"policy\.yaml{where}", line)]
    assert found, output
    for word in words:
        assert word in output


async def test_all_findings_come_at_once() -> None:
    """Several errors are told in one run."""
    realm = Realm()
    realm.policy.write_text(GOOD.replace("routes:", "ruotes:").replace("api.test", "API.test") + "segmants: {}\n")
    output = await start(realm)
    assert all(word in output for word in ("ruotes", "API.test", "segmants"))


async def test_a_missing_policy_is_refused() -> None:
    """A file that is not there is named, with what could be done."""
    realm = Realm()
    realm.policy.unlink()
    assert str(realm.policy) in await start(realm)


async def test_a_folder_is_no_policy() -> None:
    """A folder in place of the policy is named, and is no policy."""
    realm = Realm()
    realm.policy = FOLDER / "no-policy-here"
    realm.policy.mkdir(exist_ok=True)
    assert "no-policy-here" in await start(realm)


async def test_an_unreadable_key_file_is_refused() -> None:
    """A key file that cannot be read (here: a folder in its place) is named with the line that wants it."""
    realm = Realm()
    keys = realm.folder / "login.jwks.json"
    keys.unlink()
    keys.mkdir()
    output = await start(realm)
    assert re.search(r"policy\.yaml:\d+:\d+", output)
    assert "login.jwks.json" in output


async def test_a_key_file_of_rubbish_is_refused() -> None:
    """A key set that is none is refused at start, not at the first token."""
    realm = Realm()
    (realm.folder / "login.jwks.json").write_text("{]")
    assert "login.jwks.json" in await start(realm)


async def test_failing_tests_of_a_policy_refuse_the_start() -> None:
    """A policy whose own tests fail is no valid policy."""
    realm = Realm(
        more="""
        personas: {visitor: {from: 203.0.113.1}}
        tests: [{name: open is closed, as: visitor, checks: {"GET http://api.test/open/1": 403 scope_missing}}]
        """
    )
    assert "open is closed" in await start(realm)


async def test_ten_megabytes_of_aliases_are_refused() -> None:
    """A bomb of aliases is refused quickly and in little memory, as is a file that is merely huge."""
    realm = Realm()
    padding = "".join(f"x-p{number}: [{','.join(['*i'] * 400)}]\n" for number in range(8000))
    realm.policy.write_text(ALIASES + padding + GOOD.partition("\n")[2])
    assert realm.policy.stat().st_size > 9_500_000
    output = await start(realm)
    assert re.search(r"policy\.yaml:\d+:\d+", output)


async def test_an_admin_port_in_use_is_said_in_one_sentence() -> None:
    """Not a traceback: which address, what is wrong with it, what to write."""
    realm = Realm()
    async with Origin() as origin:
        with socket.create_server(("127.0.0.1", realm.admin_port)):
            async with Guard(realm, upstream=origin, listens=False, waits=False) as guard:
                code = await guard.exit_code(START_S)
            output = "\n".join(guard.lines)
    assert code == 2, output
    assert f"admin port 127.0.0.1:{realm.admin_port}: Address already in use; write another" in output
    assert "Traceback" not in output
