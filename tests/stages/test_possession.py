"""Tokens that name a key: if these fail, a stolen one is as good as the owner's, or owners are locked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from parclose.engine import verdict_of
from parclose.facts import Facts, Possession, Presented
from parclose.policy.model import Policy
from parclose.ports import AskFailure
from parclose.stages.possession import PROOF_LIFE_S
from tests.stages.kit import AT, Table, a_certificate, a_token, judged, outcome, policy, request, walked

SEGMENTS = """
shop:
  match: {hosts: [api.test], clients: [web]}
  authn: {accept: [token]}
  routes: {"GET /x/**": authenticated, "POST /x": authenticated}
"""
HERE = "GET http://api.test/x/a%7Eb"
GOOD = Possession(
    state="ok", jkt="key-1", htm="GET", htu="https://api.test/x/a~b", iat=AT, once="once-1", of_token=True
)
BOUND: Mapping[str, Any] = {"cnf": {"jkt": "key-1"}}


def rules(constrained: str = "none") -> Policy:
    """Return the usual policy, its issuer's tokens constrained so."""
    made = policy(SEGMENTS)
    issuers = dict(made.issuers)
    issuers["login"] = replace(issuers["login"], sender_constrained=constrained)
    return replace(made, issuers=issuers)


def facts(line: str = HERE, scheme: str = "dpop", **more: Any) -> Facts:
    """Return a request with a token."""
    return replace(request(line), presented=(Presented(kind="token", place="authorization", scheme=scheme),), **more)


def world_of(shown: Possession | None, claims: Mapping[str, Any] = BOUND) -> Table:
    """Return a world in which the token is good, and its DPoP proof shows this."""
    return Table(proofs={0: replace(a_token(**claims), possession=shown)})


def held(made: Facts, shown: Possession | None, claims: Mapping[str, Any] = BOUND, constrained: str = "none") -> str:
    """Return what comes of it."""
    return outcome(walked(rules(constrained), made, world_of(shown, claims)))


OK, NO = "allow @shop", "401 proof_invalid:dpop @shop"


@pytest.mark.parametrize(
    ("scheme", "claims", "shown", "constrained", "expected"),
    [
        ("bearer", {}, None, "none", OK),
        ("dpop", BOUND, GOOD, "none", OK),
        ("dpop", BOUND, GOOD, "dpop", OK),
        ("dpop", BOUND, GOOD, "either", OK),
        ("dpop", BOUND, GOOD, "mtls", "401 proof_invalid:certificate @shop"),
        ("bearer", BOUND, GOOD, "none", NO),
        ("bearer", BOUND, None, "none", NO),
        ("dpop", BOUND, None, "none", NO),
        ("dpop", {}, GOOD, "none", NO),
        ("bearer", {}, None, "dpop", NO),
        ("bearer", {}, None, "either", NO),
        ("bearer", {}, None, "mtls", "401 proof_invalid:certificate @shop"),
        ("dpop", {"cnf": {"jkt": "key-2"}}, GOOD, "none", NO),
        ("dpop", {"cnf": {"jkt": ["key-1"]}}, GOOD, "none", NO),
        ("dpop", {"cnf": {"jkt": "key-1", "kid": "x"}}, GOOD, "none", NO),
        ("bearer", {"cnf": {"jwk": {}}}, None, "none", NO),
        ("bearer", {"cnf": {}}, None, "none", NO),
        ("bearer", {"cnf": "x"}, None, "none", NO),
        ("bearer", {"cnf": []}, None, "none", NO),
        ("bearer", {"cnf": {"x5t#S256": "print-1"}}, None, "none", "401 proof_invalid:certificate @shop"),
        ("dpop", {"cnf": {"x5t#S256": "print-1", "jkt": "key-1"}}, GOOD, "none", "401 proof_invalid:certificate @shop"),
    ],
)  # fmt: skip
def test_a_token_is_held_to_its_key(
    scheme: str, claims: Mapping[str, Any], shown: Possession | None, constrained: str, expected: str
) -> None:
    """Whatever the policy says of it; and what nobody here knows how to hold it to is refused."""
    assert held(facts(scheme=scheme), shown, claims, constrained) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, OK),
        ({"state": "bad_signature"}, NO),
        ({"state": "malformed"}, NO),
        ({"of_token": False}, NO),
        ({"htm": "POST"}, NO),
        ({"htm": "get"}, NO),
        ({"iat": AT - PROOF_LIFE_S}, OK),
        ({"iat": AT - PROOF_LIFE_S - 0.01}, NO),
        ({"iat": AT + 30.0}, OK),
        ({"iat": AT + 30.01}, NO),
    ],
)
def test_a_proof_is_of_this_request_and_of_now(change: dict[str, Any], expected: str) -> None:
    """Method, token and time, the boundaries included."""
    assert held(facts(), replace(GOOD, **change)) == expected


