"""Checklist 23: the one upgrade that is understood passes; every other leaves no way for raw bytes, either way.

If these fail, `Upgrade: H2C` is a tunnel through the guard.
"""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.clients import H2Client, Line, pairs
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

PUSHED = b"PUSHED-BY-THE-ORIGIN"
SMUGGLED = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nSMUGGLED"
WEBSOCKET = ("Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==")


async def switches(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switch to whatever was asked for, or to what nobody asked for, and talk raw bytes."""
    head = await reader.readuntil(b"\r\n\r\n")
    origin.received.append(head)
    asked = [line.partition(b":")[2].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"upgrade:")]
    to = asked[0] if asked else (b"websocket" if b"/as-websocket" in head else b"x/unasked")
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: %s\r\n"
        b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n%s" % (to, PUSHED)
    )
    await writer.drain()
    while part := await reader.read(4096):
        origin.received.append(part)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin() -> AsyncIterator[Origin]:
    """An origin that switches protocols."""
    async with Origin(handler=switches) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard(origin: Origin) -> AsyncIterator[Guard]:
    """One guard for the module."""
    async with Guard(Realm(), upstream=origin) as running:
        yield running


@pytest.mark.parametrize(
    "headers",
    [
        ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQAAP__"),
        ("Connection: Upgrade", "Upgrade: H2C"),
        ("Connection: Upgrade", "Upgrade: h2C"),
        ("Connection: Upgrade", "Upgrade: h2c, x/foo"),
        ("Connection: Upgrade", "Upgrade: x/foo"),
        ("Connection: Upgrade", "Upgrade: h2c", "Upgrade: x/foo"),
        ("Connection: Upgrade", "Upgrade: TLS/1.2"),
        ("Upgrade: h2c",),
        ("Upgrade: x/foo",),
        ("Connection: Upgrade", "Upgrade: websocket, h2c", "Sec-WebSocket-Version: 13"),
        (*WEBSOCKET, "Sec-WebSocket-Version: 12"),
        (*WEBSOCKET, "Sec-WebSocket-Version: 8"),
        WEBSOCKET,
        (*WEBSOCKET, "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12"),
        ("Upgrade: websocket", "Sec-WebSocket-Version: 13"),
        (),
    ],
    ids=lambda headers: "; ".join(headers)[:60] or "unasked",
)
async def test_no_raw_bytes_pass(guard: Guard, origin: Origin, headers: tuple[str, ...]) -> None:
    """Refused upgrades and a 101 that nobody asked for carry nothing from or to the origin."""
    before = len(origin.received)
    async with Line(guard.port) as line:
        answer = await line.ask(message("GET /open/1", *headers), timeout_s=2)
        assert answer.status not in (101, 200)
        line.writer.write(SMUGGLED)
        more = await line.ask(b"\r\n", timeout_s=0.5)
        assert PUSHED not in answer.raw + more.raw
    told = b"".join(origin.received[before:])
    assert b"SMUGGLED" not in told
    assert b"upgrade:" not in told.lower()


async def test_a_switch_to_something_else_is_refused(guard: Guard, origin: Origin) -> None:
    """A WebSocket that is asked for on POST, or an origin's 101 `websocket` without a request for it, is refused."""
    for line, headers in (
        ("POST /open/1", (*WEBSOCKET, "Sec-WebSocket-Version: 13")),
        ("GET /open/as-websocket", ()),
    ):
        answer = await guard.ask(message(line, *headers) + SMUGGLED, timeout_s=2)
        assert answer.status not in (101, 200)
        assert PUSHED not in answer.raw
    assert b"SMUGGLED" not in b"".join(origin.received)


async def test_an_upgrade_over_http2_is_refused(guard: Guard, origin: Origin) -> None:
    """Extended CONNECT and an upgrade header have no business on HTTP/2."""
    before = len(origin.received)
    extended = [*pairs("CONNECT", "/open/1"), (b":protocol", b"websocket")]
    for headers in (extended, pairs("GET", "/open/1", ("upgrade", "h2c")), pairs("CONNECT", "/open/1")):
        async with H2Client(guard.port) as client:
            stream = await client.ask(headers, timeout_s=2)
            assert stream.status not in (101, 200)
    assert len(origin.received) == before
