"""The first of our addons on each request: pins the policy, makes the facts, starts the walk."""

from __future__ import annotations

import time
from dataclasses import replace

from mitmproxy import connection, http

from parclose.engine import begin
from parclose.hooks.decision_id import DecisionIds
from parclose.hooks.edition import Edition
from parclose.hooks.exchange import Exchange
from parclose.hooks.facts_of import facts_of, with_certificate, with_claim
from parclose.hooks.handshakes import Shown, asking_of
from parclose.hooks.service import Service
from parclose.reasons import Reason


class Intake:
    """Takes requests in. Loaded flows (not `live`) are left to the inspector, which only shows."""

    name = "intake"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service
        self._ids = DecisionIds()

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Pin the policy in force and start the walk; refuse where there is none, or the service is not ready."""
        if not flow.live:
            return
        service, edition = self._service, self._service.edition
        if edition is None:
            service.refuse(flow, None, Reason.POLICY_UNAVAILABLE)
            return
        replayed = flow.is_replay == "request"
        shown = None if replayed else service.handshakes.of(flow.client_conn.id)
        facts = facts_of(
            flow,
            edition.policy,
            decision=self._ids.make(flow.request.timestamp_start),
            tunnel=service.tunnels.of(flow.client_conn.id),
            replayed=replayed,
        )
        facts = with_certificate(facts, shown.text if shown is not None else None)
        facts = with_claim(facts, edition.policy, "" if replayed else service.claims.of(flow.client_conn.id))
        if _lacks_certificate(edition, flow.client_conn, shown):
            facts = replace(facts, faults=(*facts.faults, f"{Reason.PROTOCOL_DENIED.value}:client_cert"))
        exchange = Exchange(
            flow_id=flow.id,
            client_id=flow.client_conn.id,
            edition=edition,
            walk=begin(edition.policy, facts),
            began=time.perf_counter(),
            replayed=replayed,
            edited=service.edit,
        )
        service.exchanges.add(exchange)
        if service.state != "ready":
            exchange.refuse(Reason.NOT_READY, detail=service.state)
        elif replayed and not service.edit:
            # The recorded peer would be believed, and the request really goes upstream.
            exchange.refuse(Reason.PROTOCOL_DENIED, detail="replay", found="a flow sent again from the console")

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Start the walk of a CONNECT."""
        self.requestheaders(flow)

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget the tunnel of a client that has gone."""
        self._service.tunnels.close(client.id)
        self._service.passages.close(client.id)


def _lacks_certificate(edition: Edition, client: connection.Client, shown: Shown | None) -> bool:
    """Whether a request came without the handshake that its listener requires: in the clear, or from before a reload.

    What came in without TLS had no handshake to fail.
    """
    asked = asking_of(edition, client)
    return asked is not None and asked.mode == "require" and (shown is None or not shown.verified)
