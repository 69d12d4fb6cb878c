"""An HTTP/2 client for one upload and what follows it on the same connection."""

import asyncio
import ssl
from dataclasses import dataclass, field

import h2.config
import h2.connection
import h2.events


@dataclass
class Http2:
    """An open HTTP/2 connection through TLS; statuses and resets by stream."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    inner: h2.connection.H2Connection
    statuses: dict[int, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)

    @classmethod
    async def open(cls, port: int, tls: ssl.SSLContext) -> "Http2":
        """Connect; the context must offer h2."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls, server_hostname="localhost")
        inner = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True))
        inner.initiate_connection()
        return cls(reader, writer, inner)

    def send(self, method: str, path: str, *, end: bool = True, authority: str = "localhost") -> int:
        """Begin a request and return its stream."""
        stream = self.inner.get_next_available_stream_id()
        head = [(":method", method), (":scheme", "https"), (":authority", authority), (":path", path)]
        self.inner.send_headers(stream, head, end_stream=end)
        self.writer.write(self.inner.data_to_send())
        return stream

    async def read(self, stream: int, timeout_s: float = 3.0) -> int:
        """Read until the stream has ended, and return its status; 0 when none came."""
        try:
            async with asyncio.timeout(timeout_s):
                while stream not in self.ended:
                    data = await self.reader.read(65536)
                    if not data:
                        break
                    for event in self.inner.receive_data(data):
                        self._take(event)
                    self.writer.write(self.inner.data_to_send())
        except TimeoutError:
            pass
        return self.statuses.get(stream, 0)

    def _take(self, event: h2.events.Event) -> None:
        """Note one event."""
        if isinstance(event, h2.events.ResponseReceived):
            self.statuses[event.stream_id or 0] = int(dict(event.headers)[b":status"])
        elif isinstance(event, h2.events.StreamEnded | h2.events.StreamReset):
            self.ended.add(event.stream_id or 0)

    def close(self) -> None:
        """Drop the connection."""
        self.writer.transport.abort()
