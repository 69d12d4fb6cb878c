"""Audiences: among the segments of one surface the one that is for the caller, or none."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.facts import Place, Proof
from tests.stages.kit import Table, a_key, a_token, judged, outcome, policy, presenting, request, walked

TIERS = """
free:
  match: {clients: [web, anonymous], attributes: {plan: [free]}}
  routes: {"any /**": public}
paid:
  match: {clients: [web], attributes: {plan: [paid]}}
  routes: {"any /**": authenticated}
"""
X = "GET http://api.test/x"


@pytest.mark.parametrize(
    ("proof", "expected"),
    [
        (None, "allow @free"),
        (a_token(), "allow @free"),
        (a_token(plan="free"), "allow @free"),
        (a_token(plan="paid"), "allow @paid"),
        (a_token(plan="gold"), "403 caller_not_allowed:attribute @free"),
        (a_token(azp="app-1"), "403 caller_not_allowed:client @free"),
        (a_token(azp="nobody"), "403 caller_not_allowed:client @free"),
    ],
)
def test_the_caller_picks_the_segment(proof: Proof | None, expected: str) -> None:
    """Tiers on one surface; a caller whom none takes is refused with the first facet that failed."""
    assert expected == judged(policy(TIERS), request(X), *([proof] if proof else []))


@pytest.mark.parametrize(
    ("match", "proof", "more", "expected"),
    [
        ("clients: [any]", a_token(), {}, "allow @s"),
        ("clients: [any]", a_token(azp="nobody"), {}, "403 caller_not_allowed:client @s"),
        ("clients: [unrecognized]", a_token(azp="nobody"), {}, "allow @s"),
        ("clients: [unrecognized]", a_token(), {}, "403 caller_not_allowed:client @s"),
        ("clients: [web]", None, {}, "401 credential_missing @s"),
        ("clients: [staff], roles: [admin]", a_token("staff-login", realm_access={"roles": ["admin"]}), {}, "allow @s"),
        ("clients: [staff], roles: [admin]", a_token("staff-login"), {}, "403 caller_not_allowed:role @s"),
        ("clients: [web], zones: [office]", a_token(), {"peer": "198.51.100.7"}, "allow @s"),
        ("clients: [web], zones: [office]", a_token(), {"peer": "198.51.101.7"}, "403 caller_not_allowed:zone @s"),
        ("clients: [web], zones: [office]", a_token(), {"peer": ""}, "403 caller_not_allowed:zone @s"),
        ("clients: [web], geo: [nordics]", a_token(), {"peer": "203.0.113.47"}, "allow @s"),
        ("clients: [web], geo: [nordics]", a_token(), {"peer": "203.0.113.49"}, "403 caller_not_allowed:geo @s"),
        ("clients: [web], geo: [nordics]", a_token(), {"peer": "203.0.113.1"}, "403 caller_not_allowed:geo @s"),
        ("clients: [anonymous], zones: [office]", None, {}, "401 credential_missing @s"),
    ],
)
def test_all_facets_must_hold(match: str, proof: Proof | None, more: dict[str, Any], expected: str) -> None:
    """A facet that cannot be evaluated does not hold."""
    rules = policy(f"""
    s:
      match: {{{match}}}
      authn: {{accept: [token]}}
      routes: {{"any /**": authenticated}}
    """)
    places = {"203.0.113.47": Place(country="NO"), "203.0.113.49": Place(country="DE")}
    world = Table(places=places)
    assert expected == judged(rules, request(X, **more), *([proof] if proof else []), world=world)


def test_who_wins_is_decided_on_load() -> None:
    """The narrower one first, whatever the names are."""
    rules = policy("""
    a-wide:
      match: {clients: [web, app]}
      routes: {"any /**": authenticated}
    b-narrow:
      match: {clients: [web]}
      routes: {"any /**": authenticated}
    """)
    assert judged(rules, request(X), a_token()) == "allow @b-narrow"
    assert judged(rules, request(X), a_token(azp="app-1")) == "allow @a-wide"


def test_a_refusal_offers_the_schemes_of_all_segments() -> None:
    """Nobody knows yet which one the caller could belong to."""
    rules = policy("""
    one:
      match: {clients: [web]}
      routes: {"any /**": authenticated}
    two:
      match: {clients: [partner]}
      routes: {"any /**": authenticated}
    """)
    walk = walked(rules, request(X))
    assert walk.denial is not None
    assert (outcome(walk), walk.denial.judgement.hints.schemes) == (
        "401 credential_missing @one",
        ("bearer", "api_key"),
    )
    assert walk.denial.judgement.hints.error == ""


PREFLIGHT = """
a:
  match: {clients: [web]}
  preflight: %s
  routes: {"PUT /x": orders:write}
