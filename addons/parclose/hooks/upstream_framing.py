"""A streamed body of unknown length has an end that an HTTP/1 upstream can see.

An HTTP/2 request may have a body without `content-length`. Stock mitmproxy, streaming it to an HTTP/1 upstream, writes
the head without any framing and the body behind it: the upstream takes the body for its next request, which no rule has
judged. `FramedHttp1Client` sends such a body with `Transfer-Encoding: chunked`, and leaves empty parts out, since an
empty chunk is the end of a chunked body.

Source: mitmproxy 12.2.3, proxy/layers/http/_http1.py, Http1Client.send; seen with a recording origin, November 2026.
"""

from __future__ import annotations

from dataclasses import replace

from mitmproxy import connection, http, options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import _base, _events, _http1

from parclose.hooks.layer_trial import trial_context


def needs_framing(head: _events.RequestHeaders) -> bool:
    """Tell whether a request with a body to come says nothing of where that ends."""
    headers = head.request.headers
    return not head.end_stream and "content-length" not in headers and "transfer-encoding" not in headers


class FramedHttp1Client(_http1.Http1Client):
    """The upstream's side of HTTP/1, which never sends a body without framing."""

    def send(self, event: _base.HttpEvent) -> layer.CommandGenerator[None]:
        """Add the framing to the head that lacks one; drop parts that would end a body early."""
        if isinstance(event, _events.RequestData) and not event.data:
            return
        if isinstance(event, _events.RequestHeaders) and needs_framing(event):
            request = event.request.copy()
            request.headers["transfer-encoding"] = "chunked"
            event = replace(event, request=request)
        yield from super().send(event)


def install() -> None:
    """Make every new HTTP/1 upstream connection a framed one."""
    http_layers.Http1Client = FramedHttp1Client  # type: ignore[attr-defined]


def self_test(opts: options.Options) -> str:
    """Return what an upstream is sent that it should not, empty when all is well; to be run after `install`."""
    trial = trial_context(opts)
    trial.server = connection.Server(address=("trial.invalid", 80))
    trial.server.state = connection.ConnectionState.OPEN
    client = http_layers.Http1Client(trial)  # type: ignore[attr-defined]
    request = http.Request.make("POST", "http://trial.invalid/", b"", http.Headers(host="trial.invalid"))
    request.http_version = "HTTP/2.0"
    request.headers.pop("content-length", None)
    parts: list[_base.HttpEvent] = [
        _events.RequestHeaders(1, request, end_stream=False),
        _events.RequestData(1, b""),
        _events.RequestData(1, b"GET /"),
        _events.RequestEndOfMessage(1),
    ]
    sent = b""
    list(client.handle_event(events.Start()))
    for part in parts:
        for command in client.handle_event(part):
            sent += command.data if isinstance(command, commands.SendData) else b""
    body = sent.partition(b"\r\n\r\n")[2]
    return "" if body == b"5\r\nGET /\r\n0\r\n\r\n" else f"a streamed body was sent as {sent!r}"
