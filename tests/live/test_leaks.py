"""Checklist 37, and secrets: nothing is served without a verdict, and nothing is told that is nobody's business.

If these fail, an error page is a port scanner, or a log is a key ring.
"""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.live.lab import FOLDER, free_port
from tests.live.realm import THINGS, Guard, Realm, message
from tests.live.wire import Origin, exchange

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    routes:
      read /open/**: public
      read /things/**: things:read
  gone:
    match: {hosts: [gone.test], clients: [anonymous]}
    upstream: gone
    routes: {any /**: public}
  hidden:
    match: {hosts: [hidden.test], clients: [app]}
    network: {allow: [office], deny_as: 404}
    routes: {any /**: authenticated}
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app]}
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""
MORE = """
zones: {office: [192.0.2.0/24]}
upstreams: {gone: {url: "http://127.0.0.1:%d"}}
"""
TELLTALES = (b"127.0.0.1", b"rrno", b"Connect call failed", b"mitmproxy", b"Traceback", b"python", b"Python")


class Ground:
    """An origin, a guard both ways (port 0 reverse, 1 forward), its flow file, and a port where nobody listens."""

    def __init__(self, origin: Origin, guard: Guard, flows: Path, nobody: int) -> None:
        """Hold them."""
        self.origin, self.guard, self.flows, self.nobody = origin, guard, flows, nobody


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module."""
    nobody, flows = free_port(), FOLDER / "leaks.flows"
    async with Origin() as origin:
        realm = Realm(SEGMENTS, more=MORE % nobody)
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        async with Guard(realm, "-w", str(flows), modes=modes) as guard:
            yield Ground(origin, guard, flows, nobody)


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("GET /", "mitm.it"),
        ("GET http://mitm.it/", "mitm.it"),
        ("GET /cert/pem", "mitm.it"),
        ("GET /mitmproxy-1234567890.crl", "api.test"),
        ("GET /mitmproxy-1234567890.crl", "mitm.it"),
    ],
)
@pytest.mark.parametrize("port", [0, 1], ids=["reverse", "forward"])
async def test_the_proxys_own_pages_are_not_served(ground: Ground, line: str, host: str, port: int) -> None:
    """Onboarding and certificate lists of mitmproxy answer nobody."""
    answer = await ground.guard.ask(message(line, host=host), port=ground.guard.ports[port])
    assert answer.status in (400, 403, 404, 407)
    assert b"mitmproxy" not in answer.raw


async def test_an_error_page_tells_nothing(ground: Ground) -> None:
    """Bodies and headers of every kind of failure name no address, errno, library or version."""
    here = f"localhost:{ground.nobody}"
    bearer = ground.guard.realm.bearer(header="Proxy-Authorization")
    for port, data in [
        (0, message("GET /x", host="gone.test")),
        (0, message("POST /x", host="gone.test", body=b"x" * 10)),
        (0, message("GET /things/1")),
        (0, message("GET /things/1", "Authorization: Bearer a.b.c")),
        (0, message("GET /nowhere")),
        (0, message("PUT /open/1")),
        (0, message("GET /a//b")),
        (0, b"GARBAGE\r\n\r\n"),
        (0, b"GET / HTTP/9.9\r\nHost: api.test\r\n\r\n"),
        (0, message("GET /x", "Bad Name: 1")),
        (0, message("POST /open/1", "Content-Length: +3")),
        (0, message("GET /open/1", "X: " + "a" * 70_000)),
        (1, message(f"GET http://{here}/", bearer, host=here)),
        (1, message(f"CONNECT {here}", bearer, host=here)),
        (1, message("CONNECT other.test:443", bearer, host="other.test:443")),
    ]:
        answer = await exchange(ground.guard.ports[port], data)
        assert answer.status == 0 or answer.status >= 400 or data.startswith(b"CONNECT")
        for word in (*TELLTALES, str(ground.nobody).encode(), str(ground.origin.port).encode()):
            assert word not in answer.raw, data[:60]


async def test_a_tunnel_to_nobody_tells_nothing(ground: Ground) -> None:
    """A refused upstream inside a tunnel is as silent as one outside."""
    here = f"localhost:{ground.nobody}"
    bearer = ground.guard.realm.bearer(header="Proxy-Authorization")
    data = message(f"CONNECT {here}", bearer, host=here) + message("GET /inner", host=here)
    answer = await exchange(ground.guard.ports[1], data, whole=lambda raw: raw.count(b"HTTP/1.1 ") > 1)
    for word in (*TELLTALES, str(ground.nobody).encode()):
        assert word not in answer.raw


async def test_a_concealed_segment_looks_like_none(ground: Ground) -> None:
    """`deny_as: 404` from outside is, but for the decision id, the answer of a host that does not exist."""
    answers = [await ground.guard.ask(message("GET /x", host=host)) for host in ("hidden.test", "nowhere.test")]
    plain = [re.sub(rb'"decision":"\w+"', b"", answer.raw) for answer in answers]
    assert plain[0] == plain[1]
    assert answers[0].status == 404


async def test_secrets_stay_out(ground: Ground) -> None:
    """Good and bad credentials of every kind stand neither in log nor ledger, metrics or health."""
    realm = ground.guard.realm
    token, cookie, query = realm.token("things:read"), "session=c00kie-s3cret", "t0ken-in-query"
    forged = f"{token[:-8]}AAAAAAAA"
    for headers in (
        [f"Authorization: Bearer {token}"],
        [f"X-Api-Key: {realm.key}"],
        [f"Authorization: Bearer {forged}"],
    ):
        await ground.guard.ask(message(f"GET /things/1?access_token={query}", *headers, f"Cookie: {cookie}"))
    await ground.guard.ask(message("GET /things/1", "Authorization: Basic c2VjcmV0LXBhaXI="))
    await ground.guard.ask(message("GET /things/1", "X-Api-Key: robot_wr0ng-secret"))
    metrics = (await realm.admin("/metrics")).raw.decode()
    health = (await realm.admin("/healthz")).raw.decode()
    written = {
        "log": "\n".join(ground.guard.lines),
        "ledger": realm.ledger_path.read_text(),
        "metrics": metrics,
        "health": health,
    }
    secrets = [token, token.split(".")[2], forged[-40:], realm.key, realm.key.partition("_")[2]]
    secrets += [cookie.partition("=")[2], "c2VjcmV0LXBhaXI", "wr0ng-secret"]
    for where, text in written.items():
        assert [secret for secret in secrets if secret in text] == [], where
    assert query not in written["ledger"] + written["metrics"] + written["health"]


async def test_a_key_in_a_query_stays_with_us() -> None:
    """Let in or refused, it reaches neither the origin, nor log, ledger, metrics or recording."""
    realm, flows = Realm(), FOLDER / "query-key.flows"
    text = realm.text(THINGS).replace("robots: {header: x-api-key,", "robots: {query: api_key,")
    assert "query: api_key" in text
    realm.policy.write_text(text)
    wrong = f"{realm.key[:-4]}wr0g"
    async with Origin() as origin, Guard(realm, "-w", str(flows), "--flow-detail", "3", upstream=origin) as guard:
        good = await guard.ask(message(f"GET /things/1?a=1&api_key={realm.key}&b"))
        denied = await guard.ask(message(f"POST /things/1?api%5Fkey={realm.key}"))
        bad = await guard.ask(message(f"GET /things/1?api_key={wrong}"))
        metrics = (await realm.admin("/metrics")).raw.decode()
    assert (good.status, denied.status, bad.status) == (200, 403, 401)
    assert [seen.line for seen in origin.seen] == ["GET /things/1?a=1&b HTTP/1.1"]
    written = {
        "log": "\n".join(guard.lines),
        "ledger": realm.ledger_path.read_text(),
        "metrics": metrics,
        "recording": flows.read_bytes().decode("latin-1"),
    }
    for where, text in written.items():
        assert [secret for secret in (realm.key, realm.key.partition("_")[2], wrong) if secret in text] == [], where
