"""The admin port: health, readiness and metrics, on an address of its own that the proxy never forwards to.

A strict HTTP/1 server of GET and HEAD alone. It answers only requests whose Host is its own address or a loopback name:
a page in a browser that rebinds a name to the loopback reads nothing (MITMPROXY's own console lacks this).
"""

from __future__ import annotations

import asyncio
import ipaddress
import logging
import socket
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

from parclose.hooks.wire import split_authority

logger = logging.getLogger(__name__)

HEAD_BYTES = 8192  # a scraper's head has a few hundred
DEADLINE_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What a path shows: status, content type, body."""

    status: int
    content_type: str
    body: bytes


type Pages = dict[str, Callable[[], Page]]

NOT_FOUND = Page(status=404, content_type="text/plain", body=b"not found\n")
MISDIRECTED = Page(status=421, content_type="text/plain", body=b"not a name of this port\n")
NOT_ALLOWED = Page(status=405, content_type="text/plain", body=b"GET and HEAD alone\n")
MALFORMED = Page(status=400, content_type="text/plain", body=b"malformed\n")


class AdminPort:
    """Serves `pages` on one address; one request a connection."""

    def __init__(self, host: str, port: int, pages: Pages) -> None:
        """Bind at once, so that an address in use is known before anything serves.

        Raises:
            OSError: the address cannot be bound.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_STREAM)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind((host, port))
            self._socket.listen(16)
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise
        self.host, self.port = host, int(self._socket.getsockname()[1])
        self._pages = pages
        self._server: asyncio.Server | None = None

    async def serve(self) -> None:
        """Start to answer."""
        self._server = await asyncio.start_server(self._converse, sock=self._socket, limit=HEAD_BYTES)
        logger.info("admin port listening at %s:%d", self.host, self.port)

    def close(self) -> None:
        """Stop to answer."""
        if self._server is not None:
            self._server.close()
        else:
            self._socket.close()

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request and close."""
        try:
            async with asyncio.timeout(DEADLINE_S):
                head = await reader.readuntil(b"\r\n\r\n")
                method, page = self._look_up(head)
                writer.write(render(page, with_body=method != "HEAD"))
                await writer.drain()
        except (TimeoutError, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            logger.debug("an admin request was not finished")
        finally:
            writer.close()

    def _look_up(self, head: bytes) -> tuple[str, Page]:
        """Return method and page of a request head."""
        line, *fields = head.decode("latin-1").removesuffix("\r\n\r\n").split("\r\n")
        parts = line.split(" ")
        if len(parts) != 3 or not parts[2].startswith("HTTP/1."):
            return "GET", MALFORMED
        method, target, _ = parts
        hosts = [
            value.strip() for name, _, value in (field.partition(":") for field in fields) if name.lower() == "host"
        ]
        if len(hosts) != 1 or not self._is_own(hosts[0]):
            return method, MISDIRECTED
        if method not in ("GET", "HEAD"):
            return method, NOT_ALLOWED
        page = self._pages.get(target.partition("?")[0])
        return method, page() if page else NOT_FOUND

    def _is_own(self, authority: str) -> bool:
        """Tell whether a Host names this port: its address, any address where it listens on all, or the loopback."""
        split = split_authority(authority)
        if split is None or split[1] not in (None, self.port):
            return False
        if split[0] in ("localhost", self.host):
            return True
        try:
            address = ipaddress.ip_address(split[0])
        except ValueError:
            return False
        return address.is_loopback or ipaddress.ip_address(self.host).is_unspecified


def render(page: Page, *, with_body: bool) -> bytes:
    """Return a page as a complete HTTP/1 answer."""
    head = (
        f"HTTP/1.1 {page.status} {HTTPStatus(page.status).phrase}\r\n"
        f"Content-Type: {page.content_type}\r\nContent-Length: {len(page.body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    return head.encode("latin-1") + (page.body if with_body else b"")