@pytest.mark.parametrize(
    ("htu", "good"),
    [
        ("https://api.test/x/a~b", True),
        ("http://api.test/x/a~b", True),
        ("HTTPS://API.test/x/a%7eb", True),
        ("https://api.test:443/x/a~b", True),
        ("http://api.test:80/x/a~b", True),
        ("https://api.test:8443/x/a~b", False),
        ("https://api.test/x/a~b/", False),
        ("https://api.test/x/A~b", False),
        ("https://api.test/x", False),
        ("https://api.test", False),
        ("https://other.test/x/a~b", False),
        ("https://u@api.test/x/a~b", False),
        ("ftp://api.test/x/a~b", False),
        ("/x/a~b", False),
        ("https://api.test:99999/x/a~b", False),
        ("https://[api.test/x/a~b", False),
    ],
)
def test_a_proof_is_of_this_address(htu: str, good: bool) -> None:
    """In any spelling of it; TLS may have ended before us, so `https` is as good as what we see."""
    assert held(facts(port=80), replace(GOOD, htu=htu)) == (OK if good else NO)


def test_a_proof_is_of_its_scheme_and_port() -> None:
    """Over TLS nobody may have meant plain HTTP; a port that is not the scheme's own must be named."""
    assert held(facts(scheme="dpop", port=8443), replace(GOOD, htu="https://api.test:8443/x/a~b")) == OK
    assert held(facts(port=8443), GOOD) == NO
    over_tls = replace(facts(port=443), scheme="https")
    assert held(over_tls, GOOD) == OK
    assert held(over_tls, replace(GOOD, htu="http://api.test/x/a~b")) == NO


def test_a_proof_counts_once() -> None:
    """The second time it is a copy; and what is refused for another reason is not used up."""
    world = world_of(replace(GOOD, htm="PUT"))
    assert outcome(walked(rules(), facts(), world)) == NO
    world.proofs = world_of(GOOD).proofs
    assert [outcome(walked(rules(), facts(), world)) for _ in range(2)] == [OK, NO]


@pytest.mark.parametrize("state", ["ok", "untrusted"])
def test_a_certificate_of_the_connection_frees_a_token_bound_to_it(state: str) -> None:
    """RFC 8705 section 3: its thumbprint is what counts, and not who issued it."""
    bound = a_token(cnf={"x5t#S256": "print-1"})
    for thumbprint, expected in (("print-1", OK), ("print-2", "401 proof_invalid:certificate @shop")):
        proofs = (bound, a_certificate("corp", thumbprint=thumbprint, state=state))
        for constrained in ("none", "mtls", "either"):
            assert judged(rules(constrained), request(HERE), *proofs) == expected


def test_a_proof_that_fails_counts_as_a_guess() -> None:
    """Who tries stolen tokens is blocked in the end."""
    world = world_of(None)
    made = policy(SEGMENTS, "admission: {failed_auth: {key: ip, rate: 1/min, block: 5m}}")
    assert outcome(walked(made, facts(), world)) == NO
    assert world.asked_for(AskFailure) == 1


def test_what_the_client_is_told() -> None:
    """What is wrong with the proof, or that the token wants another one."""
    for shown, error in ((None, "invalid_dpop_proof"), (replace(GOOD, jkt="key-9"), "invalid_token")):
        verdict = verdict_of(walked(rules(), facts(), world_of(shown)))
        assert (verdict.hints.schemes, verdict.hints.error) == (("dpop",), error)
