"""What people see in mitmweb and the console: the verdict as comment, mark and metadata. It decides nothing.

Metadata are for reading alone: one JSON string with facts and verdict, without secrets, and two flat keys for `~meta`.
Nothing of ours ever reads them back.
"""

from __future__ import annotations

from mitmproxy import ctx, http

from parclose.engine import decide
from parclose.hooks.exchange import Exchange
from parclose.hooks.facts_of import facts_of, with_certificate
from parclose.hooks.service import Service
from parclose.reasons import Reason
from parclose.stores.world import NotKept, OfflineWorld
from parclose.verdict import Verdict, Would

KEY = "parclose"
DENIED, LIMITED, UNCLASSIFIED = ":no_entry:", ":hourglass:", ":question:"
MARKS = {
    Reason.RATE_LIMITED: LIMITED,
    Reason.QUOTA_EXHAUSTED: LIMITED,
    Reason.CONCURRENCY_EXCEEDED: LIMITED,
    Reason.IP_RATE_LIMITED: LIMITED,
    Reason.AUTH_BLOCKED: LIMITED,
    Reason.NO_SEGMENT: UNCLASSIFIED,
    Reason.EGRESS_DENIED: UNCLASSIFIED,
}


class Inspector:
    """Marks flows with their verdicts; the first word of the comment is the verdict, since the column is narrow."""

    name = "inspector"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service

    def running(self) -> None:
        """Show the comment column in mitmweb, unless the user chose the columns or does not want it."""
        options = ctx.options
        if "web_columns" not in options or not options.parclose_web_columns:
            return
        if "comment" not in options.web_columns and options.web_columns == options.default("web_columns"):
            options.update(web_columns=[*options.web_columns, "comment"])

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Show the verdict; a loaded flow is decided for show, and keeps whatever was written on it."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is not None:
            self._show(flow, exchange)
        elif not flow.live:
            self._show_loaded(flow)

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Show the verdict on a tunnel."""
        self.requestheaders(flow)

    def response(self, flow: http.HTTPFlow) -> None:
        """Show what came of it, where it changed after the verdict."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is not None and exchange.verdict is not None and not exchange.verdict.allowed:
            self._show(flow, exchange)

    def error(self, flow: http.HTTPFlow) -> None:
        """Show what came of it, where it changed after the verdict."""
        self.response(flow)

    def _show(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        """Write verdict and facts on a flow."""
        verdict = exchange.conclude()
        flow.comment = words(verdict, exchange.would)
        mark = mark_of(verdict)
        if mark:
            flow.marked = mark
        flow.metadata[KEY] = exchange.text()
        flow.metadata[f"{KEY}.verdict"] = verdict.effect.value
        flow.metadata[f"{KEY}.segment"] = verdict.segment

    def _show_loaded(self, flow: http.HTTPFlow) -> None:
        """Decide a recording that nobody has written on, with fresh counters; say `maybe` where it lacks something."""
        edition = self._service.edition
        if edition is None or flow.comment or KEY in flow.metadata:
            return
        facts = facts_of(flow, edition.policy, decision="loaded")
        facts = with_certificate(facts, "" if flow.client_conn.certificate_list else None)
        try:
            verdict = decide(edition.policy, facts, OfflineWorld().of(facts))
        except NotKept as lacking:
            flow.comment = f"maybe: {lacking}"
            return
        flow.comment = words(verdict)
        flow.marked = flow.marked or mark_of(verdict)


def words(verdict: Verdict, would: Would | None = None) -> str:
    """Return a verdict for a narrow column: `allow web · read /v1/**`, `deny 403 scope_missing · web · u-1`."""
    said = ["allow" if verdict.allowed else f"deny {verdict.status} {verdict.reason}"]
    said += [part for part in (verdict.segment, verdict.route) if part]
    if verdict.principal is not None:
        said.append(verdict.principal.client_type)
    if would is not None:
        said.append(would.words)
    return " · ".join(said)


def mark_of(verdict: Verdict) -> str:
    """Return the mark of a verdict worth looking at, or ""."""
    return "" if verdict.allowed or verdict.reason is None else MARKS.get(verdict.reason, DENIED)
