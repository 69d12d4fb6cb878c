"""What would be believed if these failed: that a hook of ours can fail without letting anything pass."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import connection, exceptions, http, tls
from mitmproxy.proxy import layer, server_hooks
from mitmproxy.proxy.context import Context
from mitmproxy.test import tflow

from parclose.hooks import guard as module
from parclose.hooks.guard import GUARDED, Guard
from parclose.hooks.layer_gate import RejectLayer
from tests.hooks.ground import live

RAISED = [ValueError(), asyncio.CancelledError(), exceptions.AddonHalt(), exceptions.OptionsError(), SystemExit(1)]


class Seen:
    """What the guard counted, revoked and cut."""

    def __init__(self) -> None:
        """Start with nothing."""
        self.counted: list[tuple[str, str]] = []
        self.revoked: list[object] = []
        self.cut: list[object] = []
        self.guard = Guard(
            refusal=lambda flow: http.Response.make(503, b"no"),
            count=lambda addon, hook: self.counted.append((addon, hook)),
            revoke=self.revoked.append,
            deadline_s=0.01,
        )


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> Seen:
    """A guard, and what it does."""
    made = Seen()
    monkeypatch.setattr(module, "close_client", made.cut.append)
    return made


def raiser(error: BaseException) -> Callable[[object], None]:
    """Return a hook that raises."""

    def hook(about: object) -> None:
        del about
        raise error

    return hook


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("hook", ["requestheaders", "http_connect", "request", "response"])
def test_an_exchange_is_answered_503(seen: Seen, hook: str, error: BaseException) -> None:
    """Whatever is raised: the response is the refusal, the verdict is taken back, the failure counted."""
    judged = live()
    assert seen.guard.around("a", hook, raiser(error))(judged) is None
    assert judged.response is not None
    assert judged.response.status_code == 503
    assert seen.revoked == [judged]
    assert seen.counted == [("a", hook)]


@pytest.mark.parametrize("error", RAISED, ids=lambda error: type(error).__name__)
async def test_what_is_awaited_is_guarded_too(seen: Seen, error: BaseException) -> None:
    """A coroutine that raises is a denial as well."""

    async def hook(about: object) -> None:
        await asyncio.sleep(0)
        raise error

    judged = live()
    waiting = seen.guard.around("a", "requestheaders", hook)(judged)
    assert waiting is not None
    await waiting  # type: ignore[misc]  # a hook returns anything
    assert judged.response is not None


async def test_waiting_has_an_end(seen: Seen) -> None:
    """A hook that waits for ever is refused at the deadline."""

    async def hook(about: object) -> None:
        await asyncio.Event().wait()

    judged = live()
    await seen.guard.around("a", "requestheaders", hook)(judged)  # type: ignore[misc]  # a hook returns anything
    assert judged.response is not None
    assert judged.response.status_code == 503


@pytest.mark.parametrize("hook", ["responseheaders", "websocket_start"])
def test_what_is_under_way_is_cut(seen: Seen, hook: str) -> None:
    """Where no answer can be given any more, the exchange is killed or its connection cut."""
    judged = live()
    seen.guard.around("a", hook, raiser(ValueError()))(judged)
    assert (judged.error is not None) or seen.cut == [judged.client_conn]


def test_a_websocket_message_is_dropped(seen: Seen) -> None:
    """The message does not arrive, and the connection is cut."""
    judged = tflow.twebsocketflow()
    judged.live = True
    seen.guard.around("a", "websocket_message", raiser(ValueError()))(judged)
    assert judged.websocket is not None
    assert judged.websocket.messages[-1].dropped
    assert seen.cut == [judged.client_conn]


def test_a_streamed_response_is_killed(seen: Seen) -> None:
    """What has begun cannot be answered otherwise."""
    judged = live()
    judged.response = http.Response.make(200)
    judged.response.stream = True
    seen.guard.around("a", "response", raiser(ValueError()))(judged)
    assert judged.error is not None


def test_loaded_flows_are_left_alone(seen: Seen) -> None:
    """Nothing is under way there."""
    judged = live()
    judged.live = False
    seen.guard.around("a", "requestheaders", raiser(ValueError()))(judged)
    assert judged.response is None


def client() -> connection.Client:
    """Return a client connection."""
    return connection.Client(peername=("127.0.0.1", 1), sockname=("127.0.0.1", 2), timestamp_start=0.0)


def test_connections_and_layers(seen: Seen) -> None:
    """A connection that is to be made is vetoed, a made one is cut, a layer is replaced."""
    data = server_hooks.ServerConnectionHookData(connection.Server(address=("a", 1)), client())
    seen.guard.around("a", "server_connect", raiser(ValueError()))(data)
    assert data.server.error
    seen.guard.around("a", "server_connected", raiser(ValueError()))(data)
    assert seen.cut == [data.client]
    coming = client()
    seen.guard.around("a", "client_connected", raiser(ValueError()))(coming)
    assert coming.error
    asked = layer.NextLayer(Context(client(), SimpleNamespace(proxy_debug=False)))  # type: ignore[arg-type]  # a stand-in
    seen.guard.around("a", "next_layer", raiser(ValueError()))(asked)
    assert isinstance(asked.layer, RejectLayer)
    raw = tflow.ttcpflow()
    seen.guard.around("a", "tcp_message", raiser(ValueError()))(raw)
    assert raw.messages[-1].content == b""


@pytest.mark.parametrize(
    ("hook", "cut"), [("tls_start_server", False), ("tls_established_client", True), ("tls_failed_client", True)]
)
def test_handshakes(seen: Seen, hook: str, cut: bool) -> None:
    """One that is to come has nothing to go on with; the client of one that is over is cut."""
    with_us = Context(client(), SimpleNamespace(proxy_debug=False))  # type: ignore[arg-type]  # a stand-in
    data = tls.TlsData(with_us.client, with_us, SimpleNamespace())  # type: ignore[arg-type]  # a stand-in
    seen.guard.around("a", hook, raiser(ValueError()))(data)
    assert (data.ssl_conn is None, seen.cut) == (not cut, [with_us.client] if cut else [])


def test_a_denial_that_fails_cuts_the_client() -> None:
    """Not even a refusal that cannot be worded lets anything pass."""
    cut: list[Any] = []
    made = Seen()
    made.guard._refusal = raiser(ValueError())  # type: ignore[assignment]  # one that fails
    judged = live()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "close_client", cut.append)
        made.guard.around("a", "requestheaders", raiser(ValueError()))(judged)
    assert cut == [judged.client_conn]


def test_every_hook_of_an_addon_is_wrapped(seen: Seen) -> None:
    """`wrap` leaves no hook out, and `configure` alone."""

    class Addon:
        name = "odd"

        def configure(self, updated: set[str]) -> None:
            raise exceptions.OptionsError

    for name in GUARDED:
        setattr(Addon, name, lambda self, about: raiser(ValueError())(about))
    addon = seen.guard.wrap(Addon())
    for name in GUARDED:
        getattr(addon, name)(None)
    assert seen.counted == [("odd", name) for name in GUARDED]
    with pytest.raises(exceptions.OptionsError):
        addon.configure(set())
