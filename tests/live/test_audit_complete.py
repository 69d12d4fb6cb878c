"""Checklist 33: every request has one decision and one end in the ledger, every silent connection one line.

If these fail, some way of misbehaving leaves no trace: mitmproxy fires no hook at the end of several.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.live.clients import H2Client, Line, pairs
from tests.live.lab import free_port, until
from tests.live.realm import HOST, Guard, Realm, message
from tests.live.wire import Answer, Origin, exchange, never, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    routes:
      any /open/**: public
      read /things/**: things:read
  nobody:
    match: {hosts: [nobody.test], clients: [anonymous]}
    upstream: nobody
    routes: {any /**: public}
  sockets:
    match: {hosts: [socket.test], clients: [anonymous]}
    upstream: sockets
    routes: {any /**: public}
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app]}
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""


async def weird(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer well, badly, late or never, as the path says; one request a connection, but for the good ones."""
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        origin.received.append(head)
        if b"/half" in head or b"/slow" in head:
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
            await writer.drain()
        if b"/garbage" in head:
            writer.write(b"\x00\x01garbage\r\n\r\n")
            await writer.drain()
        if b"/slow" in head or b"/never" in head:
            await asyncio.sleep(30)
        if any(word in head for word in (b"/half", b"/garbage", b"/close")):
            return
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await writer.drain()


@dataclass
class Ground:
    """A guard (port 0 reverse, port 1 forward), a weird origin, a port where nobody listens."""

    origin: Origin
    guard: Guard
    nobody: int

    @property
    def bearer(self) -> str:
        """The header line that authenticates to the forward listener."""
        return self.guard.realm.bearer(header="Proxy-Authorization")

    async def say(self, data: bytes, *, port: int = 0, timeout_s: float = 3, **more: Any) -> Answer:
        """Send bytes on a connection of their own."""
        return await exchange(self.guard.ports[port], data, timeout_s=timeout_s, **more)

    async def leave(self, data: bytes, *, after: str = "", port: int = 0) -> None:
        """Send bytes and leave, once the origin has seen `after` and the guard has had its turn."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.guard.ports[port])
        known = len(self.origin.received)
        writer.write(data)
        await writer.drain()
        if after:
            await until(lambda: len(self.origin.received) > known, after)
        else:
            await read_answer(reader, timeout_s=0.1)
        writer.transport.abort()


async def echo(connection: ServerConnection) -> None:
    """Send back what comes; die when told to."""
    async for said in connection:
        if said == "die":
            connection.transport.abort()
        await connection.send(said)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module."""
    nobody = free_port()
    async with Origin(handler=weird) as origin, serve(echo, "127.0.0.1", 0) as server:
        sockets = next(iter(server.sockets)).getsockname()[1]
        more = f"""
        upstreams:
          nobody: {{url: "http://127.0.0.1:{nobody}"}}
          sockets: {{url: "http://127.0.0.1:{sockets}"}}
        """
        modes = (f"reverse:http://127.0.0.1:{origin.port}", "regular")
        async with Guard(Realm(SEGMENTS, more=more), modes=modes) as guard:
            yield Ground(origin, guard, nobody)


def get(path: str, *headers: str, host: str = HOST) -> bytes:
    """Return a GET."""
    return message(f"GET {path}", *headers, host=host)


def chunked(path: str, *chunks: bytes) -> bytes:
    """Return a POST whose chunks are written as they stand."""
    return message(f"POST {path}", "Transfer-Encoding: chunked") + b"".join(chunks)


async def websocket(ground: Ground, *said: str, abort: bool = False) -> None:
    """Talk over a WebSocket."""
    url = "ws://socket.test/ws"
    async with connect(url, host="127.0.0.1", port=ground.guard.port, proxy=None, close_timeout=1) as client:
        for word in said:
            await client.send(word)
            if word != "die":
                assert await client.recv() == word
        if abort:
            client.transport.abort()


async def streams(ground: Ground, *paths: str, reset: bool = False, cut: bool = False) -> None:
    """Ask for paths over HTTP/2, then reset their streams or cut the connection."""
    async with H2Client(ground.guard.port) as client:
        known = len(ground.origin.received)
        numbers = [client.send(pairs("GET", path)) for path in paths]
        if reset or cut:
            await until(lambda: len(ground.origin.received) >= known + len(paths), "requests at the origin")
        if reset:
            for number in numbers:
                client.reset(number)
            await client.ask(pairs("GET", "/things/last"))
        elif not cut:
            for number in numbers:
                await client.answer(number)


async def tunnel(ground: Ground, target: str, *inside: bytes) -> None:
    """Open a tunnel and say something in it."""
    async with Line(ground.guard.ports[1]) as line:
        if (await line.connect(target, ground.bearer)).status == 200:
            for data in inside:
                await line.ask(data, timeout_s=0.5)


@dataclass(frozen=True)
class Row:
    """What happens, and how many requests and silent connections it is."""

    act: Callable[[Ground], Awaitable[object]]
    requests: int = 1
    silent: int = 0
    action: str = "allow"


