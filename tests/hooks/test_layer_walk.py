"""What would be believed if these failed: that a faster walk through the layers is another walk."""

from collections.abc import Iterator
from typing import Any

import pytest
from mitmproxy import options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.proxy import commands, layer
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import _base, _http1, _http2, _http3, _upstream_proxy
from mitmproxy.test import taddons

from parclose.hooks import layer_walk
from parclose.hooks.layer_trial import Outcome, converse
from parclose.hooks.layer_walk import GET, ON, OPEN, ORDER, RECEIVE, Kinds

REQUEST = b"GET http://trial.invalid/ HTTP/1.1\r\nHost: trial.invalid\r\n\r\n"
HALVES = b"POST http://trial.invalid/ HTTP/1.1\r\nHost: trial.invalid\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST http://trial.invalid/ HTTP/1.1\r\nHost: trial.invalid\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nhi\r\n0\r\n\r\n"
)
CONNECT = b"CONNECT trial.invalid:443 HTTP/1.1\r\nHost: trial.invalid:443\r\n\r\n"
BROKEN = b"GET / HTTP/9\r\n\r\n"


@pytest.fixture
def stock() -> Iterator[None]:
    """Begin with mitmproxy's own walk, and leave things as they were found."""
    was = hasattr(layer.Layer.handle_event, "parclose")
    layer_walk.uninstall()
    yield
    layer_walk.uninstall()
    if was:
        layer_walk.install(options.Options())


def told(outcome: Outcome) -> tuple[object, ...]:
    """Return what a conversation came to; timers are compared by their number."""
    return outcome.sent, outcome.opened, outcome.closed, outcome.half_closed, outcome.hooks, len(outcome.wakeups)


@pytest.mark.parametrize("sent", [REQUEST, REQUEST * 2, HALVES, CHUNKED, CONNECT, BROKEN, b"", b"\r\n"])
@pytest.mark.parametrize("wake", [False, True])
def test_a_conversation_goes_as_with_mitmproxy(stock: None, sent: bytes, *, wake: bool) -> None:
    """The same hooks in the same order, the same bytes, the same end."""
    with taddons.context(Proxyserver()) as context:
        opts = context.options
    before = told(converse(opts, sent, wake=wake))
    layer_walk.install(opts)
    assert told(converse(opts, sent, wake=wake)) == before


def test_every_command_is_classed_as_mitmproxy_asks() -> None:
    """For each kind of command that any layer has, the first question that fits."""

    def below(kind: type[commands.Command]) -> Iterator[type[commands.Command]]:
        yield kind
        for lower in kind.__subclasses__():
            yield from below(lower)

    kinds = Kinds()
    for kind in below(commands.Command):
        role = next(role for known, role in ORDER if issubclass(kind, known))
        assert kinds[kind] == (role, issubclass(kind, commands.RequestWakeup)), kind
    assert kinds[_base.ReceiveHttp][0] == RECEIVE
    assert kinds[http.GetHttpConnection][0] == GET
    assert kinds[commands.OpenConnection][0] == OPEN
    assert kinds[commands.SendData] == (ON, False)
    assert kinds[commands.RequestWakeup] == (ON, True)


def test_what_is_no_command_is_refused() -> None:
    """As by mitmproxy's own assertion."""
    with pytest.raises(AssertionError, match="Not a command"):
        Kinds()[int]


def test_no_layer_has_a_walk_of_its_own_that_would_be_missed() -> None:
    """Only the layer that chooses the next one overrides the walk, and it calls the one below."""
    parsers = [_http1.Http1Connection, _http2.Http2Connection, _http3.Http3Connection]
    others = [http.HttpStream, http.HttpLayer, _upstream_proxy.HttpUpstreamProxy]
    stock = layer.Layer.handle_event
    assert [kind for kind in parsers if kind.handle_event is not stock] == []
    assert [kind for kind in others if vars(kind).get("handle_event", stock) is not stock] == []


def test_who_debugs_the_layers_keeps_mitmproxys_own(stock: None) -> None:
    """Its output would be lost."""

    class Debugging:
        proxy_debug = True

    known: Any = layer.Layer.handle_event
    layer_walk.install(Debugging())  # type: ignore[arg-type]
    assert layer.Layer.handle_event is known
