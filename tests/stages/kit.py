"""What the tests of the stages share: a world that answers from a table, and a request judged by a policy's text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from textwrap import dedent, indent

from parclose.engine import verdict_of, walk_through
from parclose.facts import Certificate, Facts, Place, Presented, Proof
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.ports import (
    Answer,
    Ask,
    AskAddresses,
    AskBlocked,
    AskCached,
    AskFailure,
    AskOnce,
    AskPlace,
    AskProof,
    AskRelease,
    AskTake,
    Hit,
    Taken,
)
from parclose.stages.walk import Walk
from parclose.testing import policy_from
from parclose.verdict import Charged, Reading

AT = DEFAULT_AT

KEY = "{kty: EC, crv: P-256, kid: %s, use: sig, x: %s, y: %s}"
# A point of which nobody here holds the private half: proofs are answered by the table, never verified.
X, Y = "j7K1S-oy_fq4jO3VZhRa5q2wZGZhvkAvXwfITmwmXEE", "ry0HvK2iM7X5yjiMeUmpfIIVejioTdwMfMz1oiz05x8"

# The cast of every test of the stages; a test writes its own settings and segments.
CAST = f"""
version: 1
name: test
issuers:
  login:
    issuer: https://login.test
    jwks: {{keys: [{KEY % ("a", X, Y)}]}}
    audience: [https://api.test, https://other.test]
    algorithms: [ES256]
    token_type: at+jwt
    claims: {{tenant: org}}
  staff-login:
    issuer: https://sso.test
    jwks: {{keys: [{KEY % ("b", X, Y)}]}}
    audience: [https://api.test]
    algorithms: [ES256]
    max_age: 1h
    claims: {{roles: realm_access.roles, client: [azp, client_id]}}
    require: [subject, client]
api_keys:
  partners:
    header: X-Partners
    keys:
      - {{id: pk_a, hash: "sha256:{"a" * 64}", tenant: acme, scopes: [orders:read], expires: never}}
      - {{id: pk_dated, hash: "sha256:{"b" * 64}", not_before: 2026-06-01T12:00:00Z, expires: 2026-06-01T13:00:00Z}}
      - {{id: pk_vpn, hash: "sha256:{"c" * 64}", zones: [vpn], expires: never}}
      - {{id: pk_role, hash: "sha256:{"d" * 64}", client: hub, roles: [support], attributes: {{plan: paid}},
         expires: never}}
  robots:
    header: X-Robots
    keys:
      - {{id: rk_a, hash: "sha256:{"e" * 64}", expires: never}}
attributes:
  plan: {{claim: plan, values: [free, paid], default: free}}
  region: {{claim: region}}
clients:
  web: [{{token: {{issuer: login, client: [web]}}}}]
  app: [{{token: {{issuer: login, client: ["app-*"]}}}}]
  staff: [{{token: {{issuer: staff-login}}}}]
  partner: [{{api_key: {{store: partners}}}}]
  both: [{{token: {{issuer: login, client: [duo]}}, api_key: {{store: partners}}}}]
  script: {{hint: {{user_agent: ["curl/*", "Bot*"]}}}}
scopes:
  orders:read: {{}}
  orders:write: {{implies: [orders:read]}}
roles:
  support: {{grants: [orders:read]}}
  admin: {{grants: [orders:write]}}
zones:
  office: [198.51.100.0/24, "2001:db8:77::/48"]
  vpn: [10.20.0.0/16]
  balancers: [10.0.0.0/24, "2001:db8:1b::/64"]
  blocked: [192.0.2.0/24]
geo:
  country_db: country.mmdb
  asn_db: asn.mmdb
  sets:
    embargoed: {{countries: [KP], legal: true, link: "https://law.test/"}}
    nordics: [NO, SE]
    hoster: {{asn: [64500]}}
"""


@cache
def policy(segments: str, settings: str = "", more: str = "") -> Policy:
    """Load a policy of the usual cast, with the given segments (and settings, and other sections)."""
    parts = [CAST, dedent(more)]
    if settings:
        parts.append("settings:\n" + indent(dedent(settings), "  "))
    parts.append("segments:\n" + indent(dedent(segments), "  "))
    return policy_from("\n".join(parts), files={"country.mmdb": b"", "asn.mmdb": b""})


@dataclass
class Table:
    """A world of fixed answers, which remembers what it was asked."""

    proofs: Mapping[int, Proof] = field(default_factory=dict)
    places: Mapping[str, Place] = field(default_factory=dict)
    cached: bool = False
    blocked_s: float = 0.0
    addresses: tuple[str, ...] = ("93.184.216.34",)
    room: int = 1_000_000
    asked: list[Ask] = field(default_factory=list)
    counted: Counter[tuple[str, str]] = field(default_factory=Counter)

    def answer(self, ask: Ask) -> Answer:
        """Answer at once."""
        self.asked.append(ask)
        match ask:
            case AskProof():
                return self.proofs[ask.index]
            case AskPlace():
                return self.places.get(ask.address, Place())
            case AskCached():
                return self.cached
            case AskOnce():
                return sum(isinstance(one, AskOnce) and one.name == ask.name for one in self.asked) == 1
            case AskBlocked():
                return self.blocked_s
            case AskAddresses():
                return self.addresses
            case AskTake():
                return self._take(ask)
            case AskRelease():
                return True
            case AskFailure():
                self.counted["failure", ask.hit.key] += 1
                return Charged(seq=len(self.asked), at=ask.at)

    def _take(self, ask: AskTake) -> Taken:
        readings = tuple(self._reading(hit) for hit in ask.hits)
        if all(reading.passed for reading in readings):
            for hit in ask.hits:
                self.counted[hit.limit.id, hit.key] += hit.cost
        return Taken(readings, Charged(seq=len(self.asked), at=ask.at))

    def _reading(self, hit: Hit) -> Reading:
        left = min(self.room, hit.limit.burst) - self.counted[hit.limit.id, hit.key]
        passed = left >= hit.cost
        return Reading(
            name=hit.limit.name,
            limit=hit.limit.id,
            passed=passed,
            quota=hit.limit.count,
            window_s=hit.limit.window_s,
            remaining=left - hit.cost if passed else left,
            reset_s=1.0,
            retry_after_s=0.0 if passed else 0.25,
        )

    def asked_for(self, kind: type[Ask]) -> int:
        """Return how often one kind of question was asked."""
        return sum(isinstance(ask, kind) for ask in self.asked)


def a_token(issuer: str = "login", *, state: str = "ok", typ: str = "at+jwt", **claims: object) -> Proof:
    """Return the proof of a good token that is ten seconds old; a claim of None is left out."""
    given: dict[str, object] = {
        "iss": "https://login.test" if issuer == "login" else "https://sso.test",
        "aud": "https://api.test",
        "sub": "u-1",
        "azp": "web",
        "iat": AT - 10,
        "exp": AT + 600,
        **claims,
    }
    held = {name: value for name, value in given.items() if value is not None}
    return Proof(kind="token", state=state, issuer=issuer, typ=typ, claims=held)


def a_key(store: str, key_id: str, *, state: str = "ok") -> Proof:
    """Return the proof of an API key."""
    return Proof(kind="api_key", state=state, store=store, key_id=key_id)


def a_certificate(*cas: str, state: str = "ok", **more: object) -> Proof:
    """Return the proof of a client certificate that is good for a minute before and after."""
    given: dict[str, object] = {"subject": "CN=robot", "not_before": AT - 60, "not_after": AT + 60, **more}
    certificate = Certificate(cas=cas, **given)  # type: ignore[arg-type]  # the caller names fields as it likes
    return Proof(kind="mtls", state=state, certificate=certificate)


def request(line: str = "GET http://api.test/", *, proofs: Iterable[Proof] = (), **more: object) -> Facts:
    """Return the facts of `METHOD URL`, presenting what `proofs` are of."""
    method, _, url = line.partition(" ")
    scheme, _, rest = url.partition("://")
    host, slash, target = rest.partition("/")
    target = (slash + target).partition("?")[0]
    forward = more.get("kind") == "forward"
    return Facts(
        **{
            "at": AT,
            "decision": "d",
            "listener": "forward" if forward else "reverse",
            "kind": "reverse",
            "method": method,
            "host": host,
            "target": target or "/",
            "peer": "203.0.113.10",
            "scheme": scheme,
            "port": 443,
            "uri_bytes": len(target),
            "presented": tuple(presented(proof, forward=forward) for proof in proofs),
            **more,
        }  # type: ignore[arg-type]
    )


def presented(proof: Proof, *, forward: bool = False) -> Presented:
    """Return how a credential was handed in."""
    if proof.kind == "token":
        return Presented(
            kind="token", place="proxy-authorization" if forward else "authorization", scheme="bearer", text="t"
        )
    if proof.kind == "mtls":
        return Presented(kind="mtls", place="handshake")
    if forward:
        return Presented(kind="api_key", place="proxy-authorization", scheme="basic", store=proof.store, text="k")
    return Presented(kind="api_key", place=f"header x-{proof.store}", store=proof.store, text="k")


def walked(policy: Policy, facts: Facts, world: Table | None = None) -> Walk:
    """Walk a request through every stage."""
    return walk_through(policy, facts, world or Table())


def outcome(walk: Walk) -> str:
    """Return what came of a walk, as `allow @segment` or `403 reason:detail @segment`."""
    verdict = verdict_of(walk)
    segment = f" @{verdict.segment}" if verdict.segment else ""
    if verdict.allowed:
        return f"allow{segment}"
    assert verdict.reason is not None
    detail = f":{verdict.detail}" if verdict.detail else ""
    return f"{verdict.status} {verdict.reason.value}{detail}{segment}"


def judged(policy: Policy, facts: Facts, *proofs: Proof, world: Table | None = None) -> str:
    """Return what comes of a request that presents what `proofs` are of."""
    return outcome(presenting(policy, facts, *proofs, world=world))


def presenting(policy: Policy, facts: Facts, *proofs: Proof, world: Table | None = None) -> Walk:
    """Walk a request that presents what `proofs` are of."""
    forward = facts.kind == "forward"
    if proofs:
        facts = replace(facts, presented=tuple(presented(proof, forward=forward) for proof in proofs))
    world = world or Table()
    world.proofs = world.proofs or dict(enumerate(proofs))
    return walked(policy, facts, world)
