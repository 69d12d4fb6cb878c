"""What differs: a changed piece of the policy in, the differences out; each is shown by a request that both judge."""

from __future__ import annotations

import pytest

from parclose.analysis.compare import GRANTS, LEANS, MOVES, OTHERWISE, REFUSES, UNSHOWN, differences
from parclose.testing import policy_from
from tests.analysis.kit import policy

MORE = "clients web -> partner, web; credential token of login -> api_key or token of login or partners"
SHUT = (
    "access public -> (none); clients anonymous, web -> web; credential (none) -> token of login;"
    " scopes (public) -> (authenticated)"
)
ORDERS = '"read /orders/**": orders:read'


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ((ORDERS, '"read /orders/**": authenticated'), [(GRANTS, "shop", "scopes orders:read -> (authenticated)")]),
        ((ORDERS, '"read /orders/**": orders:write'), [(REFUSES, "shop", "scopes orders:read -> orders:write")]),
        (("allow: [vpn]", "allow: [vpn, office]"), [(GRANTS, "back", "zones vpn -> office or vpn")]),
        (
            ("allow: [vpn]", "allow: [office]"),
            [(GRANTS, "back", "zones vpn -> office"), (REFUSES, "back", "zones vpn -> office")],
        ),
        (("any: [admin, clerk]", "any: [admin]"), [(REFUSES, "back", "roles admin or clerk -> admin")]),
        (("any: [admin, clerk]", "all: [clerk]"), [(REFUSES, "back", "roles admin or clerk -> clerk")]),
        (
            ("deny_geo: [nordic]", "deny_geo: [nordic, DE]"),
            [(REFUSES, "back", "countries not in nordic (DK NO SE) -> not in nordic (DK NO SE) or DE")],
        ),
        (('"GET /items": public', '"GET /items": authenticated'), [(REFUSES, "shop", SHUT)]),
        (
            ("{id:uuid}", "{id:int}"),
            [
                (GRANTS, "partners", "accepts any, uuid -> any, int"),
                (REFUSES, "partners", "accepts any, uuid -> any, int"),
            ],
        ),
        (('      "GET /items": public\n', ""), [(REFUSES, "shop", "route removed")]),
        (
            ('      "GET /items": public\n', '      "GET /items": public\n      "GET /news": public\n'),
            [(GRANTS, "shop", "route added")],
        ),
        (("clients: [web]}\n    net", "clients: [web, partner]}\n    net"), [(GRANTS, "back", MORE)]),
        # What a route leans on, not what is written at it.
        (("orders:write: {implies: [orders:read]}", "orders:write: {}"), []),
        (("admin: {grants: [orders:write]}", "admin: {grants: [orders:read]}"), []),
        (
            ("client: [web]}}]", "client: [spa]}}]"),
            [(kind, name, LEANS) for kind in (GRANTS, REFUSES) for name in ("back", "shop")],
        ),
        (
            ("issuer: https://login.example", "issuer: https://other.example"),
            [(kind, name, LEANS) for kind in (GRANTS, REFUSES) for name in ("back", "shop")],
        ),
        # Nothing that decides.
        (("name: shop", "name: store"), []),
        (("rate: 5/s, burst: 10}}\n  partners", "rate: 6/s, burst: 10}}\n  partners"), []),
    ],
)
def test_what_differs(change: tuple[str, str], found: list[tuple[str, str, str]]) -> None:
    """Grants and refusals with what was written otherwise; the other way round they change places."""
    old, new = policy(), policy(change)
    there = differences(old, new)
    assert sorted({(each.kind, ", ".join(each.segments), each.what) for each in there}) == sorted(found)
    assert all(each.witness and each.before != each.after for each in there)
    swapped = {GRANTS: REFUSES, REFUSES: GRANTS}
    back = {(swapped[each.kind], each.route) for each in differences(new, old)}
    assert back == {(each.kind, each.route) for each in there}


def test_what_is_the_same_in_several_segments_is_said_once() -> None:
    """A shared route set changes in each segment that uses it."""
    changes = [
        (f"    routes:\n{first}", f"    route_sets: [base]\n    routes:\n{first}")
        for first in ('      "read /**"', '      "GET /items"')
    ]
    one, other = (
        policy(("segments:\n", f"route_sets:\n  base: {{'GET /news': {word}}}\nsegments:\n"), *changes)
        for word in ("orders:read", "authenticated")
    )
    (found,) = differences(one, other)
    assert (found.kind, found.segments, found.route) == (GRANTS, ("back", "shop"), "GET /news")


def test_another_segment_takes_the_caller() -> None:
    """Who is let in by another segment than before is named, though nothing is granted."""
    paid = (
        "  paid:\n    match: {hosts: [shop.example], clients: [web], attributes: {plan: [paid]}}\n"
        '    routes: {"read /orders/**": orders:read}\n  partners:\n'
    )
    found = differences(policy(), policy(("  partners:\n", paid)))
    assert [(each.kind, each.before, each.after) for each in found] == [(MOVES, "allow @shop", "allow @paid")]


def test_another_reason_for_a_refusal_is_no_grant() -> None:
    """A segment that nobody could enter, and still cannot, refuses for another reason."""
    shut = ("allow: [vpn]", "allow: [vpn], deny: [vpn]")
    found = differences(policy(shut), policy(shut, ("any: [admin, clerk]", "any: [admin]")))
    assert {each.kind for each in found} <= {OTHERWISE, UNSHOWN}
    assert all(not each.witness for each in found if each.kind == UNSHOWN)


def test_a_policy_does_not_differ_from_itself() -> None:
    """Loaded twice, it is the same in everything."""
    assert differences(policy(), policy()) == []


EGRESS = """
    version: 1
    name: egress
    settings:
      listeners: {egress: {port: 3128, kind: forward}}
    segments:
      out:
        match: {listeners: [egress], hosts: [pay.example], clients: [anonymous]}
        network: {destinations: {deny: [internal]}}
        routes: {"GET /**": public}
"""


def test_tls_that_stays_closed_is_a_difference() -> None:
    """No request that is judged shows it, since none is judged any more: it is said to have changed."""
    closed = EGRESS.replace("deny: [internal]}", "deny: [internal]}, passthrough: [pay.example]")
    (found,) = differences(policy_from(EGRESS), policy_from(closed))
    assert (found.kind, found.segments) == (UNSHOWN, ("out",))
    assert found.what == "passthrough (none) -> pay.example"
