"""One request judged alone, or several in a row; and what cannot be asked."""

from __future__ import annotations

import pytest

from parclose.analysis.judge import judge, outcome
from parclose.policy.scenario import Persona, TokenStandIn
from parclose.testing import policy_from
from tests.analysis.kit import policy


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ("GET https://shop.example/items", ["allow"]),
        ("GET https://shop.example/orders/1", ["401 credential_missing"]),
        ("GET https://nowhere.example/", ["404 no_segment"]),
        ("GET nowhere", []),
    ],
)
def test_one_request(request_: str, said: list[str]) -> None:
    """As an expectation has it; nothing for what is no request."""
    assert [outcome(each) for each in judge(policy(), Persona(), request_)] == said


def test_counters_are_shared_by_one_row_alone() -> None:
    """The eleventh at once is refused, and not when they come apart; another row begins afresh."""
    row = judge(policy(), Persona(), "GET https://shop.example/items", times=11)
    assert [outcome(each) for each in row].count("429 rate_limited") == 1
    apart = judge(policy(), Persona(), "GET https://shop.example/items", times=11, every_s=1.0)
    assert all(each.allowed for each in apart)


def test_what_this_policy_cannot_be_asked() -> None:
    """A token of an issuer that it does not know, or a country that nobody wrote."""
    stranger = Persona(token=TokenStandIn(issuer="elsewhere"))
    assert judge(policy(), stranger, "GET https://shop.example/items") == []
    assert judge(policy(), Persona(peer="10.20.0.1"), "GET https://back.example/") == []


def test_where_tls_stays_closed_the_tunnel_is_the_last() -> None:
    """What goes through it unseen is nobody's to judge."""
    text = """
        version: 1
        name: egress
        settings:
          listeners: {egress: {port: 3128, kind: forward}}
        segments:
          out:
            match: {listeners: [egress], hosts: [pay.example, api.example], clients: [anonymous]}
            network: {passthrough: [pay.example]}
            routes: {"GET /charges": public}
    """
    caller = Persona(listener="egress")
    (closed,) = judge(policy_from(text), caller, "DELETE https://pay.example/charges")
    (opened,) = judge(policy_from(text), caller, "DELETE https://api.example/charges")
    assert (outcome(closed), closed.unopened) == ("allow", True)
    assert (outcome(opened), opened.unopened) == ("405 method_not_allowed", False)
