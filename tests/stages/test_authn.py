"""Authentication: what is presented is proven or refused; what nobody here takes is refused unproven."""

from __future__ import annotations

import pytest

from parclose.facts import Presented, Proof
from parclose.ports import AskFailure, AskProof
from parclose.reasons import COUNTED_AS_FAILED_AUTH
from tests.stages.kit import Table, a_key, a_token, judged, outcome, policy, presenting, request, walked

SHOP = """
shop:
  match: {clients: [web, partner, both, anonymous]}
  routes: {"GET /x": authenticated, "GET /public": public, "GET /open": open}
plain:
  match: {hosts: [plain.test], clients: [anonymous]}
  routes: {"any /**": public}
keys:
  match: {hosts: [keys.test], clients: [partner, anonymous]}
  authn: {key_stores: [partners]}
  routes: {"any /**": public}
"""
OUT = """
out:
  match: {listeners: [forward], hosts: [far.example], clients: [web, partner]}
  routes: {"GET /x": authenticated}
"""
FORWARD = "listeners: {forward: {port: 3128, kind: forward}}"
X, PUBLIC, OPEN = (f"GET http://api.test/{name}" for name in ("x", "public", "open"))


@pytest.mark.parametrize(
    ("line", "scheme", "expected"),
    [
        (X, "basic", "401 credential_not_accepted:scheme @shop"),
        (PUBLIC, "basic", "401 credential_not_accepted:scheme @shop"),
        (PUBLIC, "digest", "401 credential_not_accepted:scheme @shop"),
        (OPEN, "basic", "allow @shop"),
    ],
)
def test_a_scheme_that_nobody_takes_is_refused(line: str, scheme: str, expected: str) -> None:
    """Any `Authorization` is looked at, except on open routes, where it passes untouched."""
    handed = Presented(kind="other", place="authorization", scheme=scheme)
    world = Table()
    assert expected == outcome(walked(policy(SHOP), request(line, presented=(handed,)), world))
    assert world.asked_for(AskProof) == 0


def test_a_token_where_nobody_takes_tokens_is_refused_unproven() -> None:
    """No crypto for a credential that cannot help."""
    world = Table()
    assert judged(policy(SHOP), request("GET http://plain.test/"), a_token(), world=world) == (
        "401 credential_not_accepted:scheme @plain"
    )
    assert judged(policy(SHOP), request("GET http://keys.test/"), a_token(), world=world) == (
        "401 credential_not_accepted:scheme @keys"
    )
    assert world.asked_for(AskProof) == 0


@pytest.mark.parametrize(
    ("host", "store", "asked"), [("keys", "partners", 1), ("keys", "robots", 0), ("plain", "partners", 0)]
)
def test_a_key_counts_only_where_its_store_does(host: str, store: str, asked: int) -> None:
    """Somebody else's header is not a credential here, and not looked at."""
    world = Table()
    key = a_key(store, "pk_a" if store == "partners" else "rk_a")
    assert judged(policy(SHOP), request(f"GET http://{host}.test/"), key, world=world) == f"allow @{host}"
    assert asked == world.asked_for(AskProof)


def test_open_routes_look_at_nothing() -> None:
    """A webhook brings its own signature: what it presents is not ours."""
    world = Table()
    assert judged(policy(SHOP), request(OPEN), a_token(state="bad_signature"), world=world) == "allow @shop"
    assert world.asked_for(AskProof) == 0


def test_two_credentials_must_both_be_good() -> None:
    """A good one does not cover a bad one."""
    duo = a_token(azp="duo")
    assert judged(policy(SHOP), request(X), duo, a_key("partners", "pk_a")) == "allow @shop"
    bad = a_key("partners", "pk_a", state="unknown_key")
    assert judged(policy(SHOP), request(X), duo, bad) == "401 key_unknown @shop"
    bad = a_token(azp="duo", state="bad_signature")
    assert judged(policy(SHOP), request(X), bad, a_key("partners", "pk_a")) == "401 token_invalid:bad_signature @shop"


