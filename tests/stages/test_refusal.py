"""Refusals: what they all share."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.refusal import challenge_status, concealed_status, deny, first_name, listed, schemes
from parclose.verdict import Outcome
from tests.stages.kit import policy, request, walked

SHOP = """
shop:
  match: {clients: [anonymous]}
  routes: {"any /**": public}
"""


@pytest.mark.parametrize(("kind", "asks", "hides"), [("reverse", 401, 404), ("forward", 407, 403)])
def test_statuses_of_a_listener(kind: str, asks: int, hides: int) -> None:
    """A forward listener's caller talks to the proxy; nothing there is 403."""
    walk = walked(policy(SHOP), request(kind=kind))
    assert (challenge_status(walk), concealed_status(walk)) == (asks, hides)


def test_a_denial_denies() -> None:
    """There is one way to say no, and it says why."""
    said = deny(Reason.NO_ROUTE, detail="d")
    assert (said.outcome, said.reason, said.detail, said.status) == (Outcome.DENY, Reason.NO_ROUTE, "d", 0)


def test_schemes_come_in_one_order() -> None:
    """Answers are equal byte for byte, however the policy wrote them."""
    one, two = Authn(accept=(frozenset({"api_key"}),)), Authn(accept=(frozenset({"token", "api_key"}),))
    walk = walked(policy(SHOP), request())
    assert schemes(walk, (one, two)) == schemes(walk, (two, one)) == ("bearer", "api_key")
    assert schemes(walk, (Authn(),)) == ()


@pytest.mark.parametrize(
    ("login", "staff", "named", "kind", "expected"),
    [
        ("none", "none", (), "reverse", ("bearer",)),
        ("mtls", "none", (), "reverse", ("bearer",)),
        ("dpop", "none", (), "reverse", ("dpop", "bearer")),
        ("either", "dpop", (), "reverse", ("dpop", "bearer")),
        ("either", "dpop", (), "forward", ("bearer",)),
        ("dpop", "none", ("login",), "reverse", ("dpop",)),
        ("dpop", "none", ("staff-login",), "reverse", ("bearer",)),
        ("dpop", "dpop", (), "reverse", ("dpop",)),
        ("dpop", "dpop", (), "forward", ("bearer",)),
    ],
)
def test_dpop_is_offered_where_issuers_ask_for_it(
    login: str, staff: str, named: tuple[str, ...], kind: str, expected: tuple[str, ...]
) -> None:
    """RFC 9449 section 7.1: a client that is told of `Bearer` alone would never come to make a proof."""
    made = policy(SHOP)
    asked = {"login": login, "staff-login": staff}
    issuers = {name: replace(issuer, sender_constrained=asked[name]) for name, issuer in made.issuers.items()}
    walk = walked(replace(made, issuers=issuers), request(kind=kind))
    rule = Authn(accept=(frozenset({"token"}),), issuers=frozenset(named))
    assert schemes(walk, iter((rule,))) == expected


def test_words() -> None:
    """Names stand in backticks; none is said."""
    assert (listed(["a", "b"]), listed([])) == ("`a`, `b`", "none")


def test_the_first_candidate_words_the_answer() -> None:
    """Before any surface is known nobody does."""
    assert first_name(walked(policy(SHOP), request())) == "shop"
    assert first_name(walked(policy(SHOP), request(host=""))) == ""
