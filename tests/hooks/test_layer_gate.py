"""What would be believed if these failed: that bytes pass which no HTTP hook sees."""

import pytest
from mitmproxy import http, options
from mitmproxy.proxy import context, events, layer, layers
from mitmproxy.proxy.layers.http import HTTPMode
from mitmproxy.test import tflow, tutils
from mitmproxy.tls import ClientHelloData
from mitmproxy.websocket import WebSocketData, WebSocketMessage
from wsproto.frame_protocol import Opcode

from parclose.hooks.layer_gate import (
    LayerGate,
    RejectLayer,
    is_unsolicited_upgrade,
    keep_last_message,
    may_be_http,
    self_test,
    strip_extensions,
    upgrade_kind,
)
from parclose.hooks.layer_trial import trial_context
from parclose.hooks.passages import Passage, Passages
from parclose.hooks.relay import Relay
from tests.hooks.hellos import hello_of

WEBSOCKET = {"Connection": "keep-alive, Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}


def fields(*pairs: tuple[str, str]) -> http.Headers:
    """Build headers in which names may repeat."""
    return http.Headers([(name.encode(), value.encode()) for name, value in pairs])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        (http.Headers(), "none"),
        (fields(("Connection", "upgrade")), "none"),
        (fields(*WEBSOCKET.items()), "websocket"),
        (fields(*(WEBSOCKET | {"Upgrade": "WebSocket"}).items()), "websocket"),
        (fields(*(WEBSOCKET | {"Sec-WebSocket-Version": "12"}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Sec-WebSocket-Version": "14"}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Upgrade": "websocket, h2c"}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Upgrade": "H2C"}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Upgrade": "foo"}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Upgrade": ""}).items()), "refused"),
        (fields(*(WEBSOCKET | {"Connection": "keep-alive"}).items()), "refused"),
        (fields(*WEBSOCKET.items(), ("Upgrade", "h2c")), "refused"),
        (fields(*WEBSOCKET.items(), ("Sec-WebSocket-Version", "13")), "refused"),
    ],
)
def test_only_websocket_13_is_an_upgrade(headers: http.Headers, expected: str) -> None:
    """One `Upgrade: websocket`, one version 13, and the connection token; all else is refused."""
    assert upgrade_kind(headers) == expected


@pytest.mark.parametrize(
    ("status", "asked", "answered", "expected"),
    [
        (200, {}, {}, False),
        (101, {}, {}, True),
        (101, {}, {"Upgrade": "websocket"}, True),
        (101, WEBSOCKET, {"Upgrade": "h2c"}, True),
        (101, WEBSOCKET, {"Upgrade": "WebSocket"}, False),
    ],
)
def test_a_101_must_have_been_asked_for(
    status: int, asked: dict[str, str], answered: dict[str, str], expected: bool
) -> None:
    """An upstream switches only to the WebSocket of the request."""
    flow = tflow.tflow(
        req=tutils.treq(headers=fields(*asked.items())),
        resp=tutils.tresp(status_code=status, headers=fields(*answered.items())),
    )
    assert is_unsolicited_upgrade(flow) is expected


def test_a_websocket_keeps_neither_extensions_nor_history() -> None:
    """Compression is not negotiated, and only the message at hand is kept."""
    headers = fields(("Sec-WebSocket-Extensions", "permessage-deflate"), ("X", "y"))
    strip_extensions(headers)
    assert list(headers) == ["X"]
    flow = tflow.tflow()
    keep_last_message(flow)
    flow.websocket = WebSocketData()
    flow.websocket.messages = [WebSocketMessage(Opcode.TEXT, True, text) for text in (b"a", b"b", b"c")]
    keep_last_message(flow)
    assert [message.content for message in flow.websocket.messages] == [b"c"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", True),
        (b"GE", True),
        (b"GET / HTTP/1.1\r\n", True),
        (b"PRI * HTTP/2.0\r\n", True),
        (b"\r\nGET / HTTP/1.1", True),
        (b"SSH-2.0-x\r\n", False),
        (b"\x00\x01", False),
        (b"\x16\x03\x01", False),
        (b" GET / HTTP/1.1", False),
    ],
)
def test_what_can_begin_a_request_line(data: bytes, expected: bool) -> None:
    """Bytes that can never become HTTP are not waited upon."""
    assert may_be_http(data) is expected


def build(kind: str, held: context.Context) -> layer.Layer:
    """Build the layer that mitmproxy would choose."""
    made: dict[str, layer.Layer] = {
        "http": layers.HttpLayer(held, HTTPMode.transparent),
        "tls": layers.ClientTLSLayer(held),
        "tcp": layers.TCPLayer(held),
        "ignored": layers.TCPLayer(held, ignore=True),
        "udp": layers.UDPLayer(held),
        "dns": layers.DNSLayer(held),
    }
    return made[kind]


