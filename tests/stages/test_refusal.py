"""Refusals: what they all share."""

from __future__ import annotations

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
    assert schemes((one, two)) == schemes((two, one)) == ("bearer", "api_key")
    assert schemes((Authn(),)) == ()


def test_words() -> None:
    """Names stand in backticks; none is said."""
    assert (listed(["a", "b"]), listed([])) == ("`a`, `b`", "none")


def test_the_first_candidate_words_the_answer() -> None:
    """Before any surface is known nobody does."""
    assert first_name(walked(policy(SHOP), request())) == "shop"
    assert first_name(walked(policy(SHOP), request(host=""))) == ""
