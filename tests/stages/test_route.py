"""Routes: found without crypto; look-alike spellings reach the same cell or none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.ports import AskProof
from tests.stages.kit import Table, a_token, judged, policy, presenting, request

SHOP = """
shop:
  match: {clients: [web, anonymous]}
  routes:
    "GET /orders": public
    "POST /orders": orders:write
    "GET /orders/{id:int}": public
    "PUT /carts/{id}": public
stock:
  match: {clients: [staff]}
  routes:
    "DELETE /orders": authenticated
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET http://api.test/orders", "allow @shop"),
        ("HEAD http://api.test/orders", "allow @shop"),
        ("GET http://api.test/orders/", "allow @shop"),
        ("GET http://api.test/orders/7", "allow @shop"),
        ("PATCH http://api.test/orders", "405 method_not_allowed @shop"),
        ("GET http://api.test/orders/seven", "404 no_route @shop"),
        ("GET http://api.test/nope", "404 no_route @shop"),
        ("GET http://api.test/carts/7", "405 method_not_allowed @shop"),
    ],
)
def test_no_route_is_answered_without_crypto(line: str, expected: str) -> None:
    """Scanners get 404 and 405 for the price of a lookup; the first candidate by name speaks."""
    world = Table()
    assert expected == judged(policy(SHOP), request(line), a_token(), world=world)
    assert world.asked_for(AskProof) == (1 if expected.startswith("allow") else 0)


def test_allow_names_the_methods_of_all_candidates() -> None:
    """405 without a true Allow is half an answer."""
    walk = presenting(policy(SHOP), request("PATCH http://api.test/orders"))
    assert walk.denial is not None
    assert walk.denial.judgement.hints.allow == ("DELETE", "GET", "HEAD", "POST")


@pytest.mark.parametrize(
    ("line", "proofs", "expected"),
    [
        # The map of routes is for the proven: an anonymous caller hears the same, whether a route exists or not.
        ("GET http://api.test/nope", (), "401 credential_missing @shop"),
        ("PATCH http://api.test/orders", (), "401 credential_missing @shop"),
        ("POST http://api.test/orders", (), "401 credential_missing @shop"),
        ("GET http://api.test/orders", (), "allow @shop"),
        ("GET http://api.test/nope", ("login",), "404 no_route @shop"),
        ("PATCH http://api.test/orders", ("login",), "405 method_not_allowed @shop"),
    ],
)
def test_conceal_keeps_routes_from_who_is_not_proven(line: str, proofs: tuple[str, ...], expected: str) -> None:
    """`errors.conceal` moves 404 and 405 behind authentication."""
    rules = policy(SHOP, "errors: {conceal: true}")
    assert expected == judged(rules, request(line), *(a_token(issuer) for issuer in proofs))


CARVED = """
all:
  match: {paths: [/v1/**], clients: [web, anonymous]}
  routes:
    "any /v1/**": public
    "GET /v1/items/{id}": public
    "GET /v1/secret": orders:write
payouts:
  match: {paths: [/v1/payouts/**], clients: [staff]}
  routes: {"any /v1/payouts/**": authenticated}
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v1/payout", "allow @all"),
        ("/v1/payouts", "401 credential_missing @payouts"),
        ("/v1/Payouts", "400 path_ambiguous:divergence @all"),
        ("/v1/PAYOUTS/1", "400 path_ambiguous:divergence @all"),
        ("/v1/payouts./1", "400 path_ambiguous:divergence @all"),
        ("/v1/payouts%20/1", "400 path_ambiguous:divergence @all"),
        ("/v1/%EF%BD%90ayouts/1", "400 path_ambiguous:divergence @all"),
        ("/v1/Secret", "400 path_ambiguous:divergence @all"),
        ("/v1/%20payouts", "400 path_ambiguous:divergence @all"),
        ("/v1/pay%C2%ADouts", "400 path_ambiguous:divergence @all"),
        ("/v1/payouts::$DATA", "400 path_ambiguous:divergence @all"),
        # What folds away may not be there at all.
        ("/v1/%20/payouts", "400 path_ambiguous:divergence @all"),
        ("/v1/.../secret", "400 path_ambiguous:divergence @all"),
        ("/v1/.../other", "allow @all"),
        ("/V1/payouts", "404 no_segment"),
        # Mixed-case ids reach the same cell and pass.
        ("/v1/items/ABC", "allow @all"),
        ("/v1/items/a.", "allow @all"),
        ("/v1/Other", "allow @all"),
    ],
)
def test_path_confusion_with_a_lax_backend_is_refused(target: str, expected: str) -> None:
    """A strict carve-out under a wildcard cannot be reached by a spelling that only the backend folds."""
    assert expected == judged(policy(CARVED), request(target=target))


@pytest.mark.parametrize(("mode", "words"), [("log", True), ("off", False)])
def test_divergence_may_be_only_noted(mode: str, words: bool) -> None:
    """`log` leaves a note in the trail and refuses nothing; `off` does not look."""
    walk = presenting(policy(CARVED, f"paths: {{divergence: {mode}}}"), request(target="/v1/Payouts"))
    assert walk.denial is None
    note = next(step.judgement.found for step in walk.trail if step.stage == "route")
    assert words == ("payouts" in note)


METHODS = """
shop:
  match: {clients: [web, anonymous]}
  routes:
    "GET /orders": public
    "POST /orders": public
    "DELETE /orders": orders:write
    "any /free/**": public
