"""Checklist 14 and 20: nobody is connected to before a verdict, and nobody but whom the verdict approved.

If these fail, strangers make the proxy open connections, or an addon behind the guard sends an allowed request
elsewhere.
"""

import asyncio

import pytest

from tests.live.clients import Line
from tests.live.lab import LOADER, free_port, script, until
from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

EGRESS = """
segments:
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app]}
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""
FRONT = """
  front:
    match: {hosts: [api.test], clients: [app]}
    routes: {any /**: authenticated}
"""
# Says on standard output which names are looked up; the event loop's own resolution and the library's.
LOOKUPS = """
import socket
was = socket.getaddrinfo
def told(host, *arguments, **more):
    print("looked-up", host, flush=True)
    return was(host, *arguments, **more)
socket.getaddrinfo = told
"""
DETOURS = {
    "request": "def request(self, flow): flow.request.host, flow.request.port = '127.0.0.1', {port}",
    "requestheaders": "def requestheaders(self, flow): flow.request.host, flow.request.port = '127.0.0.1', {port}",
    "data": "def requestheaders(self, flow): flow.request.data.host, flow.request.data.port = '127.0.0.1', {port}",
    "server_connect": "def server_connect(self, data): data.server.address = ('127.0.0.1', {port})",
    "server_conn": "def requestheaders(self, flow):\n"
    "        from mitmproxy.connection import Server\n"
    "        flow.server_conn = Server(address=('127.0.0.1', {port}))",
    "via": "def server_connect(self, data): data.server.via = ('http', ('127.0.0.1', {port}))",
}


def socks_greeting(host: str, port: int) -> bytes:
    """Return the greeting and the request of a SOCKS5 client, RFC 1928."""
    name = host.encode()
    return b"\x05\x01\x00" + b"\x05\x01\x00\x03" + bytes([len(name)]) + name + port.to_bytes(2, "big")


async def test_a_silent_client_opens_nothing() -> None:
    """Connected clients that say nothing of HTTP cause no connection: in reverse mode, in a tunnel, over SOCKS."""
    async with Origin() as origin:
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular", "socks5")
        realm = Realm(EGRESS)
        async with Guard(realm, modes=modes) as guard, Line(guard.ports[0]), Line(guard.ports[1]) as tunnel:
            bearer = realm.bearer(header="Proxy-Authorization")
            assert (await tunnel.connect(f"localhost:{origin.port}", bearer)).status == 200
            async with Line(guard.ports[2]) as socks:
                socks.writer.write(socks_greeting("localhost", origin.port))
                # Whatever else is asked meanwhile is refused, so that a late connection would be seen.
                answer = await guard.ask(message("GET /", host="localhost"), port=guard.ports[1])
                assert answer.status in (400, 407)
                assert origin.connections == 0


async def test_a_refused_request_opens_and_resolves_nothing() -> None:
    """Refusals in both directions, plain and by CONNECT, cause no connection and no lookup of a name."""
    async with Origin() as origin:
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        realm = Realm(EGRESS + FRONT)
        async with Guard(realm, modes=modes, scripts=(loader("lookups", LOOKUPS),)) as guard:
            before = len(guard.grep("looked-up"))
            bearer, here = realm.bearer(header="Proxy-Authorization"), f"localhost:{origin.port}"
            for port, data, status in [
                (0, message("GET /"), 401),
                (0, message("GET /", host="other.test"), 404),
                (1, message(f"GET http://{here}/", host=here), 407),
                (1, message("GET http://other.test/", bearer, host="other.test"), 403),
                (1, message(f"CONNECT {here}", host=here), 407),
                (1, message("CONNECT other.test:443", bearer, host="other.test:443"), 403),
            ]:
                assert (await guard.ask(data, port=guard.ports[port])).status == status
            assert origin.connections == 0
            assert guard.grep("looked-up")[before:] == []
            allowed = message(f"GET http://{here}/", bearer, host=here)
            assert (await guard.ask(allowed, port=guard.ports[1])).status == 200
            assert len(guard.grep("looked-up localhost")) > 0  # else nothing was proven above


@pytest.mark.parametrize("hook", DETOURS)
async def test_an_allowed_request_goes_nowhere_else(hook: str) -> None:
    """An addon behind the guard that changes the target of an allowed request gets it refused, or changes nothing."""
    async with Origin() as origin, Origin() as other:
        detour = f"class Detour:\n    {DETOURS[hook].format(port=other.port)}\naddons = [Detour()]\n"
        scripts = (LOADER, script(f"detour_{hook}", detour))
        async with Guard(Realm(), upstream=origin, scripts=scripts) as guard:
            answer = await guard.ask(message("GET /open/1"))
            assert answer.status != 0
            assert len(origin.seen) == (1 if answer.status == 200 else 0)
            assert other.connections == 0
            assert str(other.port) not in answer.raw.decode("latin-1")


async def test_upstream_connections_are_kept() -> None:
    """Twenty requests of a connection use one upstream connection, and none of them hangs."""
    async with Origin() as origin, Guard(Realm(), upstream=origin) as guard, Line(guard.port) as line:
        for number in range(20):
            assert (await line.ask(message(f"GET /open/{number}"), timeout_s=2)).status == 200
        assert origin.connections == 1


async def test_a_forward_connection_is_pinned_and_kept() -> None:
    """The address that was judged is the one connected to, over twenty requests and one connection."""
    realm = Realm(EGRESS)
    async with Origin() as origin, Guard(realm) as guard, Line(guard.port) as line:
        here = f"localhost:{origin.port}"
        for number in range(20):
            request = message(f"GET http://{here}/{number}", realm.bearer(header="Proxy-Authorization"), host=here)
            assert (await line.ask(request, timeout_s=2)).status == 200
        assert origin.connections == 1
        assert {tuple(seen.header("Host")) for seen in origin.seen} == {(here,)}


async def test_an_upstream_that_is_not_there_says_nothing_of_itself() -> None:
    """A refused upstream connection is a 502 that names neither address nor port."""
    port = free_port()
    async with Guard(Realm(), modes=(f"reverse:http://127.0.0.1:{port}",)) as guard:
        answer = await guard.ask(message("GET /open/1"))
        assert answer.status == 502
        for word in (b"127.0.0.1", str(port).encode(), b"rrno", b"mitmproxy"):
            assert word not in answer.raw
        await until(lambda: len(guard.realm.ledger()) > 0, "a line in the ledger")
        await asyncio.sleep(0)
