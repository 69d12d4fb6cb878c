"""WebSockets: if these fail, one message fills the memory, or a revoked one cannot be closed."""

from __future__ import annotations

import pytest
from mitmproxy import http, options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import websocket
from mitmproxy.test import tflow
from mitmproxy.websocket import WebSocketData

from parclose.hooks.layer_trial import trial_context
from parclose.hooks.websocket_bounds import (
    MAX_MESSAGE_BYTES,
    POLICY_VIOLATION,
    TOO_BIG,
    BoundedWebsocketLayer,
    Closing,
    feed,
    install,
    self_test,
)


@pytest.fixture(autouse=True)
def untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put mitmproxy's own layer back afterwards."""
    monkeypatch.setattr(websocket, "WebsocketLayer", websocket.WebsocketLayer)
    monkeypatch.setattr(BoundedWebsocketLayer, "limit_of", staticmethod(lambda _: MAX_MESSAGE_BYTES))


def frame(payload: bytes, *, first: bool = True, last: bool = True) -> bytes:
    """Return a binary frame of a client, masked with nothing."""
    assert len(payload) < 126
    return bytes([(0x80 if last else 0) | (2 if first else 0), 0x80 | len(payload)]) + b"\0\0\0\0" + payload


def opened(limit: int) -> tuple[websocket.WebsocketLayer, http.HTTPFlow]:
    """Return a layer between two ends, and its flow."""
    install(lambda _: limit)
    flow = tflow.twebsocketflow()
    flow.websocket = WebSocketData()
    trial = trial_context(options.Options())
    trial.client, trial.server = flow.client_conn, flow.server_conn
    made = websocket.WebsocketLayer(trial, flow)
    feed(made, events.Start())
    return made, flow


@pytest.mark.parametrize(
    ("sizes", "code"), [((10,), None), ((5, 5), None), ((5, 5, 1), TOO_BIG), ((5, 3, 5), TOO_BIG)], ids=str
)
def test_a_message_in_parts_is_bounded(sizes: tuple[int, ...], code: int | None) -> None:
    """What is held of one that is not whole; a message of exactly the limit passes."""
    made, flow = opened(10)
    for number, size in enumerate(sizes):
        last = number == len(sizes) - 1 and code is None
        data = frame(b"x" * size, first=number == 0, last=last)
        feed(made, events.DataReceived(made.context.client, data))
    assert flow.websocket is not None
    assert flow.websocket.close_code == code


def test_both_ends_are_told_to_close() -> None:
    """With the code of a policy violation, and nothing passes afterwards."""
    made, flow = opened(100)
    told = feed(made, Closing(flow, POLICY_VIOLATION, "policy violation"))
    sent = [each for each in told if isinstance(each, commands.SendData)]
    assert {each.connection for each in sent} == {made.context.client, made.context.server}
    to_client = next(each.data for each in sent if each.connection is made.context.client)
    assert to_client == b"\x88\x12\x03\xf0policy violation"
    assert len([each for each in told if isinstance(each, commands.CloseConnection)]) == 2
    assert feed(made, events.DataReceived(made.context.client, frame(b"late"))) == []
    assert feed(made, Closing(flow, POLICY_VIOLATION, "again")) == []


def test_the_override_is_as_expected() -> None:
    """In this version of mitmproxy."""
    install(lambda _: 1)
    assert self_test(options.Options()) == ""
