"""Tokens that name a key: if these fail, a stolen one is as good as the owner's, or owners are locked out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from parclose.engine import verdict_of
from parclose.facts import Facts, Possession, Presented, Proof
from parclose.policy.model import Policy
from parclose.ports import AskFailure, AskOnce
from parclose.stages.possession import PROOF_LIFE_S
from tests.stages.kit import AT, Table, a_certificate, a_token, judged, outcome, policy, presenting, request, walked

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
    over_tls = replace(facts(port=443), scheme="https", tls=True)
    assert held(over_tls, GOOD) == OK
    assert held(over_tls, replace(GOOD, htu="http://api.test/x/a~b")) == NO
    to_an_upstream_over_tls = replace(facts(port=443), scheme="https")
    assert held(to_an_upstream_over_tls, replace(GOOD, htu="http://api.test/x/a~b")) == OK


def test_a_proof_counts_once() -> None:
    """The second time it is a copy; and what is refused for another reason is not used up."""
    world = world_of(replace(GOOD, htm="PUT"))
    assert outcome(walked(rules(), facts(), world)) == NO
    world.proofs = world_of(GOOD).proofs
    assert [outcome(walked(rules(), facts(), world)) for _ in range(2)] == [OK, NO]


@pytest.mark.parametrize(
    ("state", "thumbprint", "good"),
    [
        ("ok", "print-1", True),
        ("ok", "print-2", False),
        ("untrusted", "print-1", True),
        ("untrusted", "print-2", False),
        ("untrusted", "", False),
        ("revoked", "print-1", False),
        ("other", "print-1", False),
    ],
)
@pytest.mark.parametrize("constrained", ["none", "mtls", "either"])
def test_a_certificate_of_the_connection_frees_a_token_bound_to_it(
    state: str, thumbprint: str, good: bool, constrained: str
) -> None:
    """RFC 8705 sections 3 and 4: its thumbprint is what counts, not who issued it, nor that a rule asks for one."""
    bound, shown = a_token(cnf={"x5t#S256": "print-1"}), a_certificate("corp", state=state, thumbprint=thumbprint)
    walk = presenting(rules(constrained), request(HERE), bound, shown)
    assert outcome(walk) == (OK if good else "401 proof_invalid:certificate @shop")
    assert walk.proofs == [bound, shown]  # kept, so that a replay knows


def test_a_proof_that_fails_counts_as_a_guess() -> None:
    """Who tries stolen tokens is blocked in the end."""
    world = world_of(None)
    made = policy(SEGMENTS, "admission: {failed_auth: {key: ip, rate: 1/min, block: 5m}}")
    assert outcome(walked(made, facts(), world)) == NO
    assert world.asked_for(AskFailure) == 1


def test_whose_first_showing_nobody_knows_is_not_guessing() -> None:
    """A store that is full or away is an outage: refused, to be tried again, and nobody is blocked for it."""
    made = policy(SEGMENTS, "admission: {failed_auth: {key: ip, rate: 1/min, block: 5m}}")
    world = world_of(GOOD)
    world.first = None
    assert outcome(walked(made, facts(), world)) == "503 authn_unavailable @shop"
    assert world.asked_for(AskFailure) == 0


def test_no_certificate_frees_no_token() -> None:
    """Neither does one of which nothing is known."""
    bound = a_token(cnf={"x5t#S256": ""})
    assert judged(rules(), request(HERE), bound) == "401 proof_invalid:certificate @shop"
    assert (
        judged(rules(), request(HERE), bound, Proof(kind="mtls", state="ok")) == "401 proof_invalid:certificate @shop"
    )


def test_a_key_and_a_certificate_are_both_asked_for() -> None:
    """A token that names two is held to two."""
    bound = {"cnf": {"jkt": "key-1", "x5t#S256": "print-1"}}
    assert held(facts(), GOOD, bound) == "401 proof_invalid:certificate @shop"


@pytest.mark.parametrize(("scheme", "offered"), [("dpop", "dpop"), ("bearer", "bearer")])
def test_who_speaks_dpop_is_answered_in_it(scheme: str, offered: str) -> None:
    """RFC 9449 section 7.1: also where the token itself is bad."""
    walk = walked(rules(), facts(scheme=scheme), world_of(GOOD, {**BOUND, "exp": AT - 100}))
    assert walk.denial is not None
    assert (walk.denial.judgement.detail, walk.denial.judgement.hints.schemes) == ("expired", (offered,))


def test_what_a_good_token_lacks_is_said_in_its_scheme() -> None:
    """An error of the scheme that was not spoken would go unheard."""
    made = policy(SEGMENTS.replace('"POST /x": authenticated', '"GET /w": orders:write'))
    shown = replace(GOOD, htu="https://api.test/w")
    walk = walked(made, facts("GET http://api.test/w"), world_of(shown))
    assert outcome(walk) == "403 scope_missing @shop"
    assert verdict_of(walk).hints.schemes == ("dpop",)


@pytest.mark.parametrize(
    ("asked", "change", "expected"),
    [
        (False, {}, OK),
        (True, {"fresh": True}, OK),
        (True, {}, "401 proof_invalid:nonce_required @shop"),
        (True, {"htm": "PUT"}, NO),
    ],
)
def test_a_nonce_is_asked_for_where_the_policy_says_so(asked: bool, change: dict[str, Any], expected: str) -> None:
    """RFC 9449 section 9: the answer brings it; nobody is blocked for what it could not know."""
    made = policy(SEGMENTS, "admission: {failed_auth: {key: ip, rate: 1/min, block: 5m}}")
    made = replace(made, issuers={"login": replace(made.issuers["login"], dpop_nonce=asked)})
    world = world_of(replace(GOOD, offer="n-1", **change))
    walk = walked(made, facts(), world)
    assert outcome(walk) == expected
    assert world.asked_for(AskFailure) == (1 if expected == NO else 0)
    if "nonce" in expected:
        hints = verdict_of(walk).hints
        assert (hints.schemes, hints.error, hints.nonce) == (("dpop",), "use_dpop_nonce", "n-1")
        assert world.asked_for(AskOnce) == 0


def test_what_the_client_is_told() -> None:
    """What is wrong with the proof, or that the token wants another one."""
    for shown, error in ((None, "invalid_dpop_proof"), (replace(GOOD, jkt="key-9"), "invalid_token")):
        verdict = verdict_of(walked(rules(), facts(), world_of(shown)))
        assert (verdict.hints.schemes, verdict.hints.error) == (("dpop",), error)