@pytest.mark.parametrize(
    ("kind", "transport", "expected"),
    [
        ("http", "tcp", []),
        ("tls", "tcp", []),
        ("tcp", "tcp", ["raw_tcp"]),
        ("ignored", "tcp", ["passthrough"]),
        ("udp", "udp", ["udp"]),
        ("dns", "tcp", ["dns"]),
    ],
)
@pytest.mark.parametrize("below_tls", [False, True])
def test_layers_pass_by_list(kind: str, transport: str, expected: list[str], below_tls: bool) -> None:
    """Whatever is not HTTP, at the top or below TLS, is replaced and named."""
    refused: list[str] = []
    held = trial_context(options.Options())
    held.client.transport_protocol = transport  # type: ignore[assignment]
    layers.modes.HttpProxy(held)
    choice = layer.NextLayer(held)
    choice.layer = build(kind, held)
    if below_tls:
        inner, choice.layer = choice.layer, layers.ClientTLSLayer(held)
        choice.layer.child_layer = inner
    LayerGate(lambda _, detail: refused.append(detail), Passages()).next_layer(choice)
    assert refused == expected
    assert isinstance(choice.layer, RejectLayer) is bool(expected)


def test_an_open_choice_stays_open() -> None:
    """While mitmproxy waits for more bytes, the gate does too."""
    choice = layer.NextLayer(trial_context(options.Options()))
    LayerGate(lambda *_: None, Passages()).next_layer(choice)
    assert choice.layer is None


def test_a_connection_is_never_ignored() -> None:
    """What another addon asked for in the TLS hello is undone."""
    hello = ClientHelloData(context=trial_context(options.Options()), client_hello=None)  # type: ignore[arg-type]
    hello.ignore_connection = True
    LayerGate(lambda *_: None, Passages()).tls_clienthello(hello)
    assert hello.ignore_connection is False


AT = ("192.0.2.1", 443)


@pytest.mark.parametrize(
    ("data", "address", "placed", "fault"),
    [
        (hello_of("pay.test"), AT, Relay, ""),
        (hello_of("pay.test"), ("192.0.2.2", 443), RejectLayer, "address"),
        (hello_of("pay.test"), ("192.0.2.1", 8443), RejectLayer, "address"),
        (hello_of("pay.test"), None, RejectLayer, "address"),
        (hello_of("other.test"), AT, RejectLayer, "sni_mismatch"),
        (hello_of(None), AT, RejectLayer, "no_sni"),
        (b"GET / HTTP/1.1\r\n", AT, RejectLayer, "not_tls"),
        (b"SSH-2.0-x\r\n", AT, RejectLayer, "not_tls"),
        (hello_of("pay.test")[:40], AT, None, ""),
        (hello_of("pay.test")[:1], AT, None, ""),
    ],
)
@pytest.mark.parametrize("chosen", ["tls", "http", "tcp", None])
def test_tls_is_passed_on_unopened_where_that_was_granted(
    data: bytes,
    address: tuple[str, int] | None,
    placed: type[layer.Layer] | None,
    fault: str,
    chosen: str | None,
) -> None:
    """Whatever mitmproxy would choose: the granted name at the granted address, or nothing; too few bytes wait."""
    refused: list[str] = []
    passages = Passages()
    held = trial_context(options.Options())
    held.server.address = address
    choice = layer.NextLayer(held)
    choice.layer = build(chosen, held) if chosen else None
    choice.events = [events.DataReceived(held.client, data)]
    passage = Passage(host="pay.test", address=AT)
    passages.open(held.client.id, passage)
    LayerGate(lambda _, detail: refused.append(detail), passages).next_layer(choice)
    assert type(choice.layer) is (placed or type(None))
    assert passage.fault == fault
    assert refused == (["passthrough"] if fault else [])
    assert not held.server.tls


def test_a_passage_is_its_clients_alone_and_once() -> None:
    """The same bytes on another connection are opened; a second hello on the same one goes nowhere."""
    passages = Passages()
    gate = LayerGate(lambda *_: None, passages)
    first, other = (trial_context(options.Options()) for _ in range(2))
    passages.open(first.client.id, Passage(host="pay.test", address=AT))
    for held, placed in ((first, Relay), (first, RejectLayer), (other, layers.ClientTLSLayer)):
        held.server.address = AT
        layers.modes.HttpProxy(held)
        choice = layer.NextLayer(held)
        choice.layer = layers.ClientTLSLayer(held)
        choice.events = [events.DataReceived(held.client, hello_of("pay.test"))]
        gate.next_layer(choice)
        assert type(choice.layer) is placed


def test_the_self_test_passes_here_and_fails_without_the_gate(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gate that lets everything pass is found out at start."""
    assert self_test(options.Options()) == ""
    monkeypatch.setattr(LayerGate, "next_layer", lambda *_: None)
    assert self_test(options.Options()) == "raw TCP in TLS is not refused"