ledger:
  match: {paths: [/free/ledger/**], methods: [write], clients: [staff]}
  routes: {"any /free/ledger/**": authenticated}
"""


@pytest.mark.parametrize(
    ("line", "asked", "expected"),
    [
        ("POST http://api.test/orders", "", "allow @shop"),
        ("POST http://api.test/orders", "POST", "allow @shop"),
        ("GET http://api.test/orders", "HEAD", "allow @shop"),
        ("POST http://api.test/orders", "DELETE", "400 request_malformed:method_override @shop"),
        ("GET http://api.test/orders", "POST", "400 request_malformed:method_override @shop"),
        ("POST http://api.test/orders", "PATCH", "400 request_malformed:method_override @shop"),
        ("POST http://api.test/orders", "BREW", "400 request_malformed:method_override @shop"),
        ("POST http://api.test/free/x", "PATCH", "allow @shop"),
        ("GET http://api.test/free/ledger/1", "DELETE", "400 request_malformed:method_override @shop"),
        ("GET http://api.test/nope", "DELETE", "404 no_route @shop"),
    ],
)
def test_a_request_cannot_be_taken_for_another_method(line: str, asked: str, expected: str) -> None:
    """Where routes differ by method, no header or query makes the upstream serve another than the one judged."""
    assert expected == judged(policy(METHODS), replace(request(line), override=asked))


CAPITALS = """
all:
  match: {paths: [/v1/**], clients: [web, anonymous]}
  routes:
    "any /v1/**": public
    "GET /v1/Secret": orders:write
    "GET /v1/tiers/{tier:enum(Gold,Tin)}": orders:write
    "GET /v1/codes/{code:re([A-Z]{3})}": public
    "GET /v1/twice": public
    "GET /v1/Twice": orders:write
payouts:
  match: {paths: [/v1/Payouts/**], clients: [staff]}
  routes: {"any /v1/Payouts/**": authenticated}
"""


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        # As the policy writes it, and as a server that ignores case reads what another route would let through.
        ("/v1/Payouts/1", "401 credential_missing @payouts"),
        ("/v1/payouts/1", "400 path_ambiguous:divergence @all"),
        ("/v1/PAYOUTS/1", "400 path_ambiguous:divergence @all"),
        ("/v1/payouts%20/1", "400 path_ambiguous:divergence @all"),
        ("/v1/payout", "allow @all"),
        ("/v1/Secret", "401 credential_missing @all"),
        ("/v1/secret", "400 path_ambiguous:divergence @all"),
        ("/v1/tiers/gold", "400 path_ambiguous:divergence @all"),
        ("/v1/tiers/Gold", "401 credential_missing @all"),
        ("/v1/tiers/lead", "allow @all"),
        # A type with capitals takes its values, which fold to the same route.
        ("/v1/codes/ABC", "allow @all"),
        ("/v1/codes/abc", "400 path_ambiguous:divergence @all"),
        # Told apart by spelling alone: whichever is meant, the other may be served.
        ("/v1/twice", "400 path_ambiguous:divergence @all"),
        ("/v1/Twice", "400 path_ambiguous:divergence @all"),
        # Everything else is as if there were no second look.
        ("/v1/other", "allow @all"),
        ("/v1/Other", "allow @all"),
        ("/v2", "404 no_segment"),
    ],
)
def test_a_path_that_the_policy_writes_in_capitals_is_guarded_too(target: str, expected: str) -> None:
    """A carve-out with capitals cannot be slipped past in small letters."""
    assert expected == judged(policy(CAPITALS), request(target=target))


def test_capitals_are_not_looked_at_where_divergence_is_off() -> None:
    """`off` means no second look, whoever writes the capitals."""
    assert judged(policy(CAPITALS, "paths: {divergence: off}"), request(target="/v1/payouts/1")) == "allow @all"
