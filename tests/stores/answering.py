"""A server on loopback that answers each connection with the bytes that it was told to, or never."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


def answer(body: object, status: str = "200 OK", *headers: str) -> bytes:
    """Return an answer; a body that is no bytes is written as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = "".join(f"{line}\r\n" for line in (f"HTTP/1.1 {status}", f"Content-Length: {len(raw)}", *headers))
    return f"{head}Connection: close\r\n\r\n".encode() + raw


@asynccontextmanager
async def answering(*answers: bytes | None) -> AsyncIterator[tuple[str, list[str]]]:
    """Yield a URL and the requests that came; None never answers, the last answer is given again."""
    seen: list[str] = []

    async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = next((int(line[15:]) for line in head.lower().splitlines() if line.startswith("content-length:")), 0)
        said = answers[min(len(seen), len(answers) - 1)]
        seen.append(head + (await reader.readexactly(length)).decode())
        if said is None:
            await asyncio.Event().wait()
        else:
            writer.write(said)
            await writer.drain()
            writer.close()

    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen
    finally:
        server.close()
