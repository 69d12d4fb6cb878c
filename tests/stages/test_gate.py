"""The early gate: outsiders reach no token work, and learn nothing."""

from __future__ import annotations

import pytest

from parclose.facts import Place
from parclose.ports import AskPlace, AskProof
from tests.stages.kit import Table, a_token, judged, policy, presenting, request

TWO = """
alpha:
  match: {clients: [web]}
  network: {allow: [office]}
  routes: {"GET /x": authenticated}
beta:
  match: {clients: [staff]}
  network: {allow: [vpn]%s}
  routes: {"GET /x": authenticated}
"""


@pytest.mark.parametrize(
    ("deny_as", "expected", "concealed"),
    [("", "403 zone_denied @alpha", False), (", deny_as: 404", "404 zone_denied @alpha", True)],
)
def test_all_refuse(deny_as: str, expected: str, concealed: bool) -> None:
    """The first by name speaks; one that conceals itself conceals the answer."""
    world = Table()
    walk = presenting(policy(TWO % deny_as), request("GET http://api.test/x"), a_token(), world=world)
    from tests.stages.kit import outcome

    assert walk.denial is not None
    assert (outcome(walk), walk.denial.judgement.concealed) == (expected, concealed)
    assert (walk.denial.stage, world.asked_for(AskProof)) == ("gate", 0)


@pytest.mark.parametrize(
    ("peer", "issuer", "expected"),
    [
        ("198.51.100.7", "login", "allow @alpha"),
        ("10.20.0.7", "staff-login", "allow @beta"),
        # One candidate takes the address, but the caller's own segment does not: no falling through.
        ("10.20.0.7", "login", "403 zone_denied @alpha"),
        ("198.51.100.7", "staff-login", "403 zone_denied @beta"),
    ],
)
def test_one_takes_it(peer: str, issuer: str, expected: str) -> None:
    """The gate opens for a candidate; the caller's segment still has its own."""
    assert expected == judged(policy(TWO % ""), request("GET http://api.test/x", peer=peer), a_token(issuer))


def test_the_place_is_asked_once_and_only_where_a_rule_turns_on_it() -> None:
    """Looking an address up costs; most policies never need it."""
    world = Table()
    judged(policy(TWO % ""), request("GET http://api.test/x", peer="198.51.100.7"), a_token(), world=world)
    assert world.asked_for(AskPlace) == 0
    geo = """
    a:
      match: {clients: [web], geo: [NO]}
      network: {deny_geo: [embargoed]}
      routes: {"GET /x": {network: {deny_geo: [SE, embargoed]}}}
    """
    world = Table(places={"203.0.113.10": Place(country="NO")})
    assert judged(policy(geo), request("GET http://api.test/x"), a_token(), world=world) == "allow @a"
    assert world.asked_for(AskPlace) == 1


def test_zones_are_looked_at_before_the_place() -> None:
    """The cheapest evidence comes first."""
    rules = policy("""
    a:
      match: {clients: [web]}
      network: {allow: [office], deny_geo: [embargoed]}
      routes: {"GET /x": authenticated}
    """)
    world = Table()
    assert judged(rules, request("GET http://api.test/x"), world=world) == "403 zone_denied @a"
    assert world.asked_for(AskPlace) == 0


def test_a_forward_listener_conceals_as_egress() -> None:
    """Nothing there looks there as any host that nobody takes: 403."""
    rules = policy(
        """
        out:
          match: {listeners: [forward], hosts: [far.example], clients: [web]}
          network: {allow: [office], deny_as: 404}
          routes: {"GET /x": authenticated}
        """,
        "listeners: {forward: {port: 3128, kind: forward}}",
    )
    assert judged(rules, request("GET https://far.example/x", kind="forward"), a_token()) == "403 zone_denied @out"
