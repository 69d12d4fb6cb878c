"""A policy, and requests recorded under it, for the tests of the replay."""

from __future__ import annotations

from dataclasses import replace

from parclose.audit.record import corpus_line, encode
from parclose.engine import verdict_of, walk_through
from parclose.facts import Facts, Proof
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.replay.record import Record
from parclose.stores.world import OfflineWorld
from parclose.testing import Signer, facts, jwks, policy_from, token_proof

SIGNER = Signer.make()
TEXT = """
    version: 1
    name: replay
    settings: {admission: {per_ip: {rate: 1000/s}}}
    issuers: {login: {issuer: "https://login", jwks_file: keys.json, audience: [api], algorithms: [ES256]}}
    clients: {app: [{token: {issuer: login}}]}
    scopes: {orders:read: {}, orders:write: {}}
    segments:
      shop:
        match: {hosts: [api.test], clients: [app, anonymous]}
        routes:
          "GET /products": public
          "GET /orders": orders:read
          "POST /orders": orders:write
        limits: {steady: {key: subject|ip, rate: 2/10s}}
"""


def policy(text: str = TEXT) -> Policy:
    """Return the policy that the records were made under, or another text."""
    return policy_from(text, {"keys.json": jwks(SIGNER)})


def claims(scope: str = "orders:read", subject: str = "u-1") -> dict[str, object]:
    """Return the claims of a good token."""
    return {
        "iss": "https://login",
        "aud": "api",
        "sub": subject,
        "scope": scope,
        "iat": int(DEFAULT_AT) - 60,
        "exp": int(DEFAULT_AT) + 600,
    }


def token(scope: str = "orders:read", subject: str = "u-1") -> Proof:
    """Return the proof of a good token."""
    return token_proof("login", claims(scope, subject))


REQUESTS: tuple[Facts, ...] = (
    facts("GET http://api.test/products", at=DEFAULT_AT, decision="d1"),
    facts("GET http://api.test/orders", at=DEFAULT_AT + 1, proof=token(), decision="d2"),
    facts("POST http://api.test/orders", at=DEFAULT_AT + 2, proof=token(), decision="d3"),
    facts("GET http://api.test/orders", at=DEFAULT_AT + 3, proof=token(), decision="d4"),
    facts("GET http://api.test/orders", at=DEFAULT_AT + 4, proof=token(), decision="d5"),
    facts("GET http://api.test/nothing", at=DEFAULT_AT + 5, decision="d6"),
)
"""Allowed, allowed, 403, allowed, 429 (the third of two in ten seconds), 404."""


def recorded(text: str = TEXT) -> list[Record]:
    """Return the requests with the verdicts that the policy gave them, one after the other."""
    made, world = policy(text), OfflineWorld()
    found = []
    for number, request in enumerate(REQUESTS, start=1):
        walk = walk_through(made, request, world.of(request))
        found.append(Record(facts=request, source=f"kit:{number}", verdict=verdict_of(walk)))
    return found


def ledger(text: str = TEXT, requests: tuple[Facts, ...] = REQUESTS) -> bytes:
    """Return the requests as the lines of an audit."""
    made, world = policy(text), OfflineWorld()
    lines = []
    for request in requests:
        walk = walk_through(made, request, world.of(request))
        lines.append(encode(corpus_line(walk, verdict_of(walk))))
    return b"".join(lines)


def moved(record: Record, seconds: float) -> Record:
    """Return a record whose request came at another time; where it was charged stays."""
    return replace(record, facts=replace(record.facts, at=record.facts.at + seconds))
