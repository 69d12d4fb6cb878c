"""Network rules: zones, countries, networks; deny beats allow, and the unknown is denied."""

from __future__ import annotations

import pytest

from parclose.facts import Place
from parclose.ports import AskPlace
from tests.stages.kit import Table, judged, policy, presenting, request


def shop(network: str) -> str:
    """Return a segment with a network rule."""
    return f"""
    shop:
      match: {{clients: [anonymous]}}
      network: {network}
      routes: {{"any /**": public}}
    """


@pytest.mark.parametrize(
    ("network", "peer", "expected"),
    [
        ("{allow: [office]}", "198.51.99.255", "403 zone_denied @shop"),
        ("{allow: [office]}", "198.51.100.0", "allow @shop"),
        ("{allow: [office]}", "198.51.100.255", "allow @shop"),
        ("{allow: [office]}", "198.51.101.0", "403 zone_denied @shop"),
        ("{allow: [office]}", "2001:db8:77:ffff::1", "allow @shop"),
        ("{allow: [office]}", "", "403 zone_denied @shop"),
        ("{deny: [office]}", "198.51.100.7", "403 zone_denied @shop"),
        ("{deny: [office]}", "203.0.113.9", "allow @shop"),
        ("{allow: [any], deny: [office]}", "198.51.100.7", "403 zone_denied @shop"),
        ("{allow: [office], deny_as: 404}", "203.0.113.9", "404 zone_denied @shop"),
    ],
)
def test_zones(network: str, peer: str, expected: str) -> None:
    """Deny beats allow; an address that is not known is in no zone."""
    assert expected == judged(policy(shop(network)), request(peer=peer))


@pytest.mark.parametrize(
    ("network", "place", "expected"),
    [
        ("{deny_geo: [embargoed]}", Place(country="KP"), "451 geo_denied @shop"),
        ("{deny_geo: [embargoed]}", Place(country="NO"), "allow @shop"),
        ("{deny_geo: [embargoed]}", Place(), "403 geo_unknown @shop"),
        ("{deny_geo: [nordics]}", Place(country="NO"), "403 geo_denied @shop"),
        ("{allow_geo: [nordics]}", Place(country="NO"), "allow @shop"),
        ("{allow_geo: [nordics]}", Place(country="DE"), "403 geo_denied @shop"),
        ("{allow_geo: [nordics]}", Place(), "403 geo_unknown @shop"),
        ("{allow_geo: [NO]}", Place(country="NO"), "allow @shop"),
        ("{allow_geo: [nordics], deny_geo: [SE]}", Place(country="SE"), "403 geo_denied @shop"),
        ("{deny_geo: [hoster]}", Place(country="NO", asn=64500), "403 geo_denied @shop"),
        ("{deny_geo: [hoster]}", Place(country="NO", asn=64501), "allow @shop"),
        ("{deny_geo: [hoster]}", Place(country="NO"), "403 geo_unknown @shop"),
        ("{deny_geo: [embargoed], deny_as: 404}", Place(country="KP"), "404 geo_denied @shop"),
    ],
)
def test_geo(network: str, place: Place, expected: str) -> None:
    """A legal set answers 451; a country that is not known is denied where a rule turns on it."""
    world = Table(places={"203.0.113.10": place})
    assert expected == judged(policy(shop(network)), request(), world=world)


@pytest.mark.parametrize(
    ("network", "place", "expected"),
    [
        ("{deny_geo: [embargoed]}", Place(), "allow @shop"),
        ("{deny_geo: [embargoed]}", Place(country="KP"), "451 geo_denied @shop"),
        ("{allow_geo: [nordics]}", Place(), "allow @shop"),
        ("{allow_geo: [nordics]}", Place(country="DE"), "403 geo_denied @shop"),
    ],
)
def test_the_unknown_may_be_allowed(network: str, place: Place, expected: str) -> None:
    """`on_unknown: allow` speaks of the unknown alone."""
    rules = policy(shop(network), more="")
    assert rules.geo is not None
    from dataclasses import replace

    rules = replace(rules, geo=replace(rules.geo, on_unknown="allow"))
    assert expected == judged(rules, request(), world=Table(places={"203.0.113.10": place}))


def test_a_legal_block_names_the_law() -> None:
    """RFC 7725: the answer links to who demanded it."""
    walk = presenting(
        policy(shop("{deny_geo: [embargoed]}")), request(), world=Table(places={"203.0.113.10": Place(country="KP")})
    )
    assert walk.denial is not None
    assert walk.denial.judgement.hints.link == "https://law.test/"


def test_an_unknown_address_lies_nowhere_and_is_not_looked_up() -> None:
    """A client replay has no place."""
    world = Table()
    assert judged(policy(shop("{deny_geo: [embargoed]}")), request(peer=""), world=world) == "403 geo_unknown @shop"
    assert world.asked_for(AskPlace) == 0


def test_a_denial_says_what_was_found_and_what_would_do() -> None:
    """Support must not have to guess the rule."""
    walk = presenting(policy(shop("{allow: [office]}")), request())
    assert walk.denial is not None
    said = walk.denial.judgement
    assert said.found == "203.0.113.10 is not in `office`"
    assert said.needs == "an address in `office`"
    assert said.where.startswith("policy.yaml:")
