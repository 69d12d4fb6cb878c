"""Admission: what is refused before any lookup or crypto."""

from __future__ import annotations

import pytest

from parclose.ports import AskBlocked, AskCached, AskProof, AskTake
from tests.stages.kit import Table, a_key, a_token, judged, policy, presenting, request

SHOP = """
shop:
  match: {clients: [web, partner, anonymous]}
  routes: {"any /**": public}
"""
PER_IP = """
admission:
  deny_zones: [blocked]
  exempt_zones: [office]
  per_ip: {rate: 3/s, burst: 3}
"""


@pytest.mark.parametrize(
    ("peer", "expected"),
    [
        ("192.0.1.255", "allow @shop"),
        ("192.0.2.0", "403 zone_denied:admission"),
        ("192.0.2.255", "403 zone_denied:admission"),
        ("192.0.3.0", "allow @shop"),
        ("::ffff:192.0.2.7", "403 zone_denied:admission"),
    ],
)
def test_denied_zones_are_refused_first(peer: str, expected: str) -> None:
    """A refused zone costs one look at the address, and asks nothing."""
    world = Table()
    assert expected == judged(policy(SHOP, PER_IP), request(peer=peer), world=world)
    assert (world.asked == []) == ("denied" in expected)


@pytest.mark.parametrize(("sent", "expected"), [(2, "allow @shop"), (3, "allow @shop"), (4, "429 ip_rate_limited")])
def test_an_address_that_comes_too_often_is_refused(sent: int, expected: str) -> None:
    """The burst passes whole, the next one does not."""
    world, rules = Table(), policy(SHOP, PER_IP)
    answers = [judged(rules, request(), world=world) for _ in range(sent)]
    assert expected == answers[-1]


def test_a_refusal_says_when_to_come_again() -> None:
    """429 without Retry-After is an invitation to hammer."""
    world = Table(room=0)
    walk = presenting(policy(SHOP, PER_IP), request(), world=world)
    assert walk.denial is not None
    assert walk.denial.judgement.hints.retry_after_s == 1
    assert [reading.passed for reading in walk.readings] == [False]


@pytest.mark.parametrize(
    ("peer", "key"),
    [
        ("203.0.113.9", "ip:203.0.113.9"),
        ("2001:db8:5:6:7::8", "ip:2001:db8:5:6::/64"),
        ("", "ip:unknown"),
    ],
)
def test_an_address_is_counted_by_what_one_customer_has(peer: str, key: str) -> None:
    """IPv6 is counted by /64: who has one address there has 2^64."""
    world = Table()
    judged(policy(SHOP, PER_IP), request(peer=peer), world=world)
    assert [hit.key for ask in world.asked if isinstance(ask, AskTake) for hit in ask.hits] == [key]


def test_exempt_zones_are_not_counted() -> None:
    """A carrier's gateway is many people."""
    world = Table(room=0)
    assert judged(policy(SHOP, PER_IP), request(peer="198.51.100.7"), world=world) == "allow @shop"


@pytest.mark.parametrize(
    ("blocked_s", "expected"), [(0.0, "allow @shop"), (0.1, "429 auth_blocked"), (9.0, "429 auth_blocked")]
)
def test_a_blocked_address_may_not_try_again(blocked_s: float, expected: str) -> None:
    """Guessing is not free: while blocked nothing unproven is verified."""
    world = Table(blocked_s=blocked_s)
    assert expected == judged(policy(SHOP), request(), a_token(), world=world)
    assert world.asked_for(AskProof) == (0 if blocked_s else 1)


def test_a_block_spares_who_is_proven_and_who_presents_nothing() -> None:
    """One guesser must not lock out everyone behind the same address."""
    assert judged(policy(SHOP), request(), a_token(), world=Table(cached=True, blocked_s=9)) == "allow @shop"
    world = Table(blocked_s=9)
    assert judged(policy(SHOP), request(), world=world) == "allow @shop"
    assert (world.asked_for(AskCached), world.asked_for(AskBlocked)) == (0, 0)


def test_one_proven_credential_does_not_cover_another() -> None:
    """A good token beside a guessed key is still a guess."""

    class OneCached(Table):
        def answer(self, ask: object) -> object:  # type: ignore[override]
            return ask.index == 0 if isinstance(ask, AskCached) else super().answer(ask)  # type: ignore[arg-type]

    world = OneCached(blocked_s=9)
    assert judged(policy(SHOP), request(), a_token(), a_key("partners", "pk_a"), world=world) == "429 auth_blocked"


def test_a_block_says_when_it_ends() -> None:
    """Retry-After is whole seconds, rounded up."""
    walk = presenting(policy(SHOP), request(), a_token(), world=Table(blocked_s=7.2))
    assert walk.denial is not None
    assert walk.denial.judgement.hints.retry_after_s == 8
