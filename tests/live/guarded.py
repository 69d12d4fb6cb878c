"""A throw-away script over the host: decides by the path, so that a live test can ask for each behaviour."""

import asyncio

from mitmproxy import ctx, http, websocket
from mitmproxy.connection import Client

from parclose.hooks import header_cap, host
from parclose.hooks.connections import close_client
from parclose.hooks.early_answer import answer_early
from parclose.hooks.layer_gate import upgrade_kind

LIMITS = header_cap.HeadLimits(max_head_bytes=65536, head_deadline_s=1.0)
HOST = host.install(ctx.master, limits=LIMITS)
assert host.install(ctx.master) is HOST


def say(*words: object) -> None:
    """Write a line the test waits for."""
    print(*words, flush=True)


class Decider:
    """Admits, denies, forgets or fails, as the path says."""

    def running(self) -> None:
        """Open the house and freeze the script."""
        HOST.on_refused = self.refused
        HOST.verdicts.ready = "unready" not in __file__
        if "frozen" in __file__:
            HOST.freeze(__file__)
        say("ready with", HOST.dispatch, "dispatch")

    def refused(self, client: Client, detail: str) -> None:
        """Tell what was refused."""
        say("refused", client.peername[0], detail)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Decide."""
        path = flow.request.path
        if flow.error or "forget" in path:
            return
        if "boom" in path:
            raise RuntimeError("boom")
        if "deny" in path or upgrade_kind(flow.request.headers) == "refused":
            HOST.verdicts.deny(flow)
            answer_early(flow, http.Response.make(403, b"denied"))
            return
        HOST.verdicts.admit(flow)
        if "elsewhere" not in path:
            HOST.verdicts.approve_server(flow.client_conn.id, (flow.request.host, flow.request.port))
        if "stream" in path:
            flow.request.stream = True

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Admit every tunnel but those to port 1."""
        if flow.request.port != 1:
            HOST.verdicts.admit(flow)
            HOST.verdicts.approve_server(flow.client_conn.id, (flow.request.host, flow.request.port))

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Revoke the verdict of a WebSocket that says so, or cut it."""
        assert flow.websocket
        message: websocket.WebSocketMessage = flow.websocket.messages[-1]
        if message.content == b"revoke":
            HOST.verdicts.forget(flow)
        if message.content == b"cut":
            message.drop()
            close_client(flow.client_conn)


class SlowEnd:
    """Takes a while to end, as flushing an audit does."""

    async def done(self) -> None:
        """Wait a second."""
        say("done begins")
        await asyncio.sleep(1)


# mitmproxy cannot unload a script whose `done` is async: it keeps the old one, which goes on deciding.
addons = [Decider()] if "changing" in __file__ else [Decider(), SlowEnd()]
