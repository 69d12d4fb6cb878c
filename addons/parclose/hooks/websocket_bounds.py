"""WebSockets that end when they should: by a close frame that somebody else asks for, and at the size of a message.

mitmproxy collects the parts of a message without a bound before any hook sees it, and nobody but the two ends can
close a WebSocket cleanly: `kill` does nothing. Here its layer counts what it holds, and takes an order to close.

Source: mitmproxy 12.2.3, proxy/layers/websocket.py; RFC 6455 section 7.4.1 (1008, 1009).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import wsproto.events
from mitmproxy import connection, http, options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import websocket
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.connection import ConnectionState
from wsproto.frame_protocol import Opcode

from parclose.hooks.layer_trial import trial_context

POLICY_VIOLATION: Final = 1008
TOO_BIG: Final = 1009
MAX_MESSAGE_BYTES: Final = 1 << 20

type LimitOf = Callable[[http.HTTPFlow], int]


class Closing(websocket.WebSocketMessageInjected):
    """The order to close both ends; goes the way of an injected message, and is none."""

    def __init__(self, flow: http.HTTPFlow, code: int, reason: str) -> None:
        """Take what both ends are told; the reason has at most 123 bytes (RFC 6455 section 5.5)."""
        super().__init__(flow, WebSocketMessage(Opcode.BINARY, True, b""))
        self.code, self.reason = code, reason


class BoundedWebsocketLayer(websocket.WebsocketLayer):
    """mitmproxy's layer with a bound on what it holds of a message, and an ear for `Closing`."""

    limit_of: LimitOf = staticmethod(lambda flow: MAX_MESSAGE_BYTES)

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Pass on what may be passed on."""
        if isinstance(event, Closing):
            yield from self.close(event.code, event.reason)
            return
        yield from super().relay_messages(event)
        if self._handle_event != self.done:
            held = max(sum(map(len, end.frame_buf)) for end in (self.client_ws, self.server_ws))
            if held > self.limit_of(self.flow):
                yield from self.close(TOO_BIG, "message too big")

    def close(self, code: int, reason: str) -> layer.CommandGenerator[None]:
        """Tell both ends why, and end both connections."""
        said = wsproto.events.CloseConnection(code, reason)
        held = self.flow.websocket
        if held is not None:
            held.timestamp_end, held.closed_by_client = time.time(), False
            held.close_code, held.close_reason = code, reason
        for end in (self.server_ws, self.client_ws):
            if end.state in {ConnectionState.OPEN, ConnectionState.REMOTE_CLOSING}:
                yield end.send2(said)
            yield commands.CloseConnection(end.conn)
        yield websocket.WebsocketEndHook(self.flow)
        self.flow.live = False
        self._handle_event = self.done


def install(limit_of: LimitOf) -> None:
    """Let every new WebSocket be a bounded one."""
    BoundedWebsocketLayer.limit_of = staticmethod(limit_of)
    websocket.WebsocketLayer = BoundedWebsocketLayer  # type: ignore[misc]


def self_test(opts: options.Options) -> str:
    """Return what a WebSocket does that it should not, empty when all is well; run it after `install`."""
    trial = trial_context(opts)
    trial.server = connection.Server(address=("trial.invalid", 80))
    for end in (trial.client, trial.server):
        end.state = connection.ConnectionState.OPEN
    flow = http.HTTPFlow(trial.client, trial.server)
    flow.request = http.Request.make("GET", "http://trial.invalid/")
    flow.response, flow.websocket = http.Response.make(101), WebSocketData()
    made = websocket.WebsocketLayer(trial, flow)
    before, BoundedWebsocketLayer.limit_of = BoundedWebsocketLayer.limit_of, staticmethod(lambda _: 4)
    try:
        feed(made, events.Start())
        first = feed(made, events.DataReceived(trial.client, b"\x01\x84\0\0\0\0abcd"))  # the first part of a message
        second = feed(made, events.DataReceived(trial.client, b"\x00\x81\0\0\0\0e"))
    finally:
        BoundedWebsocketLayer.limit_of = before
    closes = [each for each in second if isinstance(each, commands.CloseConnection)]
    if first or len(closes) != 2 or flow.websocket.close_code != TOO_BIG:
        return f"a message over the limit ended with {flow.websocket.close_code}"
    return ""


def feed(made: layer.Layer, event: events.Event) -> list[commands.Command]:
    """Let a layer have an event, complete its hooks, and return what else it commanded."""
    found: list[commands.Command] = []
    waiting = [event]
    while waiting:
        for command in made.handle_event(waiting.pop(0)):
            if isinstance(command, commands.StartHook):
                if command.blocking:
                    waiting.insert(0, events.HookCompleted(command))
            elif not isinstance(command, commands.Log):
                found.append(command)
    return found
