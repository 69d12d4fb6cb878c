"""What a cell guarantees, facet by facet: inclusion of addresses, requirements, names and countries."""

from __future__ import annotations

import pytest

from parclose.policy.cells import Cell, Ground
from parclose.policy.implied import Unless, admitted, callers, countries, is_shut, missing, role_clauses, scope_clauses
from parclose.policy.model import Policy
from parclose.policy.segment import GeoSet, Need
from tests.policy.shop import changed, load_text

NORDIC = GeoSet(name="nordic", countries=frozenset({"DK", "NO", "SE"}))


def cell(*changes: tuple[str, str], route: str = "read /orders/**") -> tuple[Policy, Cell]:
    """Return a changed base, and one of its cells."""
    policy = load_text(changed(*changes))
    return policy, next(each for each in Ground.of(policy).touched() if each.route.key == route)


def with_network(text: str) -> tuple[str, str]:
    """Return the change that gives the shop network rules."""
    return '    routes:\n      "GET /items"', f'    network: {{{text}}}\n    routes:\n      "GET /items"'


@pytest.mark.parametrize(
    ("network", "zones", "stranger"),
    [
        ("allow: [vpn]", "vpn", None),
        ("allow: [vpn]", "office", "10.20.0.0"),
        ("allow: [vpn, office]", "vpn", "198.51.100.0"),
        ("allow: [vpn, office], deny: [office]", "vpn", None),
        ("deny: [office]", "vpn", "0.0.0.0"),
        ("allow: [any]", "any", None),
        # An address that cannot be read is in no zone, and only an allow list keeps it out.
        ("deny: [office]", "any", ""),
    ],
)
def test_zones_by_addresses(network: str, zones: str, stranger: str | None) -> None:
    """Included, or an address that gets in from elsewhere."""
    policy, at = cell(with_network(network))
    found = missing(policy, at, Unless(zones=policy.zones.mask_of([zones]), zone_names=(zones,)))
    assert [each.address for each in found] == ([] if stranger is None else [stranger])


@pytest.mark.parametrize(
    ("route", "need", "holds"),
    [
        ("orders:write", Need(any=("orders:write",)), True),
        ("orders:write", Need(any=("orders:read",)), True),
        ("orders:read", Need(any=("orders:write",)), False),
        ("orders:read", Need(any=("orders:write", "orders:read")), True),
        ("{scopes: {any: [orders:read, orders:write]}}", Need(all=("orders:read",)), True),
        ("{scopes: {any: [orders:read, orders:write]}}", Need(all=("orders:write",)), False),
        ("{scopes: none, roles: {all: [admin]}}", Need(all=("orders:write", "orders:read")), True),
        ("authenticated", Need(any=("orders:read",)), False),
    ],
)
def test_scopes_by_requirement(route: str, need: Need, holds: bool) -> None:
    """Closed over what scopes imply and roles grant; of alternatives each must suffice."""
    policy, at = cell(('"read /orders/**": orders:read', f'"read /orders/**": {route}'))
    assert (missing(policy, at, Unless(scopes=need)) == ()) is holds


@pytest.mark.parametrize(
    ("allow", "wanted", "country"),
    [
        ("allow_geo: [nordic]", (NORDIC,), None),
        ("allow_geo: [NO]", (NORDIC,), None),
        ("allow_geo: [NO, DE]", (NORDIC,), "DE"),
        ("allow_geo: [NO, DE], deny_geo: [DE]", (NORDIC,), None),
        ("deny_geo: [nordic]", (NORDIC,), "AD"),
    ],
)
def test_countries_by_inclusion(allow: str, wanted: tuple[GeoSet, ...], country: str | None) -> None:
    """Included, or a country that gets in."""
    policy, at = cell(with_network(allow))
    found = missing(policy, at, Unless(geo=wanted))
    assert [each.country for each in found] == ([] if country is None else [country])


def test_who_gets_in() -> None:
    """Visitors where nothing is asked, and nowhere else; what holds is what the stages hold everybody to."""
    policy, orders = cell(with_network("allow: [vpn], deny: [office], deny_geo: [nordic]"))
    _, items = cell(route="GET /items")
    assert [sorted(callers(each)) for each in (orders, items)] == [["web"], ["anonymous", "web"]]
    assert admitted(policy, orders) == ((policy.zones.mask_of(["vpn"]),), policy.zones.mask_of(["office"]))
    assert countries(policy, orders) == (None, frozenset({"DK", "NO", "SE"}))
    assert (list(role_clauses(orders)), list(scope_clauses(orders))) == ([], [("orders:read",)])


@pytest.mark.parametrize(
    ("network", "shut"),
    [
        ("allow: [vpn]", False),
        ("allow: [vpn], deny: [vpn]", True),
        ("allow: [vpn], deny: [any]", True),
        ("allow_geo: [NO], deny_geo: [nordic]", True),
        ("allow_geo: [NO, DE], deny_geo: [nordic]", False),
    ],
)
def test_where_nobody_gets_in_nothing_is_missing(network: str, shut: bool) -> None:
    """What no address or country can enter proves everything."""
    policy, at = cell(with_network(network))
    assert is_shut(policy, at, policy.zones.meetings()) is shut
    assert (missing(policy, at, Unless(roles=Need(any=("admin",)))) == ()) is shut