ROWS: dict[str, Row] = {
    "normal": Row(lambda g: g.say(get("/open/a"))),
    "denied": Row(lambda g: g.say(get("/things/a")), action="deny"),
    "denied upload": Row(
        lambda g: g.say(message("POST /nowhere", "Content-Length: 100000") + b"x" * 5000, whole=never), action="deny"
    ),
    "upstream refused": Row(lambda g: g.say(get("/", host="nobody.test"))),
    "upstream closes": Row(lambda g: g.say(get("/open/close"))),
    "upstream closes in its body": Row(lambda g: g.say(get("/open/half"), whole=never)),
    "upstream talks garbage": Row(lambda g: g.say(get("/open/garbage"))),
    "client leaves while upstream thinks": Row(lambda g: g.leave(get("/open/never"), after="a request")),
    "client leaves in the response": Row(lambda g: g.leave(get("/open/slow"), after="a request")),
    "client leaves in its body": Row(
        lambda g: g.leave(message("POST /open/a", "Content-Length: 100") + b"abc"),
    ),
    "pipelined": Row(
        lambda g: g.say(get("/open/a") + get("/open/b") + get("/open/c", "Connection: close"), whole=never), requests=3
    ),
    "bad header name": Row(lambda g: g.say(get("/open/a", "Bad Name: 1")), action="deny"),
    "two lengths": Row(
        lambda g: g.say(message("POST /open/a", "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n"),
        action="deny",
    ),
    "bad length": Row(lambda g: g.say(message("POST /open/a", "Content-Length: +3") + b"abc"), action="deny"),
    "trailers": Row(
        lambda g: g.say(chunked("/open/a", b"3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n"), timeout_s=1),
    ),
    "bad chunk": Row(lambda g: g.say(chunked("/open/a", b"zz\r\nabc\r\n0\r\n\r\n"), timeout_s=1)),
    "bad request line": Row(lambda g: g.say(b"GET / HTTP/1.1 x y\r\nHost: x\r\n\r\n"), requests=0, silent=1),
    "head too large": Row(lambda g: g.say(get("/open/a", "X: " + "a" * 70_000)), requests=0, silent=1),
    "connects and leaves": Row(lambda g: g.leave(b""), requests=0, silent=1),
    "half a head": Row(lambda g: g.leave(b"GET /open/a HTTP/1.1\r\nHo"), requests=0, silent=1),
    "binary": Row(lambda g: g.say(b"\x00\x01\x02\x03", timeout_s=0.3), requests=0, silent=1),
    "tunnel refused": Row(lambda g: tunnel(g, "other.test:443"), action="deny"),
    "tunnel to nobody": Row(
        lambda g: tunnel(g, f"localhost:{g.nobody}", get("/", host=f"localhost:{g.nobody}")), requests=2
    ),
    "tunnel left empty": Row(lambda g: tunnel(g, f"localhost:{g.origin.port}")),
    "tunnel used": Row(
        lambda g: tunnel(g, f"localhost:{g.origin.port}", *2 * [get("/a", host=f"localhost:{g.origin.port}")]),
        requests=3,
    ),
    "tunnel with raw bytes": Row(lambda g: tunnel(g, f"localhost:{g.origin.port}", b"\x00\x01\x02\x03")),
    "websocket closes": Row(lambda g: websocket(g, "a", "b")),
    "websocket cut by the client": Row(lambda g: websocket(g, "a", abort=True)),
    "websocket cut by the origin": Row(lambda g: websocket(g, "a", "die")),
    "http/2": Row(lambda g: streams(g, "/open/a", "/open/b"), requests=2),
    "http/2 reset": Row(lambda g: streams(g, "/open/never", "/open/slow", reset=True), requests=3, action=""),
    "http/2 cut": Row(lambda g: streams(g, "/open/never", "/open/slow", cut=True), requests=2),
}


def of(lines: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    """Return the lines of a type."""
    return [line for line in lines if line.get("type") == kind]


@pytest.mark.parametrize("what", ROWS)
async def test_each_end_is_written_once(ground: Ground, what: str) -> None:
    """As many decisions as requests, one end for each, one line for each connection without a request."""
    row, before = ROWS[what], len(ground.guard.realm.ledger())
    await row.act(ground)

    def new() -> list[dict[str, Any]]:
        return ground.guard.realm.ledger()[before:]

    def complete() -> bool:
        return len(of(new(), "outcome")) >= row.requests and len(of(new(), "connection")) >= row.silent

    await until(complete, f"the ends of `{what}`", 4)
    # What would come twice comes at the end of the connection, which a refused client's leaving brings about.
    await until(lambda: ground.guard.established() == 0, "end of the connections", 8)
    lines = new()
    decided = [line["decision"] for line in of(lines, "decision")]
    ended = Counter(line["decision"] for line in of(lines, "outcome"))
    assert len(decided) == row.requests
    assert ended == Counter(set(decided))
    assert len(of(lines, "connection")) == row.silent
    if row.action:
        assert {line["verdict"]["action"] for line in of(lines, "decision")} <= {row.action}
    assert ground.guard.grep("crash|Traceback") == []


async def test_the_ledger_agrees_with_the_origin(ground: Ground) -> None:
    """Over everything above: what the origin has seen are allowed decisions, and no decision is doubled."""
    lines = ground.guard.realm.ledger()
    allowed = [line for line in of(lines, "decision") if line["verdict"]["action"] == "allow"]
    assert len(ground.origin.received) <= len(allowed)
    identities = Counter(line["decision"] for line in of(lines, "decision"))
    assert set(identities.values()) == {1}


async def test_what_is_under_way_ends_with_the_process() -> None:
    """SIGTERM writes the end of every exchange that is under way."""
    realm = Realm(
        SEGMENTS, more='upstreams: {nobody: {url: "http://127.0.0.1:9"}, sockets: {url: "http://127.0.0.1:9"}}\n'
    )
    async with Origin(handler=weird) as origin, Guard(realm, upstream=origin) as guard, Line(guard.port) as line:
        line.writer.write(get("/open/never"))
        await until(lambda: len(origin.received) == 1, "a request at the origin")
        await guard.stop()
    ended = of(realm.ledger(), "outcome")
    assert [entry["decision"] for entry in ended] == [entry["decision"] for entry in realm.decisions()]
