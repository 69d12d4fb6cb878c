"""What our addons share while the proxy runs: the edition in force, the state of the service, what is under way."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field

from mitmproxy import http

from parclose.hooks.answers import answer
from parclose.hooks.early_answer import answer_early
from parclose.hooks.edition import Edition
from parclose.hooks.exchange import Exchange, Exchanges
from parclose.hooks.handshakes import Handshakes
from parclose.hooks.metrics import Metrics
from parclose.hooks.passages import Passages
from parclose.hooks.proxy_protocol import Claims
from parclose.hooks.published_keys import PublishedKeys
from parclose.hooks.query_keys import names_of, without
from parclose.hooks.resource_metadata import metadata_response
from parclose.hooks.tunnels import Tunnels
from parclose.hooks.verdicts import Verdicts
from parclose.hooks.wire import kind_of
from parclose.policy.segment import Errors
from parclose.reasons import Reason
from parclose.verdict import Verdict

logger = logging.getLogger(__name__)

PLAIN = Errors()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """A policy that was refused while another one is in force: when (epoch seconds), and what was found, one a line."""

    at: float
    findings: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Service:
    """The state that all addons share. Everything in it lives and dies with this process.

    `edit` allows edits and replays from the console. `serves` is false where mitmproxy only reads a recording, which
    must leave no trace: no admin port, no line about the policy.
    """

    metrics: Metrics
    verdicts: Verdicts
    edition: Edition | None = None
    rejected: Rejected | None = None
    edit: bool = False
    serves: bool = True
    exchanges: Exchanges = field(default_factory=Exchanges)
    tunnels: Tunnels = field(default_factory=Tunnels)
    published: PublishedKeys = field(default_factory=PublishedKeys)
    handshakes: Handshakes = field(default_factory=Handshakes)
    claims: Claims = field(default_factory=Claims)
    passages: Passages = field(default_factory=Passages)

    @property
    def state(self) -> str:
        """Whether requests are served: `starting`, `ready` or `draining`; all but `ready` answer 503."""
        return "draining" if self.verdicts.draining else "ready" if self.verdicts.ready else "starting"

    def max_message_bytes(self, flow: http.HTTPFlow) -> int:
        """Return how long a message of a WebSocket may be."""
        exchange = self.exchanges.get(flow.id)
        policy = exchange.edition.policy if exchange is not None else None
        return policy.settings.max_message_bytes if policy is not None else 0

    def refuse(self, flow: http.HTTPFlow, exchange: Exchange | None, reason: Reason) -> None:
        """Answer a request that is refused: by the exchange's verdict, or for `reason` where there is none."""
        self.verdicts.deny(flow)
        answer_early(flow, self.answer_to(flow, exchange, reason))

    def publish(self, flow: http.HTTPFlow, exchange: Exchange) -> None:
        """Answer an allowed request for a document of our own; nothing of it is forwarded."""
        self.verdicts.deny(flow)
        answer_early(flow, metadata_response(exchange.walk))

    def answer_to(self, flow: http.HTTPFlow, exchange: Exchange | None, reason: Reason) -> http.Response:
        """Word a denial: the exchange's verdict, or `reason` where there is no exchange to have one."""
        if exchange is not None:
            # Whoever prints or records the refused request must not have its key.
            flow.request.data.path = without(flow.request.data.path, names_of(exchange.walk.facts.presented))
        verdict = exchange.verdict if exchange is not None and exchange.verdict is not None else None
        if verdict is None or verdict.allowed:
            verdict = Verdict(reason=reason, status=reason.status, stage=reason.stage)
        made = answer(
            verdict,
            exchange.errors if exchange is not None else PLAIN,
            kind=kind_of(flow.client_conn.proxy_mode),
            head=flow.request.method == "HEAD",
        )
        if flow.request.method == "CONNECT" or verdict.status == 503:
            # A refused CONNECT would leave the connection usable, and with it what was smuggled behind it.
            made.headers["Connection"] = "close"
        return made

    def refusal(self, flow: http.HTTPFlow) -> http.Response:
        """Refuse an exchange whose hook failed; what the guard answers."""
        exchange = self.exchanges.get(flow.id)
        if exchange is not None:
            exchange.refuse(Reason.INTERNAL_ERROR)
        return self.answer_to(flow, exchange, Reason.INTERNAL_ERROR)
