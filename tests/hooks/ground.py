"""A small policy and everything of ours around it, without mitmproxy's loop: for the tests of the addons."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mitmproxy import http

from parclose.audit.journal import Journal
from parclose.audit.redact import Redactor
from parclose.audit.sinks.jsonl import JsonlFile
from parclose.engine import begin
from parclose.facts import Facts, Place, Proof
from parclose.hooks.edition import Edition
from parclose.hooks.exchange import Exchange
from parclose.hooks.metrics import Metrics
from parclose.hooks.service import Service
from parclose.hooks.verdicts import Verdicts
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.ports import Answer, Ask, AskAddresses, AskPlace, AskProof
from parclose.stores.world import OfflineWorld
from parclose.testing import facts, flow, policy_from

KEY_HASH = "sha256:" + "ab" * 32
POLICY = f"""\
version: 1
name: ground
settings:
  listeners:
    edge: {{kind: reverse, port: 8080}}
    out: {{kind: forward, port: 8081}}
  client_ip: {{from: x-forwarded-for, trusted_proxies: [edges]}}
zones: {{edges: [10.0.0.0/8]}}
api_keys:
  partners: {{header: x-api-key, keys: [{{id: globex, hash: "{KEY_HASH}", expires: never}}]}}
  scripts: {{query: key, keys: [{{id: ci, hash: "{KEY_HASH.replace("ab", "cd")}", expires: never}}]}}
clients:
  partner: [{{api_key: {{store: partners}}}}]
  script: [{{api_key: {{store: scripts}}}}]
upstreams:
  billing: {{url: "https://billing.internal:8443", host_header: rewrite}}
segments:
  shop:
    match: {{listeners: [edge], hosts: [api.test], paths: [/shop/**], clients: [partner, script, anonymous]}}
    routes: {{"GET /shop/**": public, "POST /shop/**": public, "GET /shop/mine": authenticated}}
    max_body: 1KiB
    forward:
      credentials: strip
      identity: {{X-Caller: identity.subject, X-Segment: segment}}
      remove: [x-debug]
  billing:
    match: {{listeners: [edge], hosts: [api.test], paths: [/billing/**], clients: [anonymous]}}
    routes: {{"GET /billing/**": public}}
    upstream: billing
  web:
    match: {{listeners: [out], hosts: ["*.example.org"], clients: [anonymous]}}
    routes: {{"any /**": public}}
"""


class World:
    """Answers like an offline one, names and credentials from tables; everybody else is unknown."""

    def __init__(self, *, addresses: Mapping[str, tuple[str, ...]] | None = None, proof: Proof | None = None) -> None:
        """Take what is known."""
        self._offline = OfflineWorld()
        self._addresses = dict(addresses or {})
        self._proof = proof

    def answer(self, ask: Ask) -> Answer:
        """Answer at once."""
        if isinstance(ask, AskPlace):
            return Place()
        if isinstance(ask, AskAddresses):
            return self._addresses.get(ask.host, ())
        if isinstance(ask, AskProof) and self._proof is not None:
            return self._proof
        answer = self._offline.answer(ask)
        assert not hasattr(answer, "__await__")
        return answer


def policy(text: str = POLICY) -> Policy:
    """Return the policy of these tests, or another."""
    return policy_from(text)


def edition(folder: Path, *, text: str = POLICY, world: World | None = None) -> Edition:
    """Return an edition whose ledger is `ledger.jsonl` in a folder."""
    made = policy(text)
    return Edition(
        policy=made,
        world=world or World(),
        journal=Journal(JsonlFile(str(folder / "ledger.jsonl"))),
        redactor=Redactor(made.audit, b"key"),
        since=DEFAULT_AT,
    )


def service(folder: Path, *, text: str = POLICY, world: World | None = None) -> Service:
    """Return a service that is ready."""
    verdicts = Verdicts()
    verdicts.ready = True
    return Service(metrics=Metrics(), verdicts=verdicts, edition=edition(folder, text=text, world=world))


def live(request: str = "GET http://api.test/shop/1", headers: Mapping[str, str] | None = None) -> http.HTTPFlow:
    """Return a live flow as its first hook sees it."""
    return flow(request, headers, live=True)


def forward(request: str, headers: Mapping[str, str] | None = None) -> http.HTTPFlow:
    """Return a live flow of a regular listener."""
    return flow(request, headers, live=True, mode="regular", port=8081)


def exchange(house: Service, about: Facts | None = None, judged: http.HTTPFlow | None = None) -> Exchange:
    """Return an exchange under way, not yet judged."""
    assert house.edition is not None
    made = Exchange(
        flow_id=judged.id if judged else "f",
        client_id=judged.client_conn.id if judged else "c",
        edition=house.edition,
        walk=begin(house.edition.policy, about or facts()),
        began=0.0,
    )
    house.exchanges.add(made)
    return made
