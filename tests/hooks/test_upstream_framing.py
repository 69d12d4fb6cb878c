"""What would be believed if these failed: that the body of an HTTP/2 request cannot become a request of its own."""

from collections.abc import Iterator

import pytest
from mitmproxy import http, options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import _events, _http1
from mitmproxy.test import taddons

from parclose.hooks.upstream_framing import FramedHttp1Client, needs_framing, self_test


@pytest.fixture
def opts() -> Iterator[options.Options]:
    """Options as the proxy has them."""
    with taddons.context(Proxyserver()) as context:
        yield context.options


@pytest.mark.parametrize(
    ("headers", "end_stream", "needed"),
    [
        ({}, False, True),
        ({}, True, False),
        ({"content-length": "5"}, False, False),
        ({"transfer-encoding": "chunked"}, False, False),
    ],
)
def test_framing_is_added_where_there_is_none(headers: dict[str, str], end_stream: bool, needed: bool) -> None:
    """Only a body to come whose end nothing tells is framed."""
    request = http.Request.make("POST", "http://a.example/", b"", http.Headers())
    request.headers.update(headers)
    if "content-length" not in headers:
        del request.headers["content-length"]  # mitmproxy's own
    assert needs_framing(_events.RequestHeaders(1, request, end_stream)) == needed


def test_stock_sends_a_body_without_an_end(opts: options.Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """The self-test sees what it is for: without the override the body stands where a request would."""
    monkeypatch.setattr(http_layers, "Http1Client", _http1.Http1Client)
    assert "GET /" in self_test(opts)


def test_the_override_frames_it(opts: options.Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the override the body is chunked, an empty part does not end it, and its end is told once."""
    monkeypatch.setattr(http_layers, "Http1Client", FramedHttp1Client)
    assert self_test(opts) == ""
