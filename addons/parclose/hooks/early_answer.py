"""A request refused at its headers is answered at once, and its body is never read into memory.

Stock mitmproxy sends `100 Continue`, buffers the whole body, and only then sends the response an addon has set; with
streaming switched on it raises NotImplementedError. `answer_early` asks for streaming together with a response, and
`EarlyAnswerStream` gives that pair a meaning: send the response now, read no further.

The connection of an HTTP/1 client is kept when nothing of the body is outstanding. Otherwise what still arrives could
be taken for the next request: the answer says `Connection: close`, our side is shut (FIN, so that the answer survives
in the client's receive buffer), and what the client goes on sending is thrown away for LINGER_S. On HTTP/2 the stream
is reset after its answer; the others go on.

Source: mitmproxy 12.2.3, proxy/layers/http/__init__.py, HttpStream.start_request_stream.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from mitmproxy import http, options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import _base, _events, _hooks

from parclose.hooks.layer_trial import converse

LINGER_S = 5.0
"""How long a refused client may go on sending before its connection is cut; as nginx's `lingering_timeout`."""


def answer_early(flow: http.HTTPFlow, response: http.Response) -> None:
    """Refuse a request in `requestheaders` (or `http_connect`): the response is sent without reading the body.

    A HEAD request gets the response's headers alone, since content would be read as the next answer.
    """
    if flow.request.method == "HEAD":
        response.raw_content = b""
    flow.response = response
    flow.request.stream = True
    flow.request.headers.pop("expect", None)


def is_complete(waiting: Iterable[events.Event]) -> bool:
    """Tell whether the end of the request is among the events that wait for the hook to return."""
    return any(isinstance(event, _events.RequestEndOfMessage) for event in waiting)


class EarlyAnswerStream(http_layers.HttpStream):
    """An HTTP exchange that answers at once when an addon has set a response and asked for streaming."""

    def start_request_stream(self) -> layer.CommandGenerator[None]:
        """Stream as stock does, unless there is a response already."""
        if not self.flow.response:
            yield from super().start_request_stream()
            return
        self.flow.request.stream = False
        if is_complete(self._paused_event_queue):
            # Nothing is outstanding: stock's path answers just as fast and keeps the connection.
            self.client_state = self.state_consume_request_body
            return
        self.request_body_buf.clear()
        yield from self._answer(self.flow.response)

    def _answer(self, response: http.Response) -> layer.CommandGenerator[None]:
        """Run the hooks of a response, send it, and let go of the request."""
        is_http1 = not (self.flow.request.is_http2 or self.flow.request.is_http3)
        now = time.time()
        self.flow.request.timestamp_end = response.timestamp_start = response.timestamp_end = now
        if is_http1:
            response.headers["connection"] = "close"
        yield _hooks.HttpResponseHeadersHook(self.flow)
        if (yield from self.check_killed(True)):
            return
        yield _hooks.HttpResponseHook(self.flow)
        if (yield from self.check_killed(False)):
            return
        # From here on every further event of this request is swallowed.
        self.client_state = self.server_state = self.state_errored
        self._handle_event = self._linger
        yield from self._send(self.flow.response or response)
        self.flow.live = False
        if is_http1:
            yield from self._close()
        else:
            yield self._to_client(
                _events.ResponseProtocolError(self.stream_id, "refused", _events.ErrorCode.CANCEL),
            )
        yield http_layers.DropStream(self.stream_id)

    def _send(self, response: http.Response) -> layer.CommandGenerator[None]:
        """Send head, content and end of the response."""
        content = response.raw_content
        yield self._to_client(_events.ResponseHeaders(self.stream_id, response, not content))
        if content:
            yield self._to_client(_events.ResponseData(self.stream_id, content))
        yield self._to_client(_events.ResponseEndOfMessage(self.stream_id))

    def _to_client(self, event: _base.HttpEvent) -> http_layers.SendHttp:
        """Wrap an event for the client's side."""
        return http_layers.SendHttp(event, self.context.client)

    def _close(self) -> layer.CommandGenerator[None]:
        """Shut our side of the client's connection now and the rest of it after LINGER_S."""
        inside_tunnel = len([held for held in self.context.layers if isinstance(held, http_layers.HttpLayer)]) > 1
        if not inside_tunnel:
            # The tunnel of a CONNECT knows no half-closed state: it would be cut, and the answer with it.
            yield commands.CloseTcpConnection(self.context.client, half_close=True)
        yield commands.RequestWakeup(LINGER_S)

    def _linger(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Swallow what still comes for this request, and cut the connection when the time is over."""
        if isinstance(event, events.Wakeup):
            yield commands.CloseConnection(self.context.client)


def install() -> None:
    """Make every new exchange an EarlyAnswerStream."""
    http_layers.HttpStream = EarlyAnswerStream  # type: ignore[misc]


def self_test(opts: options.Options) -> str:
    """Return what a refused upload gets that it should not, empty when all is well; to be run after `install`."""
    head = b"POST http://trial.invalid/ HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"

    def refuse(hook: commands.StartHook) -> None:
        if isinstance(hook, _hooks.HttpRequestHeadersHook):
            answer_early(hook.flow, http.Response.make(403, b"no"))

    got = converse(opts, head, on_hook=refuse)
    if not got.sent.startswith(b"HTTP/1.1 403 ") or not got.half_closed or got.opened:
        return (
            f"a refused upload was answered {got.sent[:40]!r}, half closed: {got.half_closed}, upstream: {got.opened}"
        )
    got = converse(opts, head + b"012345678", on_hook=refuse)
    if not got.sent.startswith(b"HTTP/1.1 403 ") or got.half_closed or got.closed or got.opened:
        return f"a refused, complete request was answered {got.sent[:40]!r}, closed: {got.closed or got.half_closed}"
    return ""