b:
  match: {clients: [staff]}
  preflight: %s
  network: {allow: [office]}
  routes: {"PUT /x": authenticated, "GET /y": authenticated}
"""


@pytest.mark.parametrize(
    ("modes", "method", "target", "peer", "expected"),
    [
        (("allow", "allow"), "PUT", "/x", "203.0.113.1", "allow @a"),
        (("deny", "allow"), "PUT", "/x", "198.51.100.7", "allow @b"),
        # The second does not take this address, so it does not let its preflights in either.
        (("deny", "allow"), "PUT", "/x", "203.0.113.1", "405 method_not_allowed:preflight @a"),
        (("deny", "deny"), "PUT", "/x", "198.51.100.7", "405 method_not_allowed:preflight @a"),
        (("authenticate", "deny"), "PUT", "/x", "198.51.100.7", "401 credential_missing @a"),
        (("authenticate", "allow"), "PUT", "/x", "198.51.100.7", "allow @b"),
        (("allow", "allow"), "DELETE", "/x", "198.51.100.7", "405 method_not_allowed @a"),
        (("allow", "allow"), "PUT", "/nope", "198.51.100.7", "404 no_route @a"),
        (("allow", "allow"), "GET", "/y", "203.0.113.1", "404 no_route @a"),
    ],
)
def test_preflights(modes: tuple[str, str], method: str, target: str, peer: str, expected: str) -> None:
    """Judged as the method asked for up to the route, then let in by the first that lets them in."""
    facts = request(f"OPTIONS http://api.test{target}", origin="https://web.test", preflight=method, peer=peer)
    assert expected == judged(policy(PREFLIGHT % modes), facts)


def test_an_authenticated_preflight_is_an_ordinary_request() -> None:
    """`authenticate` asks for all that the asked method asks for."""
    rules = policy(PREFLIGHT % ("authenticate", "deny"))
    facts = request("OPTIONS http://api.test/x", origin="https://web.test", preflight="PUT")
    assert judged(rules, facts, a_token()) == "403 scope_missing @a"
    walk = presenting(rules, facts, a_token(scope="orders:write"))
    assert (outcome(walk), walk.preflight) == ("allow @a", False)


TUNNEL = """
first:
  match: {listeners: [forward], hosts: [far.example], paths: [/a/**], clients: [web]}
  network: {allow: [office]}
  routes: {"GET /a/x": authenticated}
second:
  match: {listeners: [forward], hosts: [far.example], paths: [/b/**], clients: [app, partner]}
  authn: {accept: [token]}
  routes: {"GET /b/x": authenticated}
"""


@pytest.mark.parametrize(
    ("proof", "peer", "expected"),
    [
        (a_token(), "198.51.100.7", "allow @first"),
        (a_token(azp="app-1"), "198.51.100.7", "allow @second"),
        (a_token(azp="app-1"), "203.0.113.1", "allow @second"),
        # The first does not take this address, the second not this client.
        (a_token(), "203.0.113.1", "403 caller_not_allowed:client @second"),
        (a_token(azp="nobody"), "198.51.100.7", "403 caller_not_allowed:client @first"),
        (None, "198.51.100.7", "407 credential_missing @first"),
        (a_token(state="bad_signature"), "198.51.100.7", "407 token_invalid:bad_signature @first"),
        (a_key("partners", "pk_a"), "198.51.100.7", "407 credential_not_accepted:scheme @first"),
    ],
)
def test_a_tunnel_opens_for_any_segment_that_takes_the_caller(proof: Proof | None, peer: str, expected: str) -> None:
    """CONNECT knows no path: one segment of the host that takes address and identity is enough, none is not."""
    rules = policy(TUNNEL, "listeners: {forward: {port: 3128, kind: forward}}")
    facts = request("CONNECT https://far.example", kind="forward", connect=True, peer=peer)
    assert expected == judged(rules, facts, *([proof] if proof else []))
