"""What a client may do before any verdict: how long its request head may be, and how slowly it may send it.

Stock mitmproxy bounds neither on HTTP/1: one header of 64 MB was accepted, and a byte each nine minutes keeps a
connection for ever. HTTP/2 heads are capped at 64 KiB by the h2 library.

A head that is too long is answered 431, a later head that is too slow 408; a client that has not sent its first head in
time, TLS handshake included, is cut without an answer, since nobody knows yet what it speaks. Idle time between
requests is `tcp_timeout`'s business.

Source: mitmproxy 12.2.3, proxy/layers/http/_http1.py, where the place is marked "FIXME: protect against header size
DoS".
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass

from mitmproxy import connection, http, options
from mitmproxy.proxy import commands, context, events, layer
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import _base, _events, _http1

from parclose.hooks.connections import close_client
from parclose.hooks.layer_trial import converse

END_OF_HEAD = re.compile(rb"\n\r?\n")
# A CR or LF alone: a line end to some parsers, part of a value to others, and gone before any hook could see it.
# Source: RFC 9112 section 2.2, which lets a server refuse either.
LONE_LINE_END = re.compile(rb"\r(?!\n)|(?<!\r)\n")
type Refused = Callable[[context.Context, str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLimits:
    """The bounds of a request head."""

    max_head_bytes: int = 65536
    """Bytes of request line and headers with their blank line; what h2 allows. Apache stops at 8 KiB a line, nginx at
    32 KiB in all, but tokens with many groups reach 16 KiB and more."""
    head_deadline_s: float = 15.0
    """Seconds from the connection, or from the first byte of a later head, to the end of that head. nginx allows 60,
    Apache 20 to 40; browsers and SDKs send a head in one packet."""


def own_answer(status: int, title: str, reason: str) -> bytes:
    """Return a complete HTTP/1 answer in problem form that says the connection closes."""
    body = b'{"title":"%b","status":%d,"reason":"%b"}' % (title.encode(), status, reason.encode())
    return (
        b"HTTP/1.1 %d %b\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\n"
        b"Cache-Control: no-store\r\nConnection: close\r\n\r\n%b"
    ) % (status, title.encode(), len(body), body)


def is_too_long(head: bytes, limit: int) -> bool:
    """Tell whether bytes do not hold the end of a request head within the limit; a head of exactly that size passes."""
    return len(head) > limit and END_OF_HEAD.search(head, 0, limit) is None


def has_lone_line_end(head: bytes) -> bool:
    """Tell whether the first request head in some bytes is whole and has a CR or an LF that is not of a CRLF."""
    ended = END_OF_HEAD.search(head)
    return ended is not None and LONE_LINE_END.search(head, 0, ended.end()) is not None


class BoundedHttp1Server(_http1.Http1Server):
    """The client's side of HTTP/1 with bounds on the request head; `limits` and `refused` are set by `bounded`."""

    limits = HeadLimits()
    _timer: commands.RequestWakeup | None = None
    _is_timed = False

    def refused(self, detail: str) -> None:
        """Tell who wants to know that a head was refused."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Handle the deadline here, everything else as stock does."""
        if not isinstance(event, events.Wakeup):
            yield from super()._handle_event(event)
            return
        self._timer = None
        if self.state != self.read_headers or not self.buf:
            return
        if self._is_timed:
            yield from self._refuse(408, "Request Timeout", "request_malformed", "head_deadline")
        else:
            yield from self._start_timer()

    def read_headers(self, event: events.ConnectionEvent) -> layer.CommandGenerator[None]:
        """Read a request head within the limits."""
        if not isinstance(event, events.DataReceived):
            yield from super().read_headers(event)
            return
        held, limit = bytes(self.buf), self.limits.max_head_bytes
        if held[:1] in {b"\r", b"\n"}:
            # Stock drops one blank line a read; a flood of them would pile up.
            self.buf.maybe_extract_at_most(len(held) - len(held.lstrip(b"\r\n")))
            held = held.lstrip(b"\r\n")
        if is_too_long(held, limit):
            yield from self._refuse(431, "Request Header Fields Too Large", "headers_too_large", "headers_too_large")
            return
        if has_lone_line_end(held):
            yield from self._refuse(400, "Bad Request", "request_malformed", "line_end")
            return
        before = self.stream_id, self.request
        yield from super().read_headers(event)
        if self.state == self.read_headers and self.buf and (self.stream_id, self.request) == before:
            yield from self._start_timer()
        else:
            self._is_timed = False

    def _start_timer(self) -> layer.CommandGenerator[None]:
        """Time the head that has begun; one timer a connection, so a head may get up to twice its time."""
        if self._timer is None:
            self._is_timed = True
            self._timer = commands.RequestWakeup(self.limits.head_deadline_s)
            yield self._timer

    def read_body(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Read a body; trailers, which mitmproxy crashes on, are an error of the request."""
        try:
            yield from super().read_body(event)
        except NotImplementedError:
            self.state = self.done
            error = "request trailers are not supported"
            yield _base.ReceiveHttp(
                _events.RequestProtocolError(self.stream_id, error, _events.ErrorCode.GENERIC_CLIENT_ERROR)
            )
            if self.response is None:
                yield commands.SendData(self.conn, own_answer(400, "Bad Request", "request_malformed"))
            yield commands.CloseConnection(self.conn)

    def _refuse(self, status: int, title: str, reason: str, detail: str) -> layer.CommandGenerator[None]:
        """Answer and close."""
        self.state = self.done
        self.buf.maybe_extract_at_most(len(self.buf))
        yield commands.SendData(self.conn, own_answer(status, title, reason))
        yield commands.CloseConnection(self.conn)
        self.refused(detail)


def bounded(limits: HeadLimits, on_refused: Refused) -> type[BoundedHttp1Server]:
    """Return a BoundedHttp1Server with these limits; it reports `headers_too_large`, `head_deadline`, `line_end`."""

    class Bounded(BoundedHttp1Server):
        def refused(self, detail: str) -> None:
            on_refused(self.context, detail)

    Bounded.limits = limits
    return Bounded


class FirstHeadDeadline:
    """Cuts clients that connect and do not send a request head in time, whatever they do instead."""

    name = "parclose-first-head"

    def __init__(self, limits: HeadLimits, on_refused: Callable[[connection.Client], None]) -> None:
        self._limits = limits
        self._on_refused = on_refused
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def client_connected(self, client: connection.Client) -> None:
        """Start the clock."""
        loop = asyncio.get_running_loop()
        self._timers[client.id] = loop.call_later(self._limits.head_deadline_s, self._expire, client)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Stop the clock: there is a head."""
        self._stop(flow.client_conn)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Stop the clock: there is a head."""
        self._stop(flow.client_conn)

    def client_disconnected(self, client: connection.Client) -> None:
        """Stop the clock: there is nobody left."""
        self._stop(client)

    def _stop(self, client: connection.Client) -> None:
        """Cancel the timer of a client, if it has one."""
        if timer := self._timers.pop(client.id, None):
            timer.cancel()

    def _expire(self, client: connection.Client) -> None:
        """Cut the client, then tell who wants to know."""
        self._timers.pop(client.id, None)
        close_client(client)
        self._on_refused(client)


def install(limits: HeadLimits, on_refused: Refused) -> None:
    """Make every new HTTP/1 client connection a bounded one."""
    http_layers.Http1Server = bounded(limits, on_refused)  # type: ignore[attr-defined]


def self_test(opts: options.Options, limits: HeadLimits) -> str:
    """Return what a head beyond the limits gets that it should not, empty when all is well; run it after `install`."""
    start = b"GET http://trial.invalid/ HTTP/1.1\r\nHost: trial.invalid\r\nX-Trial: "
    got = converse(opts, start + b"a" * limits.max_head_bytes)
    if not got.sent.startswith(b"HTTP/1.1 431 ") or not got.closed or got.hooks:
        return f"an endless head was answered {got.sent[:40]!r}, closed: {got.closed}, hooks: {got.hooks}"
    got = converse(opts, start, wake=True)
    if not got.sent.startswith(b"HTTP/1.1 408 ") or not got.closed:
        return f"a slow head was answered {got.sent[:40]!r}, closed: {got.closed}"
    got = converse(opts, start + b"a\r\r\n\r\n")
    if not got.sent.startswith(b"HTTP/1.1 400 ") or not got.closed or got.hooks:
        return f"a head with a lone CR was answered {got.sent[:40]!r}, closed: {got.closed}, hooks: {got.hooks}"
    got = converse(opts, start + b"a\r\n\r\n")
    return "" if "requestheaders" in got.hooks else f"a short head ran the hooks {got.hooks}"
