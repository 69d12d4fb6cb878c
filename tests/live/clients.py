"""Clients that keep their connection: HTTP/1 with tunnels, and HTTP/2 with headers as raw as h2 can be talked into."""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Self

import h2.config
import h2.connection
import h2.events
import h2.exceptions

from tests.live.certs import unverified
from tests.live.lab import until
from tests.live.wire import Answer, read_answer

type Pairs = list[tuple[bytes, bytes]]


class Line:
    """One HTTP/1 connection that is kept over several requests; `async with Line(port) as line`."""

    def __init__(self, port: int, *, tls: ssl.SSLContext | None = None, name: str | None = None) -> None:
        """Remember where to connect to."""
        self._port, self._tls, self._name = port, tls, name

    async def __aenter__(self) -> Self:
        """Connect."""
        self.reader, self.writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=self._tls, server_hostname=self._name
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut the connection."""
        self.writer.transport.abort()

    async def ask(self, data: bytes, timeout_s: float = 3.0) -> Answer:
        """Send a request and read one whole answer."""
        self.writer.write(data)
        return await read_answer(self.reader, timeout_s=timeout_s)

    async def connect(self, target: str, *headers: str) -> Answer:
        """Ask for a tunnel; a 200 has no body, whatever its headers say."""
        self.writer.write("\r\n".join([f"CONNECT {target} HTTP/1.1", f"Host: {target}", *headers, "", ""]).encode())
        return await read_answer(self.reader, whole=lambda raw: b" 200 " in raw[:20] and b"\r\n\r\n" in raw)

    async def wrap(self, name: str, alpn: tuple[str, ...] = ()) -> None:
        """Start TLS inside the tunnel."""
        await self.wrap_with(unverified(alpn), name)

    async def wrap_with(self, context: ssl.SSLContext, name: str) -> None:
        """Start TLS inside the tunnel, with a context."""
        async with asyncio.timeout(5):
            await self.writer.start_tls(context, server_hostname=name)

    async def is_closed(self, timeout_s: float = 2.0) -> bool:
        """Tell whether the other side ends the connection in time without sending anything more."""
        return (await read_answer(self.reader, timeout_s=timeout_s, whole=bool)).state in ("closed", "reset")


@dataclass(slots=True)
class Stream:
    """What came back on one stream of HTTP/2."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    ended: bool = False
    reset: int | None = None

    @property
    def done(self) -> bool:
        """Whether nothing more will come."""
        return self.ended or self.reset is not None


def pairs(
    method: str, path: str, *headers: tuple[str, str], authority: str = "api.test", scheme: str = "https"
) -> Pairs:
    """Return the header list of a request."""
    pseudo = [(":method", method), (":scheme", scheme), (":authority", authority), (":path", path)]
    return [(name.encode(), value.encode("latin-1")) for name, value in [*pseudo, *headers]]


class H2Client:
    """One HTTP/2 connection over TLS, which checks nothing of what it sends; `async with H2Client(port) as client`."""

    def __init__(self, port: int, *, name: str = "api.test") -> None:
        """Remember where to connect to, and the TLS name to say."""
        self._port, self._name = port, name
        self.streams: dict[int, Stream] = {}
        self.closed = False

    async def __aenter__(self) -> Self:
        """Connect, and start to read."""
        reader, self._writer = await asyncio.open_connection(
            "127.0.0.1", self._port, ssl=unverified(("h2",)), server_hostname=self._name
        )
        return await self.adopt(reader, self._writer)

    async def adopt(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Self:
        """Speak over a connection that is there already, such as a tunnel."""
        config = h2.config.H2Configuration(
            client_side=True,
            validate_outbound_headers=False,
            normalize_outbound_headers=False,
            header_encoding="latin-1",
        )
        self._reader, self._writer = reader, writer
        self._h2 = h2.connection.H2Connection(config)
        self._h2.initiate_connection()
        self._flush()
        self._task = asyncio.create_task(self._listen())
        return self

    async def __aexit__(self, *_: object) -> None:
        """Cut the connection."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._writer.transport.abort()

    def send(self, headers: Pairs, *, body: bytes = b"", end: bool = True) -> int:
        """Send a request and return its stream; `end` False leaves its body open."""
        number = self._h2.get_next_available_stream_id()
        self.streams[number] = Stream()
        self._h2.send_headers(number, headers, end_stream=end and not body)
        if body:
            self._h2.send_data(number, body, end_stream=end)
        self._flush()
        return number

    def more(self, number: int, body: bytes, *, end: bool = False) -> None:
        """Send a part of a body, be it empty."""
        self._h2.send_data(number, body, end_stream=end)
        self._flush()

    async def upload(self, number: int, size: int) -> int:
        """Send up to `size` bytes of body, stopping when an answer comes; return how many were sent."""
        sent = 0
        while sent < size and not self.streams[number].status and not self.streams[number].done and not self.closed:
            room = min(self._h2.local_flow_control_window(number), self._h2.max_outbound_frame_size, size - sent)
            if room > 0:
                self._h2.send_data(number, b"x" * room)
                sent += room
                self._flush()
                await self._writer.drain()
            await asyncio.sleep(0)
        return sent

    def reset(self, number: int) -> None:
        """Cancel a stream."""
        self._h2.reset_stream(number, 8)
        self._flush()

    async def answer(self, number: int, timeout_s: float = 3.0) -> Stream:
        """Wait for a stream to end and return what came."""
        stream = self.streams[number]
        with contextlib.suppress(AssertionError):
            await until(lambda: stream.done or self.closed, "end of the stream", timeout_s)
        return stream

    async def ask(self, headers: Pairs, *, body: bytes = b"", timeout_s: float = 3.0) -> Stream:
        """Send a request and wait for its answer."""
        return await self.answer(self.send(headers, body=body), timeout_s)

    def _flush(self) -> None:
        """Write what h2 has prepared."""
        self._writer.write(self._h2.data_to_send())

    async def _listen(self) -> None:
        """Read until the connection ends."""
        try:
            while part := await self._reader.read(65536):
                for event in self._h2.receive_data(part):
                    self._take(event)
                self._flush()
        except (OSError, h2.exceptions.ProtocolError):
            pass
        self.closed = True

    def _take(self, event: h2.events.Event) -> None:
        """Note what an event says of its stream."""
        if isinstance(event, h2.events.ConnectionTerminated):
            self.closed = True
        number = getattr(event, "stream_id", None)
        stream = self.streams.get(number) if number else None
        if stream is None:
            return
        if isinstance(event, h2.events.ResponseReceived):
            stream.headers = {str(name): str(value) for name, value in event.headers or ()}
            stream.status = int(stream.headers[":status"])
        elif isinstance(event, h2.events.DataReceived):
            stream.body += event.data or b""
            self._h2.acknowledge_received_data(event.flow_controlled_length or 0, event.stream_id or 0)
        elif isinstance(event, h2.events.StreamEnded):
            stream.ended = True
        elif isinstance(event, h2.events.StreamReset):
            stream.reset = int(event.error_code or 0)
