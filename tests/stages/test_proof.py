"""Proofs: times are exact, keys have their time and place, and every state has its answer."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.stages.claims import Bearer
from parclose.stages.proof import bearer_of, judge_times
from parclose.verdict import Principal
from tests.stages.kit import AT, Table, a_key, a_token, judged, policy, presenting, request

SHOP = """
shop:
  match: {clients: [web, staff, partner, anonymous]}
  routes: {"GET /x": authenticated, "GET /public": public}
"""
X = "GET http://api.test/x"


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("ok", "allow @shop"),
        ("bad_signature", "401 token_invalid:bad_signature @shop"),
        ("unknown_key_id", "401 token_invalid:unknown_key_id @shop"),
        ("algorithm", "401 token_invalid:algorithm @shop"),
        ("malformed", "401 token_invalid:malformed @shop"),
        ("unknown_issuer", "401 token_invalid:unknown_issuer @shop"),
        ("unavailable", "503 authn_unavailable @shop"),
        ("other", "401 token_invalid:malformed @shop"),
        ("", "401 token_invalid:malformed @shop"),
    ],
)
def test_each_state_of_a_token_has_its_answer(state: str, expected: str) -> None:
    """Only `ok` is ok; what is not known is refused."""
    assert expected == judged(policy(SHOP), request(X), a_token(state=state))


def test_a_token_of_nobody_we_know_is_refused() -> None:
    """A recorded proof names an issuer that this policy may have dropped."""
    assert judged(policy(SHOP), request(X), a_token("gone", iss=None)) == "401 token_invalid:unknown_issuer @shop"


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        # `login` has the usual leeway of 30 s. A token is good before exp + leeway.
        ({"exp": AT - 29.999}, "allow @shop"),
        ({"exp": AT - 30}, "401 token_invalid:expired @shop"),
        ({"exp": AT - 30.001}, "401 token_invalid:expired @shop"),
        # From nbf - leeway on.
        ({"nbf": AT + 29.999}, "allow @shop"),
        ({"nbf": AT + 30}, "allow @shop"),
        ({"nbf": AT + 30.001}, "401 token_invalid:not_yet_valid @shop"),
        # Issued ahead of us by the leeway at most.
        ({"iat": AT + 29.999}, "allow @shop"),
        ({"iat": AT + 30}, "allow @shop"),
        ({"iat": AT + 30.001}, "401 token_invalid:not_yet_valid @shop"),
        ({"iat": None}, "allow @shop"),
        ({"exp": 0}, "401 token_invalid:expired @shop"),
        ({"exp": -(10**400)}, "401 token_invalid:malformed @shop"),
        ({"exp": 10**400}, "401 token_invalid:malformed @shop"),
    ],
)
def test_times_are_judged_at_the_time_of_the_request(claims: dict[str, Any], expected: str) -> None:
    """Each boundary: one side counts, to the instant."""
    assert expected == judged(policy(SHOP), request(X), a_token(**claims))


@pytest.mark.parametrize(
    ("iat", "expected"),
    [
        (AT - 3629.999, "allow @shop"),
        (AT - 3630, "allow @shop"),
        (AT - 3630.001, "401 token_invalid:expired @shop"),
        (None, "401 token_invalid:missing_claim @shop"),
    ],
)
def test_an_issuer_may_bound_the_age(iat: float | None, expected: str) -> None:
    """`max_age` needs an `iat`, and leaves the leeway on top."""
    assert expected == judged(policy(SHOP), request(X), a_token("staff-login", iat=iat))


def test_a_cached_proof_is_judged_anew() -> None:
    """A token that was good a minute ago is expired now: the memo holds nothing about time."""
    rules, proof = policy(SHOP), a_token(exp=AT + 10)
    assert judged(rules, request(X), proof) == "allow @shop"
    assert proof.memo is not None
    assert judged(rules, request(X, at=AT + 40), proof) == "401 token_invalid:expired @shop"
    assert judged(rules, request(X, at=AT + 39), proof) == "allow @shop"


def test_a_memo_is_of_one_policy() -> None:
    """Caches that forget which policy read a token keep revoked rights alive across a reload."""
    proof = a_token(azp="app-1")
    assert judged(policy(SHOP), request(X), proof) == "403 caller_not_allowed:client @shop"
    other = policy(SHOP.replace("[web,", "[web, app,"))
    assert judged(other, request(X), proof) == "allow @shop"
    assert judged(policy(SHOP), request(X), proof) == "403 caller_not_allowed:client @shop"


def test_an_unfit_token_is_remembered_as_unfit() -> None:
    """The memo of a refusal refuses."""
    rules, proof = policy(SHOP), a_token(aud="https://x.test")
    for _ in range(2):
        assert judged(rules, request(X), proof) == "401 token_invalid:wrong_audience @shop"


def test_the_memo_spares_the_reading() -> None:
    """The same object comes back: nothing is built for a token seen before."""
    rules, proof = policy(SHOP), a_token()
    issuer = rules.issuers["login"]
    assert bearer_of(rules, issuer, proof) is bearer_of(rules, issuer, proof)


def test_times_are_pure() -> None:
    """The judge of times looks at nothing but its arguments."""
    issuer = policy(SHOP).issuers["login"]
    bearer = Bearer(principal=Principal(client_type="web"), expires=100.0, not_before=None, issued=None)
    assert [judge_times(issuer, bearer, at) for at in (129.9, 130.0, 130.1)] == ["", "expired", "expired"]


@pytest.mark.parametrize(
    ("key", "more", "expected"),
    [
        ("pk_a", {}, "allow @shop"),
        ("pk_gone", {}, "401 key_unknown @shop"),
        ("pk_dated", {"at": AT - 0.001}, "401 key_expired:not_yet_valid @shop"),
        ("pk_dated", {"at": AT}, "allow @shop"),
        ("pk_dated", {"at": AT + 0.001}, "allow @shop"),
        ("pk_dated", {"at": AT + 3599.999}, "allow @shop"),
        ("pk_dated", {"at": AT + 3600}, "401 key_expired @shop"),
        ("pk_dated", {"at": AT + 3600.001}, "401 key_expired @shop"),
        ("pk_vpn", {"peer": "10.20.0.1"}, "allow @shop"),
        ("pk_vpn", {"peer": "10.21.0.1"}, "403 zone_denied:api_key @shop"),
        ("pk_vpn", {"peer": ""}, "403 zone_denied:api_key @shop"),
    ],
)
def test_a_key_has_its_time_and_place(key: str, more: dict[str, Any], expected: str) -> None:
    """A key is good from `not_before` on and before `expires`, from its zones only."""
    assert expected == judged(policy(SHOP), request(X, **more), a_key("partners", key))


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("unknown_key", "401 key_unknown @shop"),
        ("unavailable", "503 authn_unavailable @shop"),
        ("bad_signature", "401 key_unknown @shop"),
    ],
)
def test_each_state_of_a_key_has_its_answer(state: str, expected: str) -> None:
    """A known id with a wrong secret is an unknown key."""
    assert expected == judged(policy(SHOP), request(X), a_key("partners", "pk_a", state=state))


def test_an_outage_says_when_to_come_again() -> None:
    """503 is not 401: nobody should throw a good token away."""
    walk = presenting(policy(SHOP), request(X), a_token(state="unavailable"), world=Table())
    assert walk.denial is not None
    assert walk.denial.judgement.hints.retry_after_s == 5


def test_a_bad_credential_is_never_anonymous() -> None:
    """On a public route too: who presents a broken token is refused, not taken for a visitor."""
    line = request("GET http://api.test/public")
    assert judged(policy(SHOP), line) == "allow @shop"
    assert judged(policy(SHOP), line, a_token(state="bad_signature")) == "401 token_invalid:bad_signature @shop"
