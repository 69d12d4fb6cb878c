"""An exchange: one request on its way through our hooks, from its first to its last, kept in memory by flow.

Nothing here is ever read from `flow.metadata`: a recording or a replay can bring that along.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parclose.audit.record import corpus_text
from parclose.engine import verdict_of
from parclose.hooks.edition import Edition
from parclose.hooks.passages import Passage
from parclose.policy.segment import Errors, Segment
from parclose.reasons import Reason
from parclose.shadow import Second
from parclose.stages.walk import Walk
from parclose.verdict import Effect, Verdict, Would


@dataclass(slots=True, kw_only=True)
class Exchange:
    """One request under one edition of the policy, pinned at its first hook.

    `began` is of the monotonic clock, in seconds. `recorded` says that its decision is written down.
    `orphaned` says that the client left before the verdict, `replayed` that mitmproxy sent it again, `edited` that
    edits are allowed and so may have happened, `tunnelled` that it is a CONNECT whose tunnel is open; `passage` is
    what goes through it where TLS stays closed. `would` is the second verdict where it is worth keeping, `second` the
    walk that came to it. `cut` is why it was ended before its time, as `reason` or `reason:detail`.
    """

    flow_id: str
    client_id: str
    edition: Edition
    walk: Walk
    began: float
    verdict: Verdict | None = None
    orphaned: bool = False
    replayed: bool = False
    edited: bool = False
    tunnelled: bool = False
    recorded: bool = False
    passage: Passage | None = None
    line: tuple[Verdict, str] | None = None
    second: Second | None = None
    would: Would | None = None
    cut: str = ""

    def text(self) -> str:
        """Return the corpus line of the verdict, written once and again only where the verdict has changed."""
        verdict = self.conclude()
        if self.line is None or self.line[0] is not verdict:
            self.line = verdict, corpus_text(self.walk, verdict, self.edition.redactor, would=self.would)
        return self.line[1]

    def conclude(self) -> Verdict:
        """Return the verdict, summing up the walk the first time."""
        if self.verdict is None:
            self.verdict = verdict_of(self.walk)
        return self.verdict

    def refuse(self, reason: Reason, detail: str = "", found: str = "") -> Verdict:
        """Refuse for a reason of the proxy's own, whatever the walk says; what the walk found is kept."""
        walk = self.walk
        self.verdict = Verdict(
            effect=Effect.DENY,
            reason=reason,
            status=reason.status,
            stage=reason.stage,
            detail=detail,
            found=found,
            segment=walk.segment.name if walk.segment else "",
            route=walk.route.key if walk.route else "",
            decision=walk.facts.decision,
            revision=walk.policy.revision,
            principal=walk.principal,
            readings=walk.readings,
            charges=tuple(walk.charges),
            client_ip=walk.client_ip,
            country=walk.place.country if walk.place else None,
            trail=tuple(walk.trail),
        )
        return self.verdict

    @property
    def segment(self) -> Segment | None:
        """The segment that the verdict names, or None."""
        return self.walk.policy.segments.get(self.verdict.segment) if self.verdict else None

    @property
    def errors(self) -> Errors:
        """The wording of a denial: the segment's, or the policy's own where there is none or it hides."""
        segment = self.segment
        if segment is None or (self.verdict is not None and self.verdict.concealed):
            return self.walk.policy.settings.errors
        return segment.errors


class Exchanges:
    """The exchanges under way, by flow and by client connection."""

    def __init__(self) -> None:
        """Start with none."""
        self._by_flow: dict[str, Exchange] = {}
        self._by_client: dict[str, dict[str, Exchange]] = {}

    def __len__(self) -> int:
        """Return how many are under way."""
        return len(self._by_flow)

    def __iter__(self) -> Iterator[Exchange]:
        """Yield those under way, as of now."""
        return iter(tuple(self._by_flow.values()))

    def add(self, exchange: Exchange) -> None:
        """Take up an exchange."""
        self._by_flow[exchange.flow_id] = exchange
        self._by_client.setdefault(exchange.client_id, {})[exchange.flow_id] = exchange

    def get(self, flow_id: str) -> Exchange | None:
        """Return the exchange of a flow, or None."""
        return self._by_flow.get(flow_id)

    def end(self, flow_id: str) -> Exchange | None:
        """Let go of an exchange and return it; None when it has ended already: nothing ends twice."""
        exchange = self._by_flow.pop(flow_id, None)
        if exchange is not None:
            held = self._by_client.get(exchange.client_id, {})
            held.pop(flow_id, None)
            if not held:
                self._by_client.pop(exchange.client_id, None)
        return exchange

    def of_client(self, client_id: str) -> tuple[Exchange, ...]:
        """Return the exchanges of a client connection that are under way."""
        return tuple(self._by_client.get(client_id, {}).values())
