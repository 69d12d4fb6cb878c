"""The guard: whatever a hook raises becomes the strongest denial that the hook can give.

mitmproxy logs what a hook raises and lets the traffic go on; worse, it then skips the same hook of every later addon of
every script. So nothing that our hooks raise may reach it: no exception, no `AddonHalt`, no `OptionsError` (which hangs
the request), no `SystemExit`, no cancellation. This is the only place that catches them, and it never re-raises.

`load`, `configure`, `running` are not guarded: what fails there must stop the start, or veto an option.
"""

from __future__ import annotations

import asyncio
import functools
import inspect
import logging
from collections.abc import Awaitable, Callable

from mitmproxy import connection, flow, http, tcp, tls, udp
from mitmproxy.proxy import layer, server_hooks

from parclose.hooks.connections import close_client
from parclose.hooks.early_answer import answer_early
from parclose.hooks.layer_gate import RejectLayer

logger = logging.getLogger(__name__)

DEADLINE_S = 10.0  # the longest that a hook may wait for the world: a JWKS refresh is bounded by less
LIFECYCLE = ("client_connected", "client_disconnected", "server_connect", "server_connected", "server_disconnected")
FLOWS = ("requestheaders", "request", "responseheaders", "response", "error")
CONNECTS = ("http_connect", "http_connected", "http_connect_error")
STREAMS = ("websocket_start", "websocket_message", "websocket_end", "tcp_start", "tcp_message", "tcp_end", "tcp_error")
HANDSHAKES = ("tls_clienthello", "tls_start_server", "tls_established_client", "tls_failed_client")
LAYERS = ("next_layer", *HANDSHAKES, "update", "done")
GUARDED = (*LIFECYCLE, *FLOWS, *CONNECTS, *STREAMS, *LAYERS)
"""The hooks that are guarded; an addon of ours that has another one is refused by the self-check of `mount`."""

type Refuse = Callable[[http.HTTPFlow], http.Response]


class Guard:
    """Wraps the hooks of addons; counts what they raised through `count(addon, hook)`.

    `refusal` words the answer to a request whose hook failed. `revoke` takes back what the seal knows as admitted.
    """

    def __init__(
        self,
        *,
        refusal: Refuse,
        count: Callable[[str, str], None] = lambda addon, hook: None,
        revoke: Callable[[flow.Flow], None] = lambda denied: None,
        deadline_s: float = DEADLINE_S,
    ) -> None:
        """Take what the guard needs to say no."""
        self._refusal = refusal
        self._count = count
        self._revoke = revoke
        self._deadline_s = deadline_s

    def wrap[Addon](self, addon: Addon) -> Addon:
        """Put the guard around every hook of an addon, and return the addon."""
        for name in GUARDED:
            hook = getattr(addon, name, None)
            if hook is not None:
                called = str(getattr(addon, "name", type(addon).__name__))
                setattr(addon, name, self.around(called, name, hook, spare_s=getattr(addon, "spare_s", None)))
        return addon

    def around(
        self, addon: str, name: str, hook: Callable[..., object], *, spare_s: float | None = None
    ) -> Callable[..., object]:  # fmt: skip
        """Return `hook` such that it never raises; a coroutine is awaited under the deadline.

        With `spare_s` nothing hangs on the hook: it has that long, and its failure is logged and counted alone.
        """

        @functools.wraps(hook)
        def guarded(*arguments: object) -> Awaitable[None] | None:
            try:
                waiting = hook(*arguments)
                if waiting is None or not inspect.isawaitable(waiting):
                    return None
                return self._awaited(addon, name, waiting, arguments, spare_s)
            except BaseException as error:
                self._failed(addon, name, arguments, error, denies=spare_s is None)
                return None

        return guarded

    async def _awaited(
        self, addon: str, name: str, waiting: Awaitable[object], arguments: tuple[object, ...], spare_s: float | None
    ) -> None:
        """Await a hook, for at most the deadline."""
        try:
            async with asyncio.timeout(self._deadline_s if spare_s is None else spare_s):
                await waiting
        except BaseException as error:
            self._failed(addon, name, arguments, error, denies=spare_s is None)

    def _failed(
        self, addon: str, name: str, arguments: tuple[object, ...], error: BaseException, *, denies: bool
    ) -> None:  # fmt: skip
        """Deny, then log and count; a failure in here must not undo the denial."""
        try:
            if denies:
                self._deny(name, arguments[0] if arguments else None)
        finally:
            try:
                came_of_it = "was refused" if denies else "was left out"
                logger.error("`%s.%s` failed and %s", addon, name, came_of_it, exc_info=error)
                self._count(addon, name)
            except BaseException:
                logger.exception("the guard could not count a failure")

    def _deny(self, name: str, about: object) -> None:
        """Apply the strongest denial for what the hook was called with; the plainest one if even that fails."""
        try:
            self.deny(name, about)
        except BaseException:
            logger.exception("`%s`: the denial itself failed", name)
            client = getattr(about, "client_conn", None) or getattr(about, "client", None)
            if isinstance(client, connection.Client):
                close_client(client)

    def deny(self, name: str, about: object) -> None:
        """Refuse whatever a hook was called with."""
        if isinstance(about, http.HTTPFlow):
            self._revoke(about)
            self._deny_http(name, about)
        elif isinstance(about, tcp.TCPFlow | udp.UDPFlow):
            if about.messages:
                about.messages[-1].content = b""
            close_client(about.client_conn)
        elif isinstance(about, server_hooks.ServerConnectionHookData):
            about.server.error = "refused"
            if name != "server_connect":  # too late for a veto
                close_client(about.client)
        elif isinstance(about, connection.Client):
            about.error = "refused"
            if name != "client_connected":
                close_client(about)
        elif isinstance(about, tls.TlsData):
            _deny_handshake(name, about)
        elif isinstance(about, layer.NextLayer):
            about.layer = RejectLayer(about.context)

    def _deny_http(self, name: str, about: http.HTTPFlow) -> None:
        """Refuse an exchange, as far as it has come."""
        if not about.live:
            return  # a loaded flow: nothing is under way
        if name.startswith("websocket"):
            if about.websocket and about.websocket.messages:
                about.websocket.messages[-1].drop()
            close_client(about.client_conn)
        elif name in ("requestheaders", "http_connect"):
            answer_early(about, self._refusal(about))
        elif name in ("request", "response") and not about.request.stream and not _is_streamed(about):
            about.response = self._refusal(about)
        elif name in ("http_connected", "http_connect_error", "error"):
            close_client(about.client_conn)
        elif about.killable:
            about.kill()


def _is_streamed(about: http.HTTPFlow) -> bool:
    """Tell whether the response is already on its way."""
    return about.response is not None and bool(about.response.stream)


def _deny_handshake(name: str, about: tls.TlsData) -> None:
    """Let a handshake fail, or end the connection of one that is over."""
    if name == "tls_start_server":
        about.ssl_conn = None
    else:
        close_client(about.context.client)
