"""Host, authority, CONNECT and TLS name are one name, judged as one and sent as it came.

If these fail, `admin.test` is reached under the name of its public neighbour. All that fail are told at once.
"""

import re
import ssl
from collections.abc import AsyncIterator
from typing import NamedTuple

import pytest
import pytest_asyncio

from tests.live.certs import make_certificate, serving, unverified
from tests.live.clients import H2Client, Line, pairs
from tests.live.names import ROWS, SEGMENTS, Names
from tests.live.realm import Guard, Realm
from tests.live.wire import Answer, Origin, exchange

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

PLACES = ["plain", "old", "tls", "h2", "out", "connect", "tunnel", "within", "within2"]


class Ground(NamedTuple):
    """A guard whose port 0 stands before the API and whose port 1 leads out, the origin in the clear and with TLS."""

    guard: Guard
    plain: Origin
    secure: Origin
    asked: list[str | None]
    """The TLS names that the secure origin was asked for."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard and two origins for the module."""
    authority = make_certificate("authority", is_ca=True)
    chain, asked = serving(make_certificate("origin", authority)), []

    def note(_: ssl.SSLObject, name: str | None, __: ssl.SSLContext) -> None:
        asked.append(name)

    chain.sni_callback = note
    async with Origin() as plain, Origin(tls=chain) as secure:
        modes = (f"reverse:http://127.0.0.1:{plain.port}", "regular")
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        async with Guard(Realm(SEGMENTS), *trusts, modes=modes) as guard:
            yield Ground(guard, plain, secure, asked)


def head(line: str, hosts: list[str], version: str = "1.1") -> bytes:
    """Return a request with its Host lines."""
    return "\r\n".join([f"{line} HTTP/{version}", *[f"Host: {host}" for host in hosts], "", ""]).encode("latin-1")


async def before(ground: Ground, row: Names, path: str) -> Answer:
    """Send a row in the clear or in TLS to the port before the API."""
    port = ground.guard.ports[0]
    if row.where in ("plain", "old"):
        request = head(f"GET {path}", row.named(0, ground.plain.port), "1.0" if row.where == "old" else "1.1")
        return await exchange(port, request)
    tls_name = next(iter(row.named(0, 0)), "")
    if row.where == "tls":
        return await exchange(port, head(f"GET {path}", row.named(1, 0)), tls=unverified(), name=tls_name)
    async with H2Client(port, name=tls_name) as client:
        return await over_http2(client, row.named(1, 0), path)


async def over_http2(client: H2Client, names: list[str], path: str) -> Answer:
    """Send the names of a row, the first as `:authority`; a connection or stream that is cut counts as 400."""
    authority, *hosts = names or ["-"]
    headers = pairs("GET", path, *[("host", host) for host in hosts], authority=authority)
    stream = await client.ask([pair for pair in headers if pair != (b":authority", b"-")])
    assert stream.done or client.closed
    return Answer(raw=b"HTTP/1.1 %d \r\n\r\n%b" % (stream.status or 400, stream.body), state="open")


async def out(ground: Ground, row: Names, path: str) -> Answer:
    """Send a row to the port that leads out: absolute form, a CONNECT, or a request in a tunnel."""
    port, plain = ground.guard.ports[1], ground.plain.port
    if row.where == "out":
        return await exchange(port, head(f"GET http://{row.named(0, plain)[0]}{path}", row.named(1, plain)))
    if row.where == "connect":
        return await exchange(port, head(f"CONNECT {''.join(row.named(0, plain))}", row.named(1, plain)))
    secure = row.where in ("within", "within2")
    origin = ground.secure.port if secure else plain
    async with Line(port) as line:
        assert (await line.connect(row.named(0, origin)[0])).status == 200
        if secure:
            await line.wrap(next(iter(row.named(1, origin)), ""), ("h2",) if row.where == "within2" else ())
        if row.where != "within2":
            return await line.ask(head(f"GET {path}", row.named(-1 + len(row.parts), origin)))
        client = await H2Client(0).adopt(line.reader, line.writer)
        try:
            return await over_http2(client, row.named(2, origin), path)
        finally:
            await client.__aexit__()


def words(answer: Answer, verdict: dict[str, str]) -> str:
    """Return the segment that let a request pass, or status, reason and detail, from the answer where no line tells."""
    if answer.status == 200:
        return f"to {verdict.get('segment')}"
    told = re.search(rb'"reason": ?"(\w+)"', answer.body)
    reason = verdict.get("reason", told[1].decode() if told else "")
    return " ".join(filter(None, [str(answer.status), reason, verdict.get("detail", "")]))


def sent(ground: Ground, row: Names) -> list[str]:
    """Return the Host lines that must arrive for a row: the last name, blanks around it removed."""
    if not row.expected.startswith("to "):
        return []
    origin = ground.secure if row.where in ("within", "within2") else ground.plain
    return [name.strip() for name in row.named(len(row.parts) - 1, origin.port) if name != "-"][:1]


def arrived(ground: Ground, path: str) -> list[str]:
    """Return the Host lines of the requests with a path, as the origins saw them, joined for each."""
    seen = [*ground.plain.seen, *ground.secure.seen]
    return ["&".join(one.header("host")) for one in seen if one.line.startswith(f"GET {path} HTTP/1.")]


async def test_the_corpus_is_large_and_has_honest_rows() -> None:
    """A guard that refuses everything would pass the rest."""
    assert len({(row.where, row.parts) for row in ROWS}) == len(ROWS) >= 400
    assert len([row for row in ROWS if row.expected.startswith("to ")]) >= 100
    assert {row.where for row in ROWS} == set(PLACES)


@pytest.mark.parametrize("where", PLACES)
async def test_each_combination_comes_to_what_the_corpus_says(ground: Ground, where: str) -> None:
    """What agrees arrives with the name as it was sent; what does not arrives nowhere, for the true reason."""
    rows = [row for row in ROWS if row.where == where]
    total = len(ground.plain.seen) + len(ground.secure.seen)
    answers = [
        await (before if where in ("plain", "old", "tls", "h2") else out)(ground, row, f"/{where}/{number}")
        for number, row in enumerate(rows)
    ]
    verdicts = {line["path"]: line["verdict"] for line in ground.guard.realm.decisions()}
    failed = []
    for number, (row, answer) in enumerate(zip(rows, answers, strict=True)):
        path = f"/{where}/{number}"
        got, hosts = words(answer, verdicts.get(path, {})), arrived(ground, path)
        total += len(hosts)
        if hosts != sent(ground, row) or not f"{got} ".startswith(f"{row.expected} "):
            failed.append(f"{row.about}: {row.where} {row.parts}: wanted {row.expected}, got {got}, arrived {hosts}")
    assert not failed, "\n".join(["", *failed])
    assert len(ground.plain.seen) + len(ground.secure.seen) == total
    assert ground.guard.grep("crash|Traceback|Addon error") == []


async def test_the_origin_is_asked_for_the_name_that_was_judged(ground: Ground) -> None:
    """TLS towards the origin says the judged name, and none for an address, whatever the client's TLS said."""
    assert set(ground.asked) <= {"localhost", None}
    assert "localhost" in ground.asked
