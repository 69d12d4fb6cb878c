"""The demo's upstream: if these fail, what a visitor sees behind the proxy is not what arrived there."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import websockets

from parclose.demo import upstream


@pytest.fixture
async def port() -> AsyncIterator[int]:
    """Start the upstream on a free port."""
    server, port = upstream.start()
    yield port
    server.stop()
    await server.close_all_connections()


async def talk(port: int, request: str) -> tuple[str, str]:
    """Send one request and return head and body."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request.encode())
    raw = (await reader.read()).decode()
    writer.close()
    await writer.wait_closed()
    head, _, body = raw.partition("\r\n\r\n")
    return head, body


async def test_it_echoes_what_it_received(port: int) -> None:
    """Method, path with its query, headers, and how long the body was."""
    request = "POST /a/b?c=d HTTP/1.1\r\nHost: x\r\nX-Caller: u-1\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
    head, body = await talk(port, request)
    said = json.loads(body)
    assert head.startswith("HTTP/1.1 200 OK")
    assert (said["method"], said["path"], said["body_bytes"]) == ("POST", "/a/b?c=d", 3)
    assert said["headers"]["X-Caller"] == "u-1"


async def test_it_streams_events(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events come as they happen, without a length."""
    monkeypatch.setattr(upstream, "EVENT_EVERY_S", 0.0)
    head, body = await talk(port, "GET /shop/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert "text/event-stream" in head
    assert "Content-Length" not in head
    assert body.count("data: event") == upstream.EVENTS


async def test_it_echoes_messages(port: int) -> None:
    """Text stays text, bytes stay bytes."""
    async with websockets.connect(f"ws://127.0.0.1:{port}/shop/live", proxy=None) as socket:
        await socket.send("one")
        await socket.send(b"two")
        assert [await socket.recv(), await socket.recv()] == ["one", b"two"]


async def test_it_can_be_slow(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow answer is the same answer."""
    monkeypatch.setattr(upstream, "SLOW_S", 0.0)
    _, body = await talk(port, "GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert json.loads(body)["path"] == "/slow"
