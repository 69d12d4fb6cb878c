"""Checklist 36: nothing that a stranger sends is unpacked, whatever it would become.

If these fail, a kilobyte from nobody is a gigabyte here.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator

import brotli  # type: ignore[import-untyped]
import pytest
import pytest_asyncio
import zstandard

from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin, exchange, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

UNPACKED = 256 << 20
GROWTH_KIB = 10 * 1024
ZEROS = bytes(1 << 20)


def packed(coding: str) -> bytes:
    """Return what unpacks to a quarter of a gigabyte."""
    if coding == "br":
        packer = brotli.Compressor(quality=5)
        return bytes(b"".join(packer.process(ZEROS) for _ in range(UNPACKED >> 20)) + packer.finish())
    if coding == "zstd":
        made = zstandard.ZstdCompressor().compressobj()
        return b"".join(made.compress(ZEROS) for _ in range(UNPACKED >> 20)) + made.flush()
    level = zlib.compressobj(9, zlib.DEFLATED, 31 if coding == "gzip" else 15)
    return b"".join(level.compress(ZEROS) for _ in range(UNPACKED >> 20)) + level.flush()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard() -> AsyncIterator[Guard]:
    """One for the module, before an origin."""
    async with Origin() as origin, Guard(Realm(), upstream=origin) as running:
        assert (await running.ask(message("GET /open/1"))).status == 200
        yield running


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd"])
@pytest.mark.parametrize("path", ["/things/1", "/open/1", "/nowhere"])
async def test_a_packed_body_stays_packed(guard: Guard, coding: str, path: str) -> None:
    """Of a refused request and of an allowed one."""
    body = packed(coding)
    assert len(body) < UNPACKED / 100
    before = guard.rss_kib()
    line = "GET" if path == "/open/1" else "POST"
    answers = [await guard.ask(message(f"{line} {path}", f"Content-Encoding: {coding}", body=body)) for _ in range(3)]
    assert {answer.status for answer in answers} <= {200, 401, 404}
    assert guard.rss_kib() - before < GROWTH_KIB


async def test_an_unasked_for_compression_of_a_websocket_is_not_taken(guard: Guard) -> None:
    """The offer does not reach the upstream, so compressed frames are an error of whoever sends them."""
    data = message(
        "GET /open/feed",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover",
    )

    async def upgrade(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Agree to compression, asked for or not, and read on."""
        head = await reader.readuntil(b"\r\n\r\n")
        origin.received.append(head)
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
            b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"
        )
        await writer.drain()
        while part := await reader.read(65536):
            origin.received.append(part)

    async with Origin(handler=upgrade) as origin, Guard(Realm(), upstream=origin) as other:
        reader, writer = await asyncio.open_connection("127.0.0.1", other.port)
        writer.write(data)
        head = await reader.readuntil(b"\r\n\r\n")
        assert b" 101 " in head
        assert b"xtensions" not in head
        before = other.rss_kib()
        level = zlib.compressobj(9, zlib.DEFLATED, -15)
        body = b"".join(level.compress(ZEROS) for _ in range(64)) + level.flush(zlib.Z_SYNC_FLUSH)
        size = len(body).to_bytes(8, "big")
        writer.write(b"\xc2\xff" + size + b"\0\0\0\0" + body)  # binary, whole, RSV1: compressed
        await read_answer(reader, timeout_s=3, whole=lambda _: False)
        assert other.rss_kib() - before < GROWTH_KIB
        assert b"xtensions" not in origin.received[0]
        assert not any(ZEROS[:1000] in part for part in origin.received)
        writer.transport.abort()
        assert (await exchange(other.port, message("GET /nowhere"))).status == 404
