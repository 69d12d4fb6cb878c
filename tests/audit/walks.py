"""A walk with everything in it, and small policies, for the tests of what is kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from parclose.facts import Facts, Place, Presented, Proof
from parclose.policy.identity import Clients
from parclose.policy.model import Policy, Settings
from parclose.stages.walk import Walk
from parclose.verdict import Charged, Effect, Principal, Verdict

AT = 1_780_315_200.123456717
SECRET = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1LTEifQ.c2lnbmF0dXJl"


def bare_policy(**fields: Any) -> Policy:
    """Return a policy with nothing in it but what is given; its indexes are never asked."""
    nothing = cast("Any", None)
    return Policy(
        **(
            {
                "name": "shop",
                "revision": "7c1f09a1b2c3",
                "path": "policy.yaml",
                "files": (),
                "settings": Settings(listeners=()),
                "zones": nothing,
                "surfaces": nothing,
                "segments": {},
            }
            | fields
        )
    )


def full_walk(claims: Mapping[str, object] | None = None, **facts: Any) -> Walk:
    """Return the walk of an allowed request with a token."""
    members: dict[str, Any] = {
        "at": AT,
        "decision": "01JN3K",
        "listener": "edge",
        "kind": "reverse",
        "method": "GET",
        "host": "api.acme.example",
        "target": "/v1/orders/7",
        "peer": "203.0.113.10",
        "scheme": "https",
        "port": 443,
        "tls": True,
        "uri_bytes": 12,
        "user_agent": "curl/8",
        "presented": (Presented(kind="token", place="authorization", scheme="bearer", text=SECRET),),
    } | facts
    made = Facts(**members)
    proof = Proof(
        kind="token",
        state="ok",
        issuer="login",
        typ="at+jwt",
        claims=claims
        or {"iss": "https://login", "sub": "u-1", "exp": AT + 60, "plan": "free", "scope": "a b", "email": "x@y"},
        cached=True,
    )
    return Walk(
        policy=bare_policy(
            claims_read=frozenset({("sub",), ("plan",), ("scope",)}), clients=Clients(hints={"script": ("curl/*",)})
        ),
        facts=made,
        client_ip="203.0.113.10",
        place=Place(country="DE", asn=64500),
        proofs=[proof] if made.presented else [],
    )


def allowed(walk: Walk) -> Verdict:
    """Return a verdict that lets the walk through."""
    return Verdict(
        effect=Effect.ALLOW,
        reason=None,
        status=200,
        stage="",
        segment="web-free",
        route="GET /v1/orders/{id:int}",
        decision=walk.facts.decision,
        revision=walk.policy.revision,
        principal=Principal(client_type="web-app", subject="u-1"),
        charges=(Charged(7, AT), Charged(8, AT)),
        client_ip=walk.client_ip,
    )
