"""The seal: whatever has no live verdict is refused, whoever forgot to decide.

It stands on the master's chain itself, put there before anything else of Parclose can fail, and therefore stays when a
script breaks, is edited, removed, or never loads because of a bad option. Everything of a script runs inside the entry
`scriptloader`, which comes earlier in the chain, so the seal sees each hook after every script.

It denies first and lifts the denial second, and uses nothing that can raise: an exception here would let traffic pass.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from mitmproxy import ctx, dns, flow, http, tcp, udp

from parclose.hooks.connections import close_client
from parclose.hooks.early_answer import answer_early
from parclose.hooks.layer_gate import is_unsolicited_upgrade
from parclose.hooks.verdicts import REPLAY, Verdicts
from parclose.reasons import Reason

if TYPE_CHECKING:
    from mitmproxy import connection
    from mitmproxy.proxy import server_hooks

RETRY_S = 5


def refusal(reason: Reason) -> http.Response:
    """Return the 503 of the seal in problem form."""
    body = b'{"title":"Service Unavailable","status":503,"reason":"%b"}' % reason.value.encode()
    headers = {
        "Content-Type": "application/problem+json",
        "Cache-Control": "no-store",
        "Retry-After": str(RETRY_S),
    }
    return http.Response.make(503, body, headers)


class Seal:
    """Default deny, last in the chain."""

    name = "parclose-seal"

    def __init__(self, verdicts: Verdicts) -> None:
        self.verdicts = verdicts

    def _refuse(self, judged: http.HTTPFlow) -> None:
        """Answer 503 in place of whatever the flow was about to do."""
        self.verdicts.deny(judged)
        answer_early(judged, refusal(Reason.POLICY_UNAVAILABLE if self.verdicts.open else Reason.NOT_READY))

    def _begin(self, judged: http.HTTPFlow) -> None:
        """Judge at the first hook of an exchange: a verdict, and a house that is open."""
        if not judged.live or judged.error or self.verdicts.is_denied(judged):
            return
        if not self.verdicts.open or not self.verdicts.is_admitted(judged):
            self._refuse(judged)

    def requestheaders(self, judged: http.HTTPFlow) -> None:
        """Refuse a request nobody decided, before its body is read or streamed."""
        self._begin(judged)

    def http_connect(self, judged: http.HTTPFlow) -> None:
        """Refuse a tunnel nobody decided."""
        self._begin(judged)

    def request(self, judged: http.HTTPFlow) -> None:
        """Refuse what lost its verdict since the headers, or was answered by another addon without one."""
        if judged.live and not self.verdicts.is_denied(judged) and not self.verdicts.is_admitted(judged):
            self._refuse(judged)

    def response(self, judged: http.HTTPFlow) -> None:
        """Refuse an unasked-for switch of protocols, and forget the exchange that ends here."""
        if judged.live and is_unsolicited_upgrade(judged):
            judged.response = refusal(Reason.PROTOCOL_DENIED)
            judged.response.headers["connection"] = "close"
        # An upstream may answer while the request is still being streamed: its `request` hook is yet to come.
        if judged.websocket is None and judged.request.timestamp_end is not None:
            self._end(judged)

    def error(self, judged: http.HTTPFlow) -> None:
        """Forget the exchange that ends here."""
        self._end(judged)

    def websocket_message(self, judged: http.HTTPFlow) -> None:
        """Drop a message and cut the connection when the flow has no verdict any more."""
        if judged.live and judged.websocket and not self.verdicts.is_admitted(judged):
            judged.websocket.messages[-1].drop()
            close_client(judged.client_conn)

    def websocket_end(self, judged: http.HTTPFlow) -> None:
        """Forget the exchange that ends here."""
        self._end(judged)

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Refuse an upstream address that no verdict approved for this client connection."""
        key = data.client.id if data.client.id in connections() else REPLAY
        # A set of `error` keeps mitmproxy from connecting, and from resolving the name.
        if not self.verdicts.is_approved(key, data.server.address and data.server.address[:2]):
            data.server.error = data.server.error or Reason.POLICY_UNAVAILABLE.value

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget the addresses of a client that has left."""
        self.verdicts.forget_client(client.id)

    def tcp_start(self, judged: tcp.TCPFlow) -> None:
        """Cut a raw connection: the layer gate should have refused it."""
        cut(judged)

    def tcp_message(self, judged: tcp.TCPFlow) -> None:
        """Empty the message and cut; `kill` would deliver it."""
        judged.messages[-1].content = b""
        cut(judged)

    def udp_start(self, judged: udp.UDPFlow) -> None:
        """Cut a raw exchange."""
        cut(judged)

    def udp_message(self, judged: udp.UDPFlow) -> None:
        """Empty the message and cut."""
        judged.messages[-1].content = b""
        cut(judged)

    def dns_request(self, judged: dns.DNSFlow) -> None:
        """Let a question fail."""
        if judged.live:
            judged.response = None
            judged.error = flow.Error(Reason.PROTOCOL_DENIED.value)

    def _end(self, judged: http.HTTPFlow) -> None:
        """Forget a flow, so that its replay begins without a verdict."""
        self.verdicts.forget(judged)
        if judged.is_replay == "request":
            self.verdicts.forget_client(REPLAY)


def connections() -> dict[tuple[object, ...] | str, object]:
    """Return the client connections mitmproxy holds, by id."""
    proxyserver = ctx.master.addons.get("proxyserver")
    return proxyserver.connections if proxyserver else {}


def cut(judged: flow.Flow) -> None:
    """Mark a raw flow as refused and cut its client."""
    if judged.live:
        judged.error = flow.Error(Reason.PROTOCOL_DENIED.value)
        close_client(judged.client_conn)


def freeze_reload(path: str) -> int:
    """Stop mitmproxy's watcher of the scripts at this path, and return how many were stopped.

    A script edited into an error, or deleted, would otherwise be unloaded while the proxy runs on.
    """
    stopped = 0
    loader = ctx.master.addons.get("scriptloader")
    for script in loader.addons if loader else ():
        if script.reloadtask and os.path.realpath(script.fullpath) == os.path.realpath(path):
            script.reloadtask.cancel()
            stopped += 1
    return stopped
