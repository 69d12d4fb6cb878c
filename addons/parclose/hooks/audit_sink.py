"""The concern `audit`: every decision is written before its effect, every exchange and connection ends exactly once.

The decision is recorded, then the request is answered or admitted, in this order and nowhere else. Where the record
cannot be written the policy says what follows (`audit.on_failure`), by default a 503.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import ClassVar

from mitmproxy import connection, http

from parclose.audit.events import connection_record, outcome_record
from parclose.audit.sinks.jsonl import SinkError
from parclose.hooks.exchange import Exchange
from parclose.hooks.service import Service
from parclose.hooks.wire import kind_of, plain_address
from parclose.policy.alerts import SegmentAudit
from parclose.ports import AskRelease
from parclose.reasons import Reason

logger = logging.getLogger(__name__)

FULL = 1.0


@dataclass(slots=True)
class Visit:
    """A client connection: when it came (monotonic seconds), how many requests it brought, why it was refused."""

    began: float
    requests: int = 0
    refused: str = ""


class AuditSink:
    """Records, then answers or admits; closes the books of what ends."""

    name = "audit_sink"
    concern: ClassVar[str] = "audit"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service
        self._visits: dict[str, Visit] = {}

    def client_connected(self, client: connection.Client) -> None:
        """Open the book of a connection."""
        self._visits[client.id] = Visit(began=time.perf_counter())

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Record the verdict, then let it take effect."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None:
            return
        visit = self._visits.get(exchange.client_id)
        if visit is not None:
            visit.requests += 1
        verdict = exchange.conclude()
        self._service.metrics.decided(verdict, time.perf_counter() - exchange.began)
        if not self._record(exchange) and _on_failure(exchange) == "deny":
            verdict = exchange.refuse(Reason.AUDIT_UNAVAILABLE)
        if exchange.orphaned:
            self._end(exchange, end="aborted")
        elif verdict.allowed and exchange.walk.published:
            self._service.publish(flow, exchange)
        elif verdict.allowed:
            self._service.verdicts.admit(flow)
        else:
            self._service.refuse(flow, exchange, Reason.INTERNAL_ERROR)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Record the verdict on a tunnel, then let it take effect."""
        self.requestheaders(flow)

    def http_connected(self, flow: http.HTTPFlow) -> None:
        """Note that a tunnel is open: it ends with its connection."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is not None:
            exchange.tunnelled = True

    def http_connect_error(self, flow: http.HTTPFlow) -> None:
        """Close the book of a tunnel that was not opened."""
        self._close(flow, end="complete")

    def response(self, flow: http.HTTPFlow) -> None:
        """Close the book of an exchange; a WebSocket's stays open."""
        if flow.websocket is None:
            self._close(flow, end="complete")

    def error(self, flow: http.HTTPFlow) -> None:
        """Close the book of an exchange that failed."""
        self._close(flow, end="error", error=flow.error.msg if flow.error else "")

    def websocket_end(self, flow: http.HTTPFlow) -> None:
        """Close the book of a WebSocket."""
        clean = flow.websocket is not None and flow.websocket.close_code in (1000, 1001)
        self._close(flow, end="complete" if clean else "aborted")

    def client_disconnected(self, client: connection.Client) -> None:
        """Close every book of a connection that has gone, its own last."""
        for exchange in self._service.exchanges.of_client(client.id):
            if exchange.recorded:
                self._end(exchange, end="complete" if exchange.tunnelled else "aborted")
            else:
                exchange.orphaned = True  # still being judged: its own hooks write it down
        visit = self._visits.pop(client.id, None)
        if visit is not None and visit.requests == 0:
            self._write_connection(client, visit)

    def refused(self, client: connection.Client, detail: str) -> None:
        """Take note of a connection that was refused below HTTP."""
        self._service.metrics.connection_refused(detail)
        visit = self._visits.get(client.id)
        if visit is not None:
            visit.refused = detail

    def done(self) -> None:
        """Close all books at the end of the process."""
        for exchange in self._service.exchanges:
            self._end(exchange, end="complete" if exchange.tunnelled else "aborted")
        edition = self._service.edition
        if edition is not None:
            try:
                edition.journal.flush()
            except SinkError as wrong:
                self._failed(wrong)

    def _record(self, exchange: Exchange) -> bool:
        """Write the decision down; False when it could not be."""
        edition, verdict = exchange.edition, exchange.conclude()
        exchange.recorded = True
        kept = _kept(exchange)
        share = kept.allow_sample if kept is not None and verdict.allowed else FULL
        try:
            edition.journal.decision(
                exchange.walk,
                verdict,
                edition.redactor,
                allow_sample=share,
                line=exchange.text,
                tried=exchange.would is not None,
            )
        except SinkError as wrong:
            self._failed(wrong)
            return False
        return True

    def _close(self, flow: http.HTTPFlow, *, end: str, error: str = "") -> None:
        """End the exchange of a flow, once."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None:
            return
        if not exchange.recorded:  # never judged: refused by the guard, or gone before
            exchange.conclude()
            self._record(exchange)
        self._end(exchange, end=end, flow=flow, error=error)

    def _end(self, exchange: Exchange, *, end: str, flow: http.HTTPFlow | None = None, error: str = "") -> None:
        """Write how an exchange ended."""
        if self._service.exchanges.end(exchange.flow_id) is None:
            return
        # INVARIANT: every exchange ends here, once, so each slot is given back, once.
        if exchange.walk.slots:
            exchange.edition.world.answer(AskRelease(exchange.walk.slots))
        if exchange.second is not None:
            exchange.second.release()
        response = flow.response if flow is not None else None
        facts, passage = exchange.walk.facts, exchange.passage
        if passage is not None and passage.fault:
            end, error = "error", passage.fault
        record = outcome_record(
            decision=facts.decision,
            method=facts.method,
            at=time.time(),
            dur_ms=int((time.perf_counter() - exchange.began) * 1000),
            end=end,
            status=response.status_code if response is not None else None,
            sent_bytes=passage.sent_bytes if passage is not None else _size(response),
            received_bytes=_received(exchange, flow),
            error=exchange.cut or error,
        )
        marks = ("replayed", exchange.replayed), ("edit", exchange.edited), ("passthrough", passage is not None)
        for name, holds in marks:
            if holds:
                record[name] = True
        try:
            exchange.edition.journal.outcome(record)
        except SinkError as wrong:
            self._failed(wrong)

    def _write_connection(self, client: connection.Client, visit: Visit) -> None:
        """Write that a connection brought no request."""
        edition = self._service.edition
        if edition is None:
            return
        kind = kind_of(client.proxy_mode)
        record = connection_record(
            listener=edition.policy.listener_at(client.sockname[1], kind).name,
            peer=plain_address(client.peername),
            at=time.time(),
            dur_ms=int((time.perf_counter() - visit.began) * 1000),
            end=visit.refused or "closed",
            sni=client.sni,
            tls=client.tls_established,
            redactor=edition.redactor,
        )
        try:
            edition.journal.outcome(record)
        except SinkError as wrong:
            self._failed(wrong)

    def _failed(self, wrong: SinkError) -> None:
        """Count and log a record that could not be written."""
        self._service.metrics.audit_failed()
        logger.error("%s", wrong)


def _kept(exchange: Exchange) -> SegmentAudit | None:
    """Return what is kept of an exchange: as its route says, else its segment; None where it has neither."""
    segment, route = exchange.segment, exchange.walk.route
    if segment is None:
        return None
    return segment.audit if route is None else route.audit


def _on_failure(exchange: Exchange) -> str:
    """Return what follows when a decision cannot be written."""
    kept = _kept(exchange)
    return exchange.edition.policy.audit.on_failure if kept is None else kept.on_failure


def _received(exchange: Exchange, flow: http.HTTPFlow | None) -> int | None:
    """Return how many bytes a client sent, its head excepted; None where that is not known."""
    if exchange.passage is not None:
        return exchange.passage.received_bytes
    return _size(flow.request) if flow is not None else None


def _size(message: http.Message | None) -> int:
    """Return the length of a body in bytes: as held, else as declared."""
    if message is None:
        return 0
    if message.raw_content is not None:
        return len(message.raw_content)
    length = message.headers.get("content-length", "")
    return int(length) if length.isdigit() else 0
