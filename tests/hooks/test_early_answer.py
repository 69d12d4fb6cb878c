"""What would be believed if these failed: that a refused client can make the proxy read, buffer, or misread a body."""

from collections.abc import Iterator

import pytest
from mitmproxy import http, options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import _events, _hooks
from mitmproxy.test import taddons, tflow

from parclose.hooks.early_answer import EarlyAnswerStream, answer_early, install, is_complete, self_test
from parclose.hooks.layer_trial import Outcome, converse

HEAD = b"POST http://a.example/ HTTP/1.1\r\nHost: a.example\r\n"


@pytest.fixture
def opts(monkeypatch: pytest.MonkeyPatch) -> Iterator[options.Options]:
    """Options as the proxy has them, and the override for the time of the test."""
    monkeypatch.setattr(http_layers, "HttpStream", EarlyAnswerStream)
    with taddons.context(Proxyserver()) as context:
        yield context.options


def refused(opts: options.Options, *parts: bytes, wake: bool = False) -> Outcome:
    """Send bytes to a proxy that refuses at the headers."""

    def refuse(hook: commands.StartHook) -> None:
        if isinstance(hook, _hooks.HttpRequestHeadersHook):
            answer_early(hook.flow, http.Response.make(403, b"no"))

    return converse(opts, *parts, on_hook=refuse, wake=wake)


@pytest.mark.parametrize("expect", [b"", b"Expect: 100-continue\r\n"])
@pytest.mark.parametrize(
    ("framing", "body", "closes"),
    [
        (b"Content-Length: 4\r\n", [], True),
        (b"Content-Length: 4\r\n", [b"abc"], True),
        (b"Content-Length: 4\r\n", [b"abcd"], False),
        (b"Content-Length: 0\r\n", [], False),
        (b"", [], False),
        (b"Transfer-Encoding: chunked\r\n", [], True),
        (b"Transfer-Encoding: chunked\r\n", [b"4\r\nabcd\r\n"], True),
        (b"Transfer-Encoding: chunked\r\n", [b"4\r\nabcd\r\n0\r\n\r\n"], False),
    ],
)
def test_the_connection_closes_only_over_an_unread_body(
    opts: options.Options, expect: bytes, framing: bytes, body: list[bytes], closes: bool
) -> None:
    """One answer, no 100, no upstream; and `Connection: close` when and only when bytes are outstanding."""
    got = refused(opts, b"".join([HEAD, framing, expect, b"\r\n", *body]))
    assert got.sent.startswith(b"HTTP/1.1 403 ")
    assert got.sent.count(b"HTTP/1.1") == 1
    assert (got.half_closed, b"connection: close" in got.sent.lower()) == (closes, closes)
    assert (got.opened, got.closed) == (False, False)
    assert got.hooks[:1] + got.hooks[-2:] == ["requestheaders", "responseheaders", "response"]


def test_the_rest_of_a_refused_body_is_thrown_away_until_the_time_is_over(opts: options.Options) -> None:
    """What follows is no request, and the connection is cut after the linger."""
    got = refused(opts, HEAD + b"Content-Length: 900\r\n\r\n", b"GET http://a.example/ HTTP/1.1\r\n\r\n", wake=True)
    assert got.hooks.count("requestheaders") == 1
    assert (got.half_closed, got.closed) == (True, True)


def test_a_large_body_that_is_streamed_by_option_is_refused_as_well(opts: options.Options) -> None:
    """`stream_large_bodies`, a crash in stock mitmproxy together with a response, changes nothing."""
    opts.update(stream_large_bodies="2")
    got = refused(opts, HEAD + b"Content-Length: 9\r\n\r\n", b"abc")
    assert got.sent.startswith(b"HTTP/1.1 403 ")
    assert got.half_closed


def test_an_answer_to_head_has_no_content() -> None:
    """Content after the answer to a HEAD would be read as the next answer."""
    flow = tflow.tflow()
    flow.request.method = "HEAD"
    answer_early(flow, http.Response.make(403, b"no"))
    assert flow.response is not None
    assert (flow.response.raw_content, flow.response.headers["content-length"]) == (b"", "2")


def test_only_an_end_of_message_completes_a_request() -> None:
    """Data alone leaves a body outstanding."""
    assert not is_complete([_events.RequestData(1, b"x")])
    assert is_complete([_events.RequestData(1, b"x"), _events.RequestEndOfMessage(1)])


def test_the_self_test_passes_with_the_override_and_not_without(
    opts: options.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start with an override that does not hold is refused."""
    install()
    assert self_test(opts) == ""
    monkeypatch.setattr(EarlyAnswerStream, "_close", lambda _: iter(()))
    assert "half closed: False" in self_test(opts)
