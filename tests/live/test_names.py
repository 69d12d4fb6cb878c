"""Over a hundred combinations of names: one destination throughout, or none.

If these fail, a request is judged for one host and served by another.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live import names
from tests.live.certs import unverified
from tests.live.clients import H2Client, Line
from tests.live.realm import Guard, Realm, loader
from tests.live.wire import Answer, Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

HOSTS = '[api.example, "*.wild.example", xn--bcher-kva.example]'
SEGMENTS = f"""
segments:
  front:
    match: {{hosts: {HOSTS}, clients: [anonymous]}}
    routes: {{read /**: public}}
  out:
    match: {{listeners: [forward], hosts: {HOSTS}, clients: [anonymous]}}
    network: {{destinations: {{deny: []}}}}
    routes: {{read /**: public}}
"""
# Every name is the origin's here: nothing but the guard keeps one from being reached.
GROUND = """
import socket
stock = socket.getaddrinfo
def here(host, port, *arguments, **more):
    return stock("127.0.0.1", port, *arguments, **more)
socket.getaddrinfo = here
"""


class Ground:
    """A guard that goes both ways, port 0 reverse, port 1 forward, before an origin that answers to any name."""

    def __init__(self, guard: Guard, origin: Origin) -> None:
        """Hold them."""
        self.guard, self.origin = guard, origin

    def hosts_since(self, before: int) -> list[list[str]]:
        """Return the Host headers of what reached the origin."""
        return [seen.header("Host") for seen in self.origin.seen[before:]]

    def here(self, text: str | None) -> str | None:
        """Put the origin's port where it belongs."""
        return None if text is None else text.replace("PORT", str(self.origin.port))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One for the module."""
    async with Origin() as origin:
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        async with Guard(Realm(SEGMENTS), modes=modes, scripts=(loader("anywhere", GROUND),)) as guard:
            yield Ground(guard, origin)


def request(line: str, *hosts: str) -> bytes:
    """Return a request with some Host headers, UTF-8."""
    return "\r\n".join([f"{line} HTTP/1.1", *(f"Host: {host}" for host in hosts), "", ""]).encode()


def fault(status: int, found: list[list[str]], wanted: int, host: str) -> bool:
    """Tell whether what came of it is not what should: the Host as it was asked with, or nothing at all."""
    if wanted == names.PASS:
        return status != names.PASS or [each[0].strip().lower() for each in found] != [host.strip().lower()]
    return status != wanted or found != []


async def test_there_are_enough() -> None:
    """The lists are as long as was asked for."""
    rows = len(names.hosts) + 2 * len(names.tls) + len(names.authorities) + len(names.urls) + len(names.tunnels)
    assert rows >= 150


async def test_host_headers(ground: Ground) -> None:
    """Of a plain request to a reverse listener."""
    wrong = []
    for hosts, wanted in names.hosts:
        before = len(ground.origin.seen)
        answer = await ground.guard.ask(request("GET /x", *hosts))
        found = ground.hosts_since(before)
        if fault(answer.status, found, wanted, hosts[0] if hosts else ""):
            wrong.append((hosts, wanted, answer.status, found))
    assert wrong == []


@pytest.mark.parametrize("version", ["HTTP/1", "HTTP/2"])
async def test_tls_names(ground: Ground, version: str) -> None:
    """The name in the handshake and that of the request are one, or the client is told to come anew."""
    wrong = []
    for sni, host, wanted in names.tls:
        before = len(ground.origin.seen)
        if version == "HTTP/1":
            async with Line(ground.guard.port, tls=unverified(), name=sni or "") as line:
                status = (await line.ask(request("GET /x", host))).status
        else:
            async with H2Client(ground.guard.port, name=sni or "") as client:
                status = (await client.ask(headers(host, None))).status or 400
        found = ground.hosts_since(before)
        if fault(status, found, wanted, host):
            wrong.append((sni, host, wanted, status, found))
    assert wrong == []


async def test_authorities(ground: Ground) -> None:
    """Of HTTP/2, and the Host beside it."""
    wrong = []
    for authority, host, wanted in names.authorities:
        before = len(ground.origin.seen)
        async with H2Client(ground.guard.port, name="api.example") as client:
            stream = await client.ask(headers(authority, host))
        status = stream.status or 400
        found = ground.hosts_since(before)
        if fault(status, found, wanted, authority or host or ""):
            wrong.append((authority, host, wanted, status, found))
    assert wrong == []


def headers(authority: str, host: str | None) -> list[tuple[bytes, bytes]]:
    """Return the header list of a request; an empty authority is left out where there is a host."""
    pseudo = [(b":method", b"GET"), (b":scheme", b"https"), (b":path", b"/x")]
    named = [(b":authority", authority.encode())] if authority or host is None else []
    return [*pseudo, *named, *([(b"host", host.encode())] if host is not None else [])]


async def test_urls(ground: Ground) -> None:
    """On a forward listener: the URL and the Host beside it name one destination."""
    wrong = []
    for written, host, wanted in names.urls:
        authority, beside = ground.here(written), ground.here(host)
        before = len(ground.origin.seen)
        answer = await ground.guard.ask(
            request(f"GET http://{authority}/x", *([beside] if beside is not None else [])), port=ground.guard.ports[1]
        )
        found = ground.hosts_since(before)
        if fault(answer.status, found, wanted, beside or ""):
            wrong.append((written, host, wanted, answer.status, found))
    assert wrong == []


async def test_tunnels(ground: Ground) -> None:
    """CONNECT, its Host, and the Host inside."""
    wrong = []
    for written, beside, inside, wanted in names.tunnels:
        before = len(ground.origin.seen)
        answer = await through(ground, ground.here(written) or "", ground.here(beside), ground.here(inside) or "")
        found = ground.hosts_since(before)
        if fault(answer.status, found, wanted, ground.here(inside) or ""):
            wrong.append((written, beside, inside, wanted, answer.status, found))
    assert wrong == []


async def through(ground: Ground, to: str, beside: str | None, inside: str) -> Answer:
    """Open a tunnel and send a request through it; return the answer that ended it."""
    async with Line(ground.guard.ports[1]) as line:
        line.writer.write(request(f"CONNECT {to}", *([beside] if beside is not None else [])))
        head = await line.reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in head[:16]:
            return Answer(raw=head, state="open")
        return await line.ask(request("GET /x", inside))