def test_two_credentials_are_one_caller() -> None:
    """The token says who; the key only adds that it is there. Rights do not add up."""
    principal = presenting(policy(SHOP), request(X), a_key("partners", "pk_a"), a_token(azp="duo")).principal
    assert principal is not None
    assert (principal.client_type, principal.subject, principal.key_id) == ("both", "u-1", "pk_a")
    assert (principal.kinds, principal.scopes, principal.tenant) == (frozenset({"token", "api_key"}), frozenset(), "")


def test_two_keys_conflict() -> None:
    """Which of two keys counts is not for us to guess."""
    rules = policy("""
    shop:
      match: {clients: [partner]}
      authn: {accept: [api_key], key_stores: [partners, robots]}
      routes: {"GET /x": authenticated}
    """)
    keys = (a_key("partners", "pk_a"), a_key("robots", "rk_a"))
    assert judged(rules, request(X), *keys) == "400 header_conflict:credentials @shop"


@pytest.mark.parametrize(
    ("states", "expected"),
    [
        (("ok", "unknown_key"), "allow @shop"),
        (("unknown_key", "ok"), "allow @shop"),
        (("unknown_key", "unknown_key"), "401 key_unknown @shop"),
    ],
)
def test_one_key_may_be_looked_up_in_several_stores(states: tuple[str, str], expected: str) -> None:
    """A header that two stores look at holds one key: any of them may know it."""
    rules = policy("""
    shop:
      match: {clients: [partner, unrecognized]}
      authn: {accept: [api_key], key_stores: [partners, robots]}
      routes: {"GET /x": authenticated}
    """)
    stores = ("partners", "robots")
    handed = tuple(Presented(kind="api_key", place="header x-key", store=store) for store in stores)
    found = ("pk_a", "rk_a")
    proofs = {
        place: Proof(kind="api_key", state=state, store=stores[place], key_id=found[place])
        for place, state in enumerate(states)
    }
    world = Table(proofs=proofs)
    assert expected == outcome(walked(rules, request(X, presented=handed), world))
    assert world.asked_for(AskFailure) == ("allow" not in expected)


@pytest.mark.parametrize(
    "proof",
    [
        a_token(),
        a_token(state="bad_signature"),
        a_token(exp=0),
        a_token(state="unavailable"),
        a_token(azp="nobody"),
        a_key("partners", "pk_gone"),
        a_key("partners", "pk_dated"),
    ],
)
def test_only_failed_guesses_are_counted(proof: Proof) -> None:
    """`failed_auth` counts what a guesser would cause, by address, and nothing else."""
    world = Table()
    walk = presenting(policy(SHOP), request(X, at=1780402000.0), proof, world=world)
    reason = walk.denial.judgement.reason if walk.denial else None
    assert (reason in COUNTED_AS_FAILED_AUTH) == (world.counted["failure", "ip:203.0.113.10"] == 1)


def test_a_forward_listener_asks_with_407() -> None:
    """The caller talks to the proxy there, and its own Authorization is for the far end."""
    rules, line = policy(OUT, FORWARD), request("GET https://far.example/x", kind="forward")
    assert judged(rules, line) == "407 credential_missing @out"
    assert judged(rules, line, a_token(state="bad_signature")) == "407 token_invalid:bad_signature @out"
    assert judged(rules, line, a_token()) == "allow @out"
    assert judged(rules, line, a_key("partners", "pk_gone")) == "407 key_unknown @out"
    far = Presented(kind="token", place="authorization", scheme="bearer")
    world = Table()
    far_only = request("GET https://far.example/x", kind="forward", presented=(far,))
    assert outcome(walked(rules, far_only, world)) == "407 credential_missing @out"
    assert world.asked_for(AskProof) == 0


def test_a_refusal_offers_what_would_do() -> None:
    """A challenge names the schemes that the candidates take."""
    handed = Presented(kind="other", place="authorization", scheme="basic")
    walk = walked(policy(SHOP), request(X, presented=(handed,)))
    assert walk.denial is not None
    assert walk.denial.judgement.hints.schemes == ("bearer", "api_key")
    walk = presenting(policy(SHOP), request(X), a_token(state="bad_signature"))
    assert walk.denial is not None
    assert walk.denial.judgement.hints.error == "invalid_token"
