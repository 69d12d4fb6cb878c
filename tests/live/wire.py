"""Both ends of a proxied connection: an origin that records what reaches it, and a client that writes raw bytes."""

import asyncio
import contextlib
import json
import re
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Self


@dataclass(slots=True)
class Seen:
    """One request as the origin saw it: its head as sent, and its body."""

    head: bytes
    body: bytes

    @property
    def line(self) -> str:
        """The request line."""
        return self.head.split(b"\r\n", 1)[0].decode("latin-1")

    def header(self, name: str) -> list[str]:
        """Return every value of a header, in order."""
        pairs = [line.partition(b":") for line in self.head.split(b"\r\n")[1:]]
        return [value.strip().decode("latin-1") for key, _, value in pairs if key.lower() == name.lower().encode()]


type Handler = Callable[["Origin", asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass(slots=True)
class Origin:
    """An HTTP/1 origin that records connections and requests and answers 200; `handler` replaces its conversation."""

    handler: Handler | None = None
    tls: ssl.SSLContext | None = None
    body: bytes = b'{"origin": true}'
    connections: int = 0
    seen: list[Seen] = field(default_factory=list)
    received: list[bytes] = field(default_factory=list)
    port: int = 0
    host: str = "127.0.0.1"
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def __aenter__(self) -> Self:
        """Listen on a free port of a loopback address."""
        self._server = await asyncio.start_server(self._accept, self.host, self.port, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop listening and drop what is still open."""
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Run one connection to its end."""
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            await (self.handler(self, reader, writer) if self.handler else self.converse(reader, writer))
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read requests one after another and answer each with 200 and `body`."""
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            body = b""
            if found := re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE):
                body = await reader.readexactly(int(found[1]))
            elif re.search(rb"\r\ntransfer-encoding:.*chunked", head, re.IGNORECASE):
                while size := int(await reader.readline(), 16):
                    body += (await reader.readexactly(size + 2))[:-2]
                await reader.readexactly(2)
            self.seen.append(Seen(head, body))
            writer.write(
                b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
                % (len(self.body), self.body)
            )
            await writer.drain()


@dataclass(slots=True, kw_only=True)
class Answer:
    """What a client got back: raw bytes, and whether the proxy closed, reset, or left the connection open."""

    raw: bytes
    state: str

    @property
    def status(self) -> int:
        """The status code of the first final answer; 0 when there was none."""
        codes = [int(code) for code in re.findall(rb"(?:^|\r\n)HTTP/1\.[01] (\d{3})", self.raw)]
        return next((code for code in codes if code >= 200 or code == 101), 0)

    @property
    def headers(self) -> dict[str, str]:
        """The headers of the first answer, names in lower case; a repeated one keeps its last value."""
        lines = self.raw.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")[1:]
        return {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}

    @property
    def body(self) -> bytes:
        """Everything after the first head."""
        return self.raw.partition(b"\r\n\r\n")[2]

    def json(self) -> object:
        """The body read as JSON."""
        return json.loads(self.body)


def is_whole(raw: bytes) -> bool:
    """Tell whether the bytes hold one complete final HTTP/1 answer with a declared length."""
    head, found, body = raw.partition(b"\r\n\r\n")
    if not found:
        return False
    if re.match(rb"HTTP/1\.[01] 100", head):
        return is_whole(body)
    length = re.search(rb"\r\ncontent-length:\s*(\d+)", head, re.IGNORECASE)
    return bool(re.match(rb"HTTP/1\.[01] 204", head)) or (length is not None and len(body) >= int(length[1]))


def never(_: bytes) -> bool:
    """Tell that no answer is whole, so that reading goes on until the connection ends."""
    return False


async def read_answer(
    reader: asyncio.StreamReader, *, timeout_s: float = 3.0, whole: Callable[[bytes], bool] = is_whole
) -> Answer:
    """Read until `whole` holds, the connection ends, or the time is over."""
    raw, state = b"", "open"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            while not whole(raw):
                try:
                    part = await reader.read(65536)
                except OSError:
                    state = "reset"
                    break
                if not part:
                    state = "closed"
                    break
                raw += part
    return Answer(raw=raw, state=state)


async def exchange(
    port: int,
    data: bytes,
    *,
    timeout_s: float = 3.0,
    whole: Callable[[bytes], bool] = is_whole,
    tls: ssl.SSLContext | None = None,
    name: str | None = None,
) -> Answer:
    """Open a connection, send the bytes as they are, return what came back; `whole=never` waits for the close."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname=name)
    try:
        writer.write(data)
        return await read_answer(reader, timeout_s=timeout_s, whole=whole)
    finally:
        writer.transport.abort()
