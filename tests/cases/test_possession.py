"""Stand-ins that own their tokens: if these fail, a policy that asks for possession cannot be tested, or tests lie."""

from __future__ import annotations

import pytest

from parclose.cases.possession import STAND_IN, bind, own
from parclose.cases.run import run_cases
from parclose.facts import Certificate, Presented, Proof
from parclose.testing import Signer, jwks, policy_from

POLICY = """
version: 1
name: p
issuers:
  login: {issuer: "https://login.test", audience: [p], jwks_file: k.json, algorithms: [ES256], sender_constrained: %s}
clients: {app: [{token: {issuer: login}}]}
segments:
  api:
    match: {clients: [app]}
    routes: {"GET /x": authenticated}
tests:
  - name: caller
    as: {token: {issuer: login, claims: {sub: u, azp: app%s}}}
    checks:
      GET http://api.test/x?a=1: %s
      GET https://api.test:8443/x: %s
"""
KEYS = jwks(Signer.make("ES256"))


def failed(constrained: str, claims: str, expected: str) -> list[str]:
    """Return what came of the checks that did not end as expected."""
    text = POLICY % (constrained, claims, expected, expected)
    return [result.got for result in run_cases(policy_from(text, files={"k.json": KEYS})).failed]


@pytest.mark.parametrize(
    ("constrained", "claims", "expected"),
    [
        ("none", "", "allow"),
        ("dpop", "", "allow"),
        ("mtls", "", "allow"),
        ("either", "", "allow"),
        ("none", ", cnf: {jkt: k}", "allow"),
        ("none", ", cnf: {jkt: k, x5t#S256: t}", "allow"),
        ("dpop", ", cnf: {x5t#S256: t}", "401 proof_invalid"),
        ("mtls", ", cnf: {jkt: k}", "401 proof_invalid"),
        ("none", ", cnf: {kid: k}", "401 proof_invalid"),
    ],
)
def test_a_persona_owns_its_token(constrained: str, claims: str, expected: str) -> None:
    """What it does not write is filled in; what it writes is held against the policy."""
    assert failed(constrained, claims, expected) == []


@pytest.mark.parametrize(
    ("constrained", "claims", "expected"),
    [
        ("none", {}, {}),
        ("dpop", {}, {"cnf": {"jkt": STAND_IN}}),
        ("either", {}, {"cnf": {"jkt": STAND_IN}}),
        ("mtls", {"sub": "u"}, {"sub": "u", "cnf": {"x5t#S256": STAND_IN}}),
        ("mtls", {"cnf": {}}, {"cnf": {}}),
    ],
)
def test_what_a_token_must_name(constrained: str, claims: dict[str, object], expected: dict[str, object]) -> None:
    """The key that its issuer would put in."""
    assert bind(constrained, claims) == expected


def test_a_certificate_of_the_persona_is_the_one() -> None:
    """No second one is shown beside it, and nothing else of it changes; to a proxy no DPoP is spoken."""
    token = Proof(kind="token", state="ok", claims={"cnf": {"x5t#S256": "t", "jkt": "k"}})
    certificate = Proof(kind="mtls", state="ok", certificate=Certificate(cas=("corp",), subject="CN=a"))
    shown = [
        (Presented(kind="token", place="proxy-authorization", scheme="bearer"), token),
        (Presented(kind="mtls", place="handshake"), certificate),
    ]
    found = own(list(shown), method="GET", url="http://x/", at=1.0)
    assert found[0] == shown[0]
    printed = Certificate(cas=("corp",), subject="CN=a", thumbprint="t")
    assert found[1:] == [(shown[1][0], Proof(kind="mtls", state="ok", certificate=printed))]
