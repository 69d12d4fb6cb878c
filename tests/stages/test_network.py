"""The gate of the chosen segment, and the tighter one of its route."""

from __future__ import annotations

import pytest

from parclose.facts import Place, Proof
from tests.stages.kit import Table, a_token, judged, policy, presenting, request

SHOP = """
shop:
  match: {clients: [web, anonymous]}
  network: {deny: [vpn]}
  routes:
    "GET /x": public
    "GET /office": {public: true, network: {allow: [office]}}
    "GET /hidden": {public: true, network: {allow: [office], deny_as: 404}}
    "GET /north": {public: true, network: {allow_geo: [nordics]}}
"""


@pytest.mark.parametrize(
    ("path", "peer", "expected"),
    [
        ("/x", "203.0.113.1", "allow @shop"),
        ("/x", "10.20.0.1", "403 zone_denied @shop"),
        ("/office", "198.51.100.7", "allow @shop"),
        ("/office", "198.51.101.7", "403 zone_denied @shop"),
        ("/hidden", "198.51.101.7", "404 zone_denied @shop"),
        ("/north", "203.0.113.47", "allow @shop"),
        ("/north", "203.0.113.49", "403 geo_denied @shop"),
        ("/north", "203.0.113.1", "403 geo_unknown @shop"),
    ],
)
def test_a_route_may_be_tighter(path: str, peer: str, expected: str) -> None:
    """The route's own network counts, with the segment's worked in."""
    places = {"203.0.113.47": Place(country="NO"), "203.0.113.49": Place(country="DE")}
    assert expected == judged(
        policy(SHOP), request(f"GET http://api.test{path}", peer=peer), world=Table(places=places)
    )


def test_a_routes_denial_names_it() -> None:
    """Whoever reads the refusal finds the rule."""
    walk = presenting(policy(SHOP), request("GET http://api.test/hidden"))
    assert walk.denial is not None
    said = walk.denial.judgement
    assert (walk.denial.stage, said.route, said.concealed) == ("network", "GET /hidden", True)


TWO = """
alpha:
  match: {clients: [web, anonymous]}
  routes: {"GET /a": public, "GET /both": authenticated}
beta:
  match: {clients: [staff]}
  errors: {conceal: %s}
  routes: {"GET /b": authenticated, "PUT /both": authenticated}
"""


@pytest.mark.parametrize(
    ("line", "proof", "expected"),
    [
        ("GET http://api.test/a", a_token("staff-login"), "404 no_route @beta"),
        ("GET http://api.test/both", a_token("staff-login"), "405 method_not_allowed @beta"),
        ("GET http://api.test/b", a_token("staff-login"), "allow @beta"),
        ("GET http://api.test/b", None, "404 no_route @alpha"),
        ("GET http://api.test/b", a_token(), "404 no_route @alpha"),
    ],
)
@pytest.mark.parametrize("conceal", ["false", "true"])
def test_another_segments_route_is_not_mine(conceal: str, line: str, proof: Proof | None, expected: str) -> None:
    """The route is looked for in the chosen segment only."""
    assert expected == judged(policy(TWO % conceal), request(line), *([proof] if proof else []))


def test_route_and_segment_are_set_together() -> None:
    """A walk that has a route has its segment, and the route's parameters."""
    rules = policy("""
    shop:
      match: {clients: [anonymous]}
      routes: {"GET /a/{id:int}/{name}": public}
    """)
    walk = presenting(rules, request("GET http://api.test/a/7/x%20y"))
    assert walk.segment is not None
    assert walk.route is not None
    assert (walk.segment.name, walk.route.key) == ("shop", "GET /a/{id:int}/{name}")
    assert walk.params == (("id", "7"), ("name", "x y"))
