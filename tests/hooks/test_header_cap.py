"""What would be believed if these failed: that a client without any verdict can hold memory or a connection."""

import asyncio
from collections.abc import Iterator

import pytest
from mitmproxy import options
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.connection import Client
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.test import taddons, tflow

from parclose.hooks import header_cap
from parclose.hooks.header_cap import (
    FirstHeadDeadline,
    HeadLimits,
    bounded,
    has_lone_line_end,
    install,
    is_too_long,
    own_answer,
    self_test,
)
from parclose.hooks.layer_trial import converse

START = b"GET http://a.example/ HTTP/1.1\r\n"
LIMITS = HeadLimits(max_head_bytes=100)


@pytest.fixture
def refusals() -> list[str]:
    """What was reported."""
    return []


@pytest.fixture
def opts(monkeypatch: pytest.MonkeyPatch, refusals: list[str]) -> Iterator[options.Options]:
    """Options as the proxy has them, and the override for the time of the test."""
    made = bounded(LIMITS, lambda _, detail: refusals.append(detail))
    monkeypatch.setattr(http_layers, "Http1Server", made)
    with taddons.context(Proxyserver()) as context:
        yield context.options


@pytest.mark.parametrize(
    ("head", "too_long"),
    [
        (b"x" * 99, False),
        (b"x" * 100, False),
        (b"x" * 101, True),
        (b"x" * 96 + b"\r\n\r\n", False),
        (b"x" * 96 + b"\r\n\r\n" + b"body" * 99, False),
        (b"x" * 97 + b"\r\n\r\n", True),
        (b"x" * 98 + b"\n\n", False),
    ],
)
def test_a_head_of_exactly_the_limit_passes(head: bytes, too_long: bool) -> None:
    """The limit counts the head with its blank line, and nothing of the body."""
    assert is_too_long(head, 100) is too_long


def test_a_long_head_is_answered_and_reported(opts: options.Options, refusals: list[str]) -> None:
    """431, closed, no hook, and one report however many bytes follow."""
    got = converse(opts, START + b"X: " + b"a" * 90, b"a" * 500)
    assert got.sent == own_answer(431, "Request Header Fields Too Large", "headers_too_large")
    assert (got.closed, got.hooks, refusals) == (True, [], ["headers_too_large"])


@pytest.mark.parametrize(
    ("head", "lone"),
    [
        (b"GET / HTTP/1.1\r\nA: b\r\n\r\n", False),
        (b"GET / HTTP/1.1\r\nA: b\r\n\r\nbody\n\r", False),
        (b"GET / HTTP/1.1\r\nA: b\n", False),  # not whole
        (b"GET / HTTP/1.1\nA: b\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\r\nA: b\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nA: b\rc: d\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nA: b\nc: d\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nA:\rb\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nA: b\r\n\n", True),
        (b"GET / HTTP/1.1\n\n", True),
    ],
)
def test_a_line_ends_in_crlf_and_nothing_else(head: bytes, lone: bool) -> None:
    """What one parser takes for a line end and another for text is in no head that passes; bodies may hold it."""
    assert has_lone_line_end(head) is lone


@pytest.mark.parametrize("before", [b"", b"\r\n", b"\n\n\n"])
def test_a_lone_line_end_is_answered_and_reported(opts: options.Options, refusals: list[str], before: bytes) -> None:
    """400, closed, no hook; a blank line before the request hides nothing."""
    got = converse(opts, before + START + b"X: a\nY: b\r\n\r\n")
    assert got.sent == own_answer(400, "Bad Request", "request_malformed")
    assert (got.closed, got.hooks, refusals) == (True, [], ["line_end"])


def test_blank_lines_before_a_request_do_not_pile_up(opts: options.Options) -> None:
    """Any number is dropped at once, and the request after them is heard."""
    got = converse(opts, b"\r\n" * 400, b"\r\n\r\n" + START + b"\r\n")
    assert "requestheaders" in got.hooks


