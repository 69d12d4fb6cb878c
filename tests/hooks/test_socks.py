"""SOCKS5: if these fail, a caller reaches through it what a CONNECT would be refused, or its password is in the log."""

import base64
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import flow, http, options
from mitmproxy.proxy import commands, events
from mitmproxy.proxy.layers import modes
from mitmproxy.proxy.layers.http import _hooks
from mitmproxy.test import taddons

from parclose.hooks import socks
from parclose.hooks.layer_trial import trial_context

GREET = b"\x05\x01\x00"
TO_NAME = b"\x05\x01\x00\x03\x08api.test\x01\xbb"


@pytest.fixture(autouse=True)
def refusals(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Install it for one test, and return what it reports."""
    monkeypatch.setattr(modes, "Socks5Proxy", modes.Socks5Proxy)
    told: list[str] = []
    socks.install(lambda _, detail: told.append(detail))
    return told


@pytest.fixture(scope="module")
def opts() -> Iterator[options.Options]:
    """The options that a layer asks for."""
    with taddons.context() as context:
        context.options.add_option("connection_strategy", str, "lazy", "")
        yield context.options


def refuse(status: int, seen: list[http.Request]) -> object:
    """Return a hook that refuses every CONNECT, and keeps it."""

    def on_hook(hook: commands.StartHook) -> None:
        if isinstance(hook, _hooks.HttpConnectHook):
            seen.append(hook.flow.request)
            hook.flow.response = http.Response.make(status)

    return on_hook


@pytest.mark.parametrize(
    ("request_", "target"),
    [
        (TO_NAME, ("api.test", 443, 15)),
        (TO_NAME + b"more", ("api.test", 443, 15)),
        (b"\x05\x01\x00\x01\x7f\x00\x00\x01\x00\x50", ("127.0.0.1", 80, 10)),
        (b"\x05\x01\x00\x04" + bytes(15) + b"\x01\x00\x50", ("::1", 80, 22)),
        (b"\x05\x01\x00\x03\x00\x00\x50", ("", 80, 7)),
        (b"\x05\x01\x00\x03\x02\xc3\xa9\x00\x50", ("\xc3\xa9", 80, 9)),
        (TO_NAME[:-1], None),
        (TO_NAME[:4], None),
        (b"", None),
        (b"\x05\x02\x00\x03\x08", socks.NO_SUCH_COMMAND),
        (b"\x05\x03\x00\x03\x08", socks.NO_SUCH_COMMAND),
        (b"\x05\x00\x00\x03\x08", socks.NO_SUCH_COMMAND),
        (b"\x05\x01\x00\x02\x08", socks.NO_SUCH_ADDRESS),
        (b"\x05\x01\x01\x03\x08", socks.FAILED),
        (b"\x04\x01\x00\x03\x08", socks.FAILED),
    ],
)
def test_a_request_is_read(request_: bytes, target: object) -> None:
    """Name, IPv4, IPv6; BIND, UDP ASSOCIATE and what makes no sense get the reply that the RFC has for it."""
    assert socks.target_of(request_) == target


@given(st.binary(max_size=300))
def test_no_request_raises(data: bytes) -> None:
    """Whatever is sent is a target within the bytes, a reply, or too short."""
    target = socks.target_of(data)
    if isinstance(target, tuple):
        assert target[2] <= len(data)
        assert 0 <= target[1] < 65536


@pytest.mark.parametrize(
    ("data", "answer", "proof"),
    [
        (GREET + TO_NAME, b"\x05\x00", None),
        (b"\x05\x02\x00\x02\x01\x03key\x06secret" + TO_NAME, b"\x05\x02\x01\x00", "key:secret"),
        (b"\x05\x01\x02\x01\x05token\x05a.b.c" + TO_NAME, b"\x05\x02\x01\x00", "token:a.b.c"),
        (b"\x05\x01\x02\x01\x00\x00" + TO_NAME, b"\x05\x02\x01\x00", None),
        (
            b"\x05\x01\x02\x01\xff" + b"u" * 255 + b"\xff" + b"p" * 255 + TO_NAME,
            b"\x05\x02\x01\x00",
            "u" * 255 + ":" + "p" * 255,
        ),
    ],
    ids=["nobody", "key", "token", "empty", "longest"],
)
@pytest.mark.parametrize("status", [403, 407, 400, 503])
def test_a_refused_target_is_told_and_no_more(
    opts: options.Options, data: bytes, answer: bytes, proof: str | None, status: int
) -> None:  # fmt: skip
    """The credential is judged with the target; reply 2, or 1 where it is our own failure; nothing is opened."""
    seen: list[http.Request] = []
    got, opened = socks.converse(opts, data, refuse(status, seen))  # type: ignore[arg-type]
    assert got == answer + bytes([5, 1 if status == 503 else 2]) + socks.TAIL
    assert not opened
    (request,) = seen
    assert (request.data.method, request.data.host, request.data.port) == (b"CONNECT", "api.test", 443)
    header = request.headers.get("proxy-authorization")
    assert header == (f"Basic {base64.b64encode(proof.encode()).decode()}" if proof else None)


def test_a_killed_target_is_refused(opts: options.Options) -> None:
    """An error of the flow is as good as an answer."""

    def kill(hook: commands.StartHook) -> None:
        if isinstance(hook, _hooks.HttpConnectHook):
            hook.flow.error = flow.Error(flow.Error.KILLED_MESSAGE)

    assert socks.converse(opts, GREET + TO_NAME, kill) == (b"\x05\x00\x05\x02" + socks.TAIL, False)


@pytest.mark.parametrize(
    ("data", "answer"),
    [
        (b"GET / HTTP/1.1\r\n", b""),
        (b"\x04\x01\x00\x50\x7f\x00\x00\x01\x00", b""),
        (b"\x05\x01\x01", b"\x05\xff"),
        (b"\x05\x00", b"\x05\xff"),
        (b"\x05\x01\x02\x02\x01a\x01b", b"\x05\x02\x01\x01"),
        (b"\x05\x01\x02\x01\x05key:a\x01b", b"\x05\x02\x01\x01"),
        (GREET + b"\x05\x02\x00\x01\x7f", b"\x05\x00\x05\x07" + socks.TAIL),
        (GREET + b"\x05\x03\x00\x01\x7f", b"\x05\x00\x05\x07" + socks.TAIL),
        (GREET + b"\x05\x01\x00\x09\x7f", b"\x05\x00\x05\x08" + socks.TAIL),
        (GREET + b"\x05\x01\x00\x09\x7f" + TO_NAME, b"\x05\x00\x05\x08" + socks.TAIL),
    ],
)
def test_what_is_no_socks_is_closed_without_a_verdict(
    opts: options.Options, refusals: list[str], data: bytes, answer: bytes
) -> None:
    """Another protocol, no method in common, BIND, UDP: answered as the RFC has it, reported once, never judged."""
    seen: list[http.Request] = []
    assert socks.converse(opts, data, refuse(200, seen)) == (answer, False)  # type: ignore[arg-type]
    assert seen == []
    assert refusals == ["socks"]


@given(st.binary(max_size=100), st.data())
def test_bytes_may_come_in_any_pieces(data: bytes, draw: st.DataObject) -> None:
    """What is understood does not depend on how the network cuts it."""
    whole = b"\x05\x01\x02\x01\x03key\x06secret" + TO_NAME + data
    with taddons.context() as context:
        trial = trial_context(context.options)
        top = socks.JudgedSocks5(trial)
        list(top.handle_event(events.Start()))
        heard: list[_hooks.HttpConnectHook] = []
        while whole and not heard:
            size = draw.draw(st.integers(1, len(whole)))
            part, whole = whole[:size], whole[size:]
            heard += [
                command
                for command in top.handle_event(events.DataReceived(trial.client, part))
                if isinstance(command, _hooks.HttpConnectHook)
            ]
        (hook,) = heard
        assert hook.flow.request.data.host == "api.test"
        assert hook.flow.request.headers["proxy-authorization"] == "Basic a2V5OnNlY3JldA=="


def test_who_leaves_early_leaves_nothing_in_the_log(opts: options.Options) -> None:
    """Half a handshake holds a password."""
    trial = trial_context(opts)
    top = modes.Socks5Proxy(trial)
    said = [*top.handle_event(events.Start())]
    said += top.handle_event(events.DataReceived(trial.client, b"\x05\x01\x02\x01\x03key\x09secr"))
    said += top.handle_event(events.ConnectionClosed(trial.client))
    assert not [command for command in said if isinstance(command, commands.Log)]
    assert isinstance(said[-1], commands.CloseConnection)


def test_the_self_test_sees_stock(opts: options.Options, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the override all is well; with mitmproxy's own it is not."""
    assert socks.self_test(opts) == ""
    monkeypatch.setattr(modes, "Socks5Proxy", socks.JudgedSocks5.__mro__[1])
    assert "was answered" in socks.self_test(opts)
