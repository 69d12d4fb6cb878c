"""What lives long is judged again: WebSockets, event streams and tunnels, whenever the policy or a credential changes.

A request is judged at its beginning, and an ordinary one ends soon after. These go on for hours, under a token that has
expired, a key that was revoked, a route that is gone. So each is looked at again under every new edition of the policy,
when its credential ends, and at least once a minute; what does not hold any more is closed within two seconds: a
WebSocket with 1008 towards both ends, all else by cutting its client's connection, whatever else goes over that.

Fail closed: what cannot be judged, because something of ours failed or the world does not answer in time, is closed.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Final

from mitmproxy import connection, ctx, http

from parclose.again import Again, begin_again
from parclose.hooks.connections import close_client
from parclose.hooks.edition import Edition
from parclose.hooks.exchange import Exchange
from parclose.hooks.layer_gate import keep_last_message
from parclose.hooks.service import Service
from parclose.hooks.websocket_bounds import POLICY_VIOLATION, TOO_BIG, Closing
from parclose.reasons import Reason
from parclose.verdict import Verdict

logger = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 0.5
SLICE_S: Final = 0.002  # two thousand are judged in some 60 ms; nobody's request waits for more than a slice
PATIENCE_S: Final = 1.0  # for an answer of the world, and for an end to take its close frame


@dataclass(slots=True, kw_only=True)
class Held:
    """One that is open. `edition` judged it last; `due` is when it is to be judged again, in epoch seconds."""

    flow: http.HTTPFlow
    exchange: Exchange
    kind: str
    edition: Edition
    due: float
    waiting: asyncio.Task[None] | None = None


class LongLived:
    """Keeps what lives long, and closes what must not."""

    name = "long_lived"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service
        self._held: dict[str, Held] = {}
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._held)

    def running(self) -> None:
        """Begin to look."""
        if self._service.serves:
            self._task = asyncio.get_running_loop().create_task(self._follow())

    def done(self) -> None:
        """Look no longer."""
        if self._task is not None:
            self._task.cancel()

    def websocket_start(self, flow: http.HTTPFlow) -> None:
        """Keep a WebSocket."""
        self._hold(flow, "websocket")

    def http_connected(self, flow: http.HTTPFlow) -> None:
        """Keep a tunnel."""
        self._hold(flow, "tunnel")

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Keep an event stream."""
        kind = flow.response.headers.get("content-type", "") if flow.response is not None else ""
        if kind.partition(";")[0].strip().lower() == "text/event-stream":
            self._hold(flow, "events")

    def websocket_message(self, flow: http.HTTPFlow) -> None:
        """Drop a message that is too long, and close; forget those before it."""
        exchange, held = self._service.exchanges.get(flow.id), flow.websocket
        if exchange is None or held is None or not held.messages:
            return
        if len(held.messages[-1].content) > exchange.edition.policy.settings.max_message_bytes:
            held.messages[-1].drop()
            self._close(flow, TOO_BIG, "message too big")
        keep_last_message(flow)

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Let go of a WebSocket."""
        self._held.pop(flow.id, None)

    def response(self, flow: http.HTTPFlow) -> None:
        """Let go of an event stream; a WebSocket has its response at its beginning."""
        if flow.websocket is None:
            self._held.pop(flow.id, None)

    def error(self, flow: http.HTTPFlow) -> None:
        """Let go of what has failed."""
        self._held.pop(flow.id, None)

    def client_disconnected(self, client: connection.Client) -> None:
        """Let go of all that went over a connection."""
        for exchange in self._service.exchanges.of_client(client.id):
            self._held.pop(exchange.flow_id, None)

    def _hold(self, flow: http.HTTPFlow, kind: str) -> None:
        """Keep what was admitted; it is judged again at the next look, which says when the one after that is."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is not None and flow.live and exchange.conclude().allowed and not exchange.walk.published:
            self._held[flow.id] = Held(flow=flow, exchange=exchange, kind=kind, edition=exchange.edition, due=0.0)

    async def _follow(self) -> None:
        """Look for as long as there is a proxy."""
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self.look(time.time())

    async def look(self, now: float) -> None:
        """Judge again all that is due, a slice at a time."""
        edition, began = self._service.edition, time.perf_counter()
        for held in tuple(self._held.values()):
            if edition is None or held.waiting is not None or (held.edition is edition and now < held.due):
                continue
            if self._held.get(held.flow.id) is held:
                self._judge(held, edition, now)
            if time.perf_counter() - began > SLICE_S:
                await asyncio.sleep(0)
                began = time.perf_counter()

    def _judge(self, held: Held, edition: Edition, now: float) -> None:
        """Judge one, at once or once the world has answered; whatever fails closes it."""
        try:
            again = begin_again(held.exchange.walk, edition.policy, edition.world, now)
            waiting = again.judge()
            if waiting is None:
                self._heed(held, edition, again)
            else:
                held.waiting = asyncio.get_running_loop().create_task(self._wait(held, edition, again, waiting))
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is logged and closes what it is about
            self._fail(held, wrong)

    async def _wait(self, held: Held, edition: Edition, again: Again, waiting: Awaitable[None]) -> None:
        """Judge one when the world has answered, or has not in time."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                await waiting
            held.waiting = None
            self._heed(held, edition, again)
        except Exception as wrong:  # noqa: BLE001 - whatever it is, it is logged and closes what it is about
            self._fail(held, wrong)

    def _heed(self, held: Held, edition: Edition, again: Again) -> None:
        """Let one go on under the edition that judged it, or close it."""
        refusal = again.refusal()
        if refusal is not None:
            self._cut(held, refusal)
            return
        held.edition, held.due = edition, again.due()
        # What is written of its end goes where records go now; an old journal is closed a minute after its policy.
        held.exchange.edition = edition

    def _fail(self, held: Held, wrong: Exception) -> None:
        """Close what could not be judged."""
        logger.error("a %s could not be judged again and is closed", held.kind, exc_info=wrong)
        self._service.metrics.guard_failed(self.name, "look")
        self._cut(held, Verdict(reason=Reason.INTERNAL_ERROR, status=503))

    def _cut(self, held: Held, refusal: Verdict) -> None:
        """Close one, and say why: in the log, in the metrics, in the record of its end."""
        reason = f"{refusal.reason}:{refusal.detail}" if refusal.detail else f"{refusal.reason}"
        self._held.pop(held.flow.id, None)
        held.exchange.cut = reason
        decision = held.exchange.walk.facts.decision
        logger.info("%s %s does not hold any more and is closed: %s", held.kind, decision, reason)
        self._service.metrics.long_lived_cut(held.kind, str(refusal.reason))
        if held.kind == "websocket":
            self._service.verdicts.deny(held.flow)  # a message that comes now is dropped
            self._close(held.flow, POLICY_VIOLATION, "policy violation")
        else:
            close_client(held.flow.client_conn)

    def _close(self, flow: http.HTTPFlow, code: int, reason: str) -> None:
        """Close a WebSocket; an end that does not take its close frame is cut."""
        asyncio.get_running_loop().call_later(PATIENCE_S, close_client, flow.client_conn)
        try:
            ctx.master.addons.get("proxyserver").inject_event(Closing(flow, code, reason))
        except ValueError:  # it is gone already
            close_client(flow.client_conn)