@pytest.mark.parametrize("parts", [[START], [START, b"X: 1\r\n"], [START + b"\r\n" + START]])
def test_a_head_that_does_not_end_is_timed(opts: options.Options, refusals: list[str], parts: list[bytes]) -> None:
    """Its one timer ends the connection with 408."""
    got = converse(opts, *parts, wake=True)
    if "requestheaders" not in got.hooks:
        assert len(got.wakeups) == 1
        assert (got.sent[:13], got.closed, refusals) == (b"HTTP/1.1 408 ", True, ["head_deadline"])


def test_a_head_that_ended_is_not_cut(opts: options.Options, refusals: list[str]) -> None:
    """The timer of a head that came in two parts finds nothing to cut."""
    got = converse(opts, START, b"\r\n", wake=True)
    assert ("requestheaders" in got.hooks, refusals) == (True, [])
    assert b"408" not in got.sent


def test_whole_heads_cost_no_timer(opts: options.Options) -> None:
    """The usual request, in one packet, starts none."""
    assert converse(opts, START + b"\r\n").wakeups == []


def test_trailers_are_the_clients_error(opts: options.Options) -> None:
    """Stock crashes; here the request ends with 400, and the flow with an error."""
    sent = b"POST http://a.example/ HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: 1\r\n\r\n"
    got = converse(opts, sent)
    assert (got.sent[:13], got.closed, "error" in got.hooks) == (b"HTTP/1.1 400 ", True, True)


class Clock:
    """A loop's timers, run by hand."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """Take the place of the running loop and of the cutting."""
        self.waiting: list[tuple[float, tuple[object, ...]]] = []
        self.cut: list[str] = []
        monkeypatch.setattr(asyncio, "get_running_loop", lambda: self)
        monkeypatch.setattr(header_cap, "close_client", lambda client: self.cut.append(client.id))

    def call_later(self, delay: float, call: object, *arguments: object) -> "Timer":
        """Remember a call."""
        self.waiting.append((delay, (call, *arguments)))
        return Timer(self, self.waiting[-1])


class Timer:
    """A handle to cancel a remembered call."""

    def __init__(self, clock: Clock, entry: tuple[float, tuple[object, ...]]) -> None:
        """Keep the entry."""
        self._clock, self._entry = clock, entry

    def cancel(self) -> None:
        """Forget the call."""
        self._clock.waiting.remove(self._entry)


@pytest.mark.parametrize("ends", ["requestheaders", "http_connect", "client_disconnected"])
def test_the_first_head_stops_the_clock(monkeypatch: pytest.MonkeyPatch, ends: str) -> None:
    """A head, a tunnel, or a client that left: nothing is cut afterwards."""
    clock, flow = Clock(monkeypatch), tflow.tflow()
    deadline = FirstHeadDeadline(HeadLimits(), lambda _: None)
    deadline.client_connected(flow.client_conn)
    assert [delay for delay, _ in clock.waiting] == [15.0]
    getattr(deadline, ends)(flow.client_conn if ends == "client_disconnected" else flow)
    deadline.client_disconnected(flow.client_conn)
    assert (clock.waiting, clock.cut) == ([], [])


def test_a_silent_client_is_cut_and_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the time is over, the client is closed."""
    clock, client = Clock(monkeypatch), tflow.tclient_conn()
    reported: list[Client] = []
    deadline = FirstHeadDeadline(HeadLimits(), reported.append)
    deadline.client_connected(client)
    _, (call, argument) = clock.waiting[0]
    assert callable(call)
    call(argument)
    assert (clock.cut, reported) == ([client.id], [client])


def test_the_self_test_passes_with_the_override_and_not_without(
    opts: options.Options, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start with an override that does not hold is refused."""
    install(HeadLimits(), lambda *_: None)
    assert self_test(opts, HeadLimits()) == ""
    monkeypatch.setattr(header_cap, "is_too_long", lambda *_: False)
    assert "an endless head was answered" in self_test(opts, HeadLimits())
