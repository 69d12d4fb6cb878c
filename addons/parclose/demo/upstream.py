"""An upstream that says what it received; also a stream of events, an echoing WebSocket, a slow answer.

The last part of the path chooses: `events`, `live`, `slow`; everything else is echoed.
"""

from __future__ import annotations

import asyncio

from tornado.httpserver import HTTPServer
from tornado.iostream import StreamClosedError
from tornado.netutil import bind_sockets
from tornado.web import Application, RequestHandler
from tornado.websocket import WebSocketHandler

EVENTS = 5
EVENT_EVERY_S = 0.2
SLOW_S = 2.0


class Echo(RequestHandler):
    """Answers every request with what it was."""

    SUPPORTED_METHODS = ("GET", "HEAD", "POST", "DELETE", "PATCH", "PUT", "OPTIONS")

    def prepare(self) -> None:
        """Answer before a method is looked for: all are alike here."""
        self.set_header("Server", "parclose-demo")
        self.finish(
            {
                "method": self.request.method,
                "path": self.request.uri,
                "headers": dict(self.request.headers.get_all()),
                "body_bytes": len(self.request.body),
            }
        )


class Events(RequestHandler):
    """Sends a few server-sent events, one at a time."""

    async def get(self) -> None:
        """Send them until all are sent or the reader has gone."""
        self.set_header("Content-Type", "text/event-stream")
        self.set_header("Cache-Control", "no-store")
        for number in range(1, EVENTS + 1):
            self.write(f"id: {number}\ndata: event {number} of {EVENTS}\n\n")
            try:
                await self.flush()
            except StreamClosedError:
                return
            await asyncio.sleep(EVENT_EVERY_S)


class Live(WebSocketHandler):
    """Sends every message back."""

    def check_origin(self, origin: str) -> bool:
        """Take every origin: who may come here is decided in front."""
        return bool(origin)

    async def on_message(self, message: str | bytes) -> None:
        """Send it back as it came."""
        await self.write_message(message, binary=isinstance(message, bytes))


class Slow(Echo):
    """Answers late."""

    async def prepare(self) -> None:  # type: ignore[override]  # tornado awaits it when it can be awaited
        """Wait, then answer like any other."""
        await asyncio.sleep(SLOW_S)
        super().prepare()


def start(port: int = 0) -> tuple[HTTPServer, int]:
    """Start the upstream on a loopback port of the running loop (0: any free one); return it and the port."""
    application = Application([(r".*/events", Events), (r".*/live", Live), (r".*/slow", Slow), (r".*", Echo)])
    sockets = bind_sockets(port, "127.0.0.1")
    server = HTTPServer(application)
    server.add_sockets(sockets)
    return server, int(sockets[0].getsockname()[1])
