"""Which protocols may pass at all: an allow-list of layers, and the one upgrade that is understood.

Raw TCP, UDP, DNS, QUIC, passthrough (`ignore_hosts` and its like, whose patterns match names the client chooses) and
any upgrade but WebSocket 13 carry bytes that no HTTP hook ever sees. mitmproxy's own h2c protection compares the
header with `h2c` letter by letter, so `H2C` passes it.

There is one exception: TLS in a tunnel that a verdict has granted unopened (`passages.py`), which is relayed once its
ClientHello was read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Literal

from mitmproxy import http, options, tls
from mitmproxy.proxy import commands, context, events, layer, layers
from mitmproxy.proxy.layers.http import HTTPMode

from parclose.hooks.layer_trial import trial_context
from parclose.hooks.passages import Passage, Passages
from parclose.hooks.relay import Relay

type Kind = Literal["none", "websocket", "refused"]
type Refused = Callable[[context.Context, str], None]

ALLOWED = (layers.HttpLayer, layers.ClientTLSLayer, layers.ServerTLSLayer)
"""The layers whose every byte ends in an HTTP hook."""
FIRST_LINE = re.compile(rb"[\r\n]*(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+(?: |\Z)|\Z)")
"""A method, which is a token, and a space; or the beginning of one. RFC 9112 section 3, RFC 9110 section 5.6.2."""


def upgrade_kind(headers: http.Headers) -> Kind:
    """Tell what a request wants to become: `websocket` is exactly one `Upgrade: websocket` of version 13."""
    upgrades = [value.strip().lower() for value in headers.get_all("upgrade")]
    if not upgrades:
        return "none"
    tokens = {token.strip().lower() for value in headers.get_all("connection") for token in value.split(",")}
    versions = [value.strip() for value in headers.get_all("sec-websocket-version")]
    return "websocket" if (upgrades, versions) == (["websocket"], ["13"]) and "upgrade" in tokens else "refused"


def is_unsolicited_upgrade(flow: http.HTTPFlow) -> bool:
    """Tell whether an upstream switches to a protocol that is not the WebSocket the request asked for.

    Also true in `responseheaders`, where mitmproxy has not set `flow.websocket` yet and the request alone can tell.
    """
    if flow.response is None or flow.response.status_code != 101 or flow.websocket is not None:
        return False
    switched = flow.response.headers.get("upgrade", "").strip().lower()
    return upgrade_kind(flow.request.headers) != "websocket" or switched != "websocket"


def strip_extensions(headers: http.Headers) -> None:
    """Remove `Sec-WebSocket-Extensions`: mitmproxy inflates compressed messages without a bound."""
    headers.pop("sec-websocket-extensions", None)


def keep_last_message(flow: http.HTTPFlow) -> None:
    """Forget all messages of a WebSocket but the last: mitmproxy keeps them for the life of the connection."""
    if flow.websocket:
        del flow.websocket.messages[:-1]


def may_be_http(data: bytes) -> bool:
    """Tell whether the first bytes of a client can begin a request line; none at all can."""
    return FIRST_LINE.match(data) is not None


def refusal_of(found: layer.Layer) -> str:
    """Name the kind of a layer that is not allowed: raw_tcp, udp, dns or passthrough."""
    if isinstance(found, layers.TCPLayer | layers.UDPLayer) and found.flow is None:
        return "passthrough"
    if isinstance(found, layers.DNSLayer):
        return "dns"
    return "raw_tcp" if found.context.client.transport_protocol == "tcp" else "udp"


class RejectLayer(layer.Layer):
    """Closes the client's connection and swallows whatever still comes."""

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Close at the start."""
        if isinstance(event, events.Start):
            yield commands.Log("connection refused: protocol not allowed")
            yield commands.CloseConnection(self.context.client)


class LayerGate:
    """Replaces every layer outside the allow-list; stands on the master's chain, so that it runs after `NextLayer`."""

    name = "parclose-layer-gate"

    def __init__(self, on_refused: Refused, passages: Passages) -> None:
        self._on_refused = on_refused
        self._passages = passages

    def next_layer(self, choice: layer.NextLayer) -> None:
        """Look at the chosen layer and all it brings with it."""
        passage = self._passages.of(choice.context.client.id)
        if passage is not None:
            self._pass_on(choice, passage)
            return
        if choice.layer is None:
            return
        chosen: list[layer.Layer] = [choice.layer]
        while (below := getattr(chosen[-1], "child_layer", None)) is not None:
            chosen.append(below)
        strange = [found for found in chosen if not isinstance(found, (*ALLOWED, layer.NextLayer))]
        if strange:
            choice.layer = RejectLayer(choice.context)
            self._on_refused(choice.context, refusal_of(strange[-1]))
        elif isinstance(chosen[0], layers.HttpLayer) and not may_be_http(choice.data_client()):
            # With `rawtcp` off mitmproxy takes anything for HTTP, and would wait for the end of a head.
            choice.layer = RejectLayer(choice.context)
            self._on_refused(choice.context, "raw_tcp")

    def _pass_on(self, choice: layer.NextLayer, passage: Passage) -> None:
        """Relay what the first bytes show to be granted; without a layer nothing passes, so that comes first."""
        choice.layer = None
        about = choice.context
        about.server.tls = False  # what mitmproxy would have placed here says otherwise
        fault = passage.fault_of(choice.data_client(), about.server.address)
        if fault is None:
            return
        if not fault:
            choice.layer = Relay(about, passage)
            return
        passage.fault = fault
        choice.layer = RejectLayer(about)
        self._on_refused(about, "passthrough")

    def tls_clienthello(self, hello: tls.ClientHelloData) -> None:
        """Undo `ignore_connection`: it puts a raw layer below TLS without asking for the next layer."""
        hello.ignore_connection = False


def self_test(opts: options.Options) -> str:
    """Return what the gate lets pass that it should not, or the reverse; empty when all is well."""
    refused: list[str] = []
    passages = Passages()
    gate = LayerGate(lambda _, detail: refused.append(detail), passages)
    choice = layer.NextLayer(trial_context(opts))
    layers.modes.HttpProxy(choice.context)
    choice.layer = layers.ClientTLSLayer(choice.context)
    choice.layer.child_layer = layers.HttpLayer(choice.context, HTTPMode.transparent)
    gate.next_layer(choice)
    if isinstance(choice.layer, RejectLayer):
        return "HTTP in TLS is refused"
    choice.layer.child_layer = layers.TCPLayer(choice.context)
    gate.next_layer(choice)
    if not isinstance(choice.layer, RejectLayer) or refused != ["raw_tcp"]:
        return "raw TCP in TLS is not refused"
    closed = layer.NextLayer(trial_context(opts))
    closed.context.server.address = ("192.0.2.1", 443)
    passages.open(closed.context.client.id, Passage(host="trial.invalid", address=("192.0.2.1", 443)))
    closed.events = [events.DataReceived(closed.context.client, b"GET / HTTP/1.1\r\n")]
    gate.next_layer(closed)
    return "" if isinstance(closed.layer, RejectLayer) else "HTTP where TLS stays closed is not refused"
