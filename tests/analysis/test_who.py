"""Who can: everything that is asked is named, everyone who can is listed, and nobody else."""

from __future__ import annotations

import pytest

from parclose.analysis.who import reach_of, standing, who_can
from parclose.policy.requests import RequestPattern
from parclose.policy.scenario import Persona, TokenStandIn
from tests.analysis.kit import policy


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("write https://back.example/**", [("back", "write /**")]),
        ("any https://back.example/x", [("back", "read /**"), ("back", "write /**")]),
        ("any https://*.example/**", [
            ("back", "read /**"), ("back", "write /**"), ("partners", "GET /{tenant}/orders/{id:uuid}"),
            ("shop", "GET /items"), ("shop", "read /orders/**"),
        ]),
        ("GET https://partners.example/a/orders/0f8fad5b-d9cb-469f-a165-70867728950e", [
            ("partners", "GET /{tenant}/orders/{id:uuid}"),
        ]),
        ("GET https://partners.example/a/orders/7", []),
        ("POST https://shop.example/items", []),
        ("GET https://nowhere.example/", []),
    ],
)  # fmt: skip
def test_each_route_that_takes_such_a_request(asked: str, found: list[tuple[str, str]]) -> None:
    """Exact by method, host, path and type of parameter."""
    assert [(each.segment, each.route) for each in who_can(policy(), RequestPattern.parse(asked))] == found


def test_a_narrower_surface_takes_what_the_wider_one_seems_to_have() -> None:
    """There is no falling through, so the wider segment can do nothing there; but it stands there."""
    carved = policy(("hosts: [back.example]", "hosts: [shop.example], paths: [/orders/**]"))
    asked = RequestPattern.parse("GET https://shop.example/orders/7")
    assert [each.segment for each in who_can(carved, asked)] == ["back"]
    assert standing(carved, asked) == ["back", "shop"]


def test_everything_that_is_asked_is_named() -> None:
    """Who it must be, with which proof, from where, holding what, and how often."""
    (found,) = who_can(policy(), RequestPattern.parse("POST https://back.example/x"))
    assert found.lines == (
        ("must be", "client web   (login token, azp web)"),
        ("proof", "token of login"),
        ("from", "vpn   10.20.0.0/16 2001:db8:20::/48"),
        ("country", "not in nordic (DK NO SE)"),
        ("with", "role admin or clerk   and   scope orders:write"),
        ("limited", "5/s per subject, burst 10, cost 2"),
    )


def test_what_a_role_grants_is_said() -> None:
    """A scope that comes with a required role is no further hurdle."""
    (found,) = who_can(
        policy(("any: [admin, clerk]", "all: [admin]")), RequestPattern.parse("POST https://back.example/")
    )
    assert ("with", "role admin   and   scope orders:write (granted by role admin)") in found.lines


def test_visitors_are_named_where_they_may_be() -> None:
    """A public route asks for nothing; a binding and a key are named where they are asked."""
    (items,) = who_can(policy(), RequestPattern.parse("GET https://shop.example/items"))
    assert items.lines[:2] == (
        ("public", "no credential is needed; one that is presented must be good"),
        ("may be", "client anonymous   (no credential)"),
    )
    (orders,) = who_can(policy(), RequestPattern.parse("GET https://partners.example/**"))
    assert ("must be", "client partner   (partners key)") in orders.lines
    assert ("bound", "{tenant} = identity.tenant") in orders.lines


def claims(**more: object) -> Persona:
    """Return a caller of the web application."""
    return Persona(token=TokenStandIn(issuer="login", claims={"sub": "u-1", "azp": "web", **more}), country="DE")


@pytest.mark.parametrize(
    ("persona", "found"),
    [
        (Persona(country="DE"), ["401 credential_missing", "allow", "401 credential_missing"]),
        (claims(scope="orders:read"), ["401 credential_not_accepted", "allow", "allow"]),
        (Persona(api_key=("partners", "pk_a"), country="DE"), ["allow", "allow", "401 credential_missing"]),
    ],
)
def test_what_one_caller_gets_at_each_route(persona: Persona, found: list[str]) -> None:
    """One request for each route is decided; a bound path is made the caller's own."""
    outside = ["403 zone_denied", "403 zone_denied"]
    assert [each.outcome for each in reach_of(policy(), persona)] == outside + found


def test_a_caller_without_country_cannot_be_told() -> None:
    """Where a rule turns on the country, and nobody wrote it, nothing is guessed."""
    persona = Persona(token=TokenStandIn(issuer="login", claims={"sub": "u", "azp": "web"}), peer="10.20.0.1")
    found = reach_of(policy(), persona, RequestPattern.parse("GET https://back.example/**"))
    assert [(each.route, each.outcome) for each in found] == [("read /**", "?")]


def test_another_segment_on_the_surface_takes_the_caller() -> None:
    """Where several share a surface, each caller is in one of them."""
    paid = (
        "  paid:\n    match: {hosts: [back.example], clients: [web], attributes: {plan: [paid]}}\n"
        '    routes: {"read /**": authenticated}\n'
    )
    both = policy(("  partners:\n", f"{paid}  partners:\n"))
    found = reach_of(both, claims(plan="paid"), RequestPattern.parse("GET https://back.example/**"))
    assert [(each.segment, each.taken_by, each.outcome) for each in found if each.taken_by] == [
        ("back", "paid", "allow")
    ]
