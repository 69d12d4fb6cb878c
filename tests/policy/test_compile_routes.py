"""Routes: requirements, bindings, reach; text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.segment import Need
from tests.policy.shop import changed, load_text, said

ITEMS = '"GET /items": public'
ROUTE = '"read /orders/**": orders:read'


@pytest.mark.parametrize(
    ("route", "found"),
    [
        ('"GET /x": order:read', [("REF003", "order:read")]),
        ('"GET /x": {scopes: [orders:read]}', [("TYP002", "[")]),
        ('"GET /x": {scopes: {all: []}}', [("TYP003", "{")]),
        ('"GET /x": {scopes: {any: [orders:red]}}', [("REF003", "orders:red")]),
        ('"GET /x": {roles: {any: [boss]}}', [("REF001", "boss")]),
        ('"GET /x": {public: true, scopes: orders:read}', [("TYP003", "{")]),
        ('"GET /x": {public: true, open: true}', [("TYP003", "{")]),
        ('"GET /x/{id}": {bind: {name: identity.tenant}}', [("RTE007", "name")]),
        ('"GET /x/{id}": {bind: {id: identity.tenant}}', [("RTE007", "identity.tenant")]),
        ('"GET /x/{id}": {bind: {id: identity.email}}', [("RTE007", "identity.email")]),
        ('"GET /x/{id}": {bind: {id: attribute.tier}}', [("RTE007", "attribute.tier")]),
        ('"GET /x/{id}": {bind: {id: attribute.team}}', []),
        ('"GET /x/{id}": {bind: {id: identity.subject}}', []),
        ('"GET /x": {cost: 0}', [("TYP002", "0")]),
        ('"GET /x": {mode: hidden}', [("TYP002", "hidden")]),
        ('"GET /x": {log_only: [authn]}', [("MOD001", "authn")]),
        ('"GET /x": {audit: {}}', []),
        ('"GET /x": {network: {passthrough: [x.example]}}', [("TYP003", "passthrough")]),
    ],
)
def test_mistakes(route: str, found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said((ITEMS, route)) == found


def test_a_public_route_needs_anonymous() -> None:
    """A segment's own public route for callers with credentials only is a slip; one of a shared set is not."""
    closed = ("clients: [web, anonymous]", "clients: [web]")
    assert said(closed) == [("SEG009", "GET /items")]
    assert said(closed, (ITEMS, '"GET /items": open')) == [("SEG009", "GET /items")]
    sets = ("segments:", f"route_sets:\n  base: {{{ITEMS}}}\nsegments:")
    assert said(closed, (f"      {ITEMS}\n", ""), sets, ("    routes:", "    route_sets: [base]\n    routes:")) == []


@pytest.mark.parametrize(
    ("match", "found"),
    [
        ("paths: [/orders/**]", [("RTE002", "GET /items")]),
        ("methods: [POST]", [("RTE002", "GET /items"), ("RTE002", "read /orders/**")]),
        ("methods: [read]", []),
        ('paths: ["/{any}/**"]', []),
    ],
)
def test_a_route_lies_on_its_segments_surface(match: str, found: list[tuple[str, str]]) -> None:
    """Where path or method is never the segment's, nobody can reach the route."""
    assert said(("hosts: [shop.example]", f"hosts: [shop.example], {match}")) == found


READ, WRITE = Need(all=("orders:read",)), Need(all=("orders:write",))


@pytest.mark.parametrize(
    ("route", "access", "need"),
    [
        ('"GET /x": {cost: 1}', "caller", READ),
        ('"POST /x": {cost: 1}', "caller", WRITE),
        ('"any /x": {cost: 1}', "caller", Need(all=("orders:read", "orders:write"))),
        ('"PROPFIND /x": {cost: 1}', "caller", WRITE),
        ('"GET /x": authenticated', "caller", None),
        ('"GET /x": {scopes: none}', "caller", None),
        ('"GET /x": orders:write', "caller", WRITE),
        ('"GET /x": {scopes: {any: [orders:read, orders:write]}}', "caller", Need(any=("orders:read", "orders:write"))),
        ('"GET /x": public', "public", None),
        ('"GET /x": {public: true}', "public", None),
        ('"GET /x": open', "open", None),
    ],
)
def test_what_a_route_asks_for(route: str, access: str, need: Need | None) -> None:
    """A route's own requirement, else its segment's for the methods that it has."""
    scopes = ("    routes:", "    scopes: {read: orders:read, write: orders:write}\n    routes:")
    made = load_text(changed((ITEMS, route), scopes)).segments["shop"].route_list[0]
    assert (made.access, made.scopes) == (access, need)


@pytest.mark.parametrize(
    ("route", "roles"),
    [
        ('"GET /x": authenticated', Need(any=("admin",))),
        ('"GET /x": {scopes: none, roles: {all: [admin]}}', Need(all=("admin",))),
        ('"GET /x": {scopes: none, roles: ~}', None),
        ('"GET /x": public', None),
    ],
)
def test_roles_are_inherited_and_replaced(route: str, roles: Need | None) -> None:
    """The segment's roles hold for every route that is not public and has none of its own."""
    text = changed((ITEMS, route), ("    routes:", "    roles: {any: [admin]}\n    routes:"))
    assert load_text(text).segments["shop"].route_list[0].roles == roles


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("{slow: {key: ip, rate: 1/s}}", ["shop/steady", "shop/GET /items/slow"]),
        ("{steady: {key: ip, rate: 1/s}}", ["shop/GET /items/steady"]),
        ("{steady: null}", []),
        ("{other: null}", ["shop/steady"]),
        ("null", []),
    ],
)
def test_limits_merge_by_name(limits: str, expected: list[str]) -> None:
    """Another name adds, the same name replaces, null takes away; other routes keep what the segment has."""
    text = changed(('"GET /items": public', f'"GET /items": {{public: true, limits: {limits}}}'))
    items, orders = load_text(text).segments["shop"].route_list
    assert [limit.id for limit in items.limits] == expected
    assert [limit.id for limit in orders.limits] == ["shop/steady"]


def test_a_route_that_leaves_a_limit_out_may_cost_more_than_it_holds() -> None:
    """Only what a limit counts has to fit into it."""
    dear = '"GET /items": {public: true, cost: 11, limits: {steady: null}}'
    assert said(('"GET /items": public', dear)) == []
    assert said(('"GET /items": public', '"GET /items": {public: true, cost: 11}')) == [("LIM002", "s")]
