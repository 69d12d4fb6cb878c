"""Credentials: the kind, the issuer, the age and the strength that the route asks for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from parclose.facts import Proof
from parclose.policy.segment import Authn
from parclose.stages.credential import proves
from parclose.verdict import Principal
from tests.stages.kit import AT, a_key, a_token, judged, policy, presenting, request, walked

X = "GET http://api.test/x"
BOTH = (a_token(), a_key("partners", "pk_a"))
OTHER = (a_token(), a_key("robots", "rk_a"))
NOT_KIND = "401 credential_not_accepted:kind @shop"


def shop(authn: str, clients: str = "any, unrecognized, anonymous") -> str:
    """Return a segment with a demand on credentials."""
    return f"""
    shop:
      match: {{clients: [{clients}]}}
      authn: {authn}
      routes: {{"GET /x": authenticated, "GET /public": public}}
    """


@pytest.mark.parametrize(
    ("authn", "proofs", "expected"),
    [
        ("{accept: [token]}", (), "401 credential_missing @shop"),
        ("{accept: [token]}", (a_token(),), "allow @shop"),
        ("{accept: [api_key]}", (a_key("partners", "pk_a"),), "allow @shop"),
        ("{accept: [token, api_key]}", (a_key("partners", "pk_a"),), "allow @shop"),
        ("{accept: [token+api_key]}", (a_token(),), NOT_KIND),
        ("{accept: [token+api_key]}", (a_key("partners", "pk_a"),), NOT_KIND),
        ("{accept: [token+api_key]}", BOTH, "allow @shop"),
        ("{accept: [token], issuers: [login]}", (a_token(),), "allow @shop"),
        ("{accept: [token], issuers: [staff-login]}", (a_token(),), "401 issuer_not_accepted @shop"),
        ("{accept: [token+api_key, api_key], issuers: [staff-login]}", BOTH, "allow @shop"),
        ("{accept: [token+api_key], key_stores: [partners]}", OTHER, NOT_KIND),
    ],
)
def test_the_proof_is_of_the_kind_asked_for(authn: str, proofs: tuple[Proof, ...], expected: str) -> None:
    """Any of the alternatives, each with all its kinds, from the issuers and stores named."""
    assert expected == judged(policy(shop(authn)), request(X), *proofs)


@pytest.mark.parametrize(
    ("age", "expected"),
    [(899.999, "allow @shop"), (900, "allow @shop"), (900.001, "401 token_too_old @shop")],
)
def test_a_token_may_be_too_old(age: float, expected: str) -> None:
    """A token of exactly `max_token_age` is young enough; there is no leeway on a bound of one's own."""
    rules = policy(shop("{accept: [token, api_key], max_token_age: 15m}"))
    assert expected == judged(rules, request(X), a_token(iat=AT - age))


def test_a_token_that_hides_its_age_is_too_old() -> None:
    """What cannot be judged is refused; an API key has no age."""
    rules = policy(shop("{accept: [token, api_key], max_token_age: 15m}"))
    assert judged(rules, request(X), a_token(iat=None)) == "401 token_too_old @shop"
    assert judged(rules, request(X), a_key("partners", "pk_a")) == "allow @shop"


@pytest.mark.parametrize(
    ("authn", "claims", "expected"),
    [
        ("{accept: [token], amr: [otp]}", {"amr": ["pwd", "otp"]}, "allow @shop"),
        ("{accept: [token], amr: [otp, pwd]}", {"amr": ["otp"]}, "401 step_up_required:amr @shop"),
        ("{accept: [token], amr: [otp]}", {}, "401 step_up_required:amr @shop"),
        ("{accept: [token], amr: [otp]}", {"amr": "otp"}, "401 step_up_required:amr @shop"),
        ("{accept: [token], acr: [high, higher]}", {"acr": "higher"}, "allow @shop"),
        ("{accept: [token], acr: [high]}", {"acr": "low"}, "401 step_up_required:acr @shop"),
        ("{accept: [token], acr: [high]}", {}, "401 step_up_required:acr @shop"),
        ("{accept: [token], acr: [high]}", {"acr": ["high"]}, "401 step_up_required:acr @shop"),
    ],
)
def test_a_login_may_be_too_weak(authn: str, claims: dict[str, Any], expected: str) -> None:
    """All methods of `amr`, one class of `acr`; a claim of another type proves nothing."""
    assert expected == judged(policy(shop(authn)), request(X), a_token(**claims))


def test_public_routes_ask_for_no_kind() -> None:
    """Whoever presents something good there passes, whatever it is."""
    rules = policy(shop("{accept: [token+api_key], max_token_age: 1s}"))
    assert judged(rules, request("GET http://api.test/public"), a_token()) == "allow @shop"


def test_what_is_accepted_may_be_nothing() -> None:
    """A rule that accepts no kind accepts nobody."""
    walk = walked(policy(shop("{accept: [token]}")), request("GET http://api.test/public"))
    token = Principal(client_type="web", kinds=frozenset({"token"}))
    assert not proves(Authn(), token, walk)
    assert proves(Authn(accept=(frozenset({"token"}),)), token, walk)
    assert not proves(Authn(accept=(frozenset({"api_key"}),)), token, walk)
    assert proves(Authn(), replace(token, client_type="anonymous", kinds=frozenset()), walk)


@pytest.mark.parametrize(
    ("authn", "proofs", "error", "schemes"),
    [
        ("{accept: [token]}", (), "", ("bearer",)),
        ("{accept: [token, api_key]}", (), "", ("bearer", "api_key")),
        ("{accept: [token], issuers: [staff-login]}", (a_token(),), "invalid_token", ("bearer",)),
        ("{accept: [token], max_token_age: 1s}", (a_token(),), "invalid_token", ("bearer",)),
        ("{accept: [token], acr: [high]}", (a_token(),), "insufficient_user_authentication", ("bearer",)),
    ],
)
def test_a_challenge_names_what_would_do(
    authn: str, proofs: tuple[Proof, ...], error: str, schemes: tuple[str, ...]
) -> None:
    """RFC 6750: no error code where nothing was presented; RFC 9470 for a stronger login."""
    walk = presenting(policy(shop(authn)), request(X), *proofs)
    assert walk.denial is not None
    assert (walk.denial.judgement.hints.error, walk.denial.judgement.hints.schemes) == (error, schemes)
