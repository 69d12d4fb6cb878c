"""What a cell asks in words; each facet stands alone, and is empty where nothing is asked."""

from __future__ import annotations

import pytest

from parclose.analysis.requirement import clients_in_words, facets, limit_in_words, prefixes, scopes_granted
from tests.analysis.kit import cell, policy


@pytest.mark.parametrize(
    ("route", "facet", "words"),
    [
        ("read /**", "zones", "vpn"),
        ("read /**", "countries", "not in nordic (DK NO SE)"),
        ("read /**", "roles", "admin or clerk"),
        ("read /**", "scopes", "(authenticated)"),
        ("write /**", "scopes", "orders:write"),
        ("GET /items", "access", "public"),
        ("GET /items", "scopes", "(public)"),
        ("GET /items", "clients", "anonymous, web"),
        ("GET /items", "credential", ""),
        ("GET /{tenant}/orders/{id:uuid}", "bind", "{tenant} = identity.tenant"),
        ("GET /{tenant}/orders/{id:uuid}", "accepts", "any, uuid"),
        ("GET /{tenant}/orders/{id:uuid}", "credential", "api_key of partners"),
    ],
)
def test_one_facet(route: str, facet: str, words: str) -> None:
    """As `who` and `diff` say it."""
    of = policy()
    assert facets(of, cell(of, route))[facet] == words


@pytest.mark.parametrize(
    ("limit", "words"),
    [
        ("key: subject, rate: 5/s, burst: 10", "5/s per subject, burst 10"),
        ("key: subject|ip, rate: 30/min", "30/min per subject|ip"),
        ("key: client+subject, rate: 7/10s", "7/10s per client+subject"),
        ("key: subject, quota: 60/day", "60/day per subject"),
        ("key: subject, concurrent: 5", "5 at once per subject"),
    ],
)
def test_a_limit(limit: str, words: str) -> None:
    """As a policy would write it."""
    of = policy(("key: subject, rate: 5/s, burst: 10", limit))
    (made,) = of.segments["back"].limits
    assert limit_in_words(made) == words


def test_who_is_recognised_how() -> None:
    """Every client type with its ways."""
    of = policy(
        ("clients: [web]}\n    net", "clients: [web, partner, unrecognized]}\n    net"),
        ("key: subject, rate: 5/s, burst", "key: subject|ip, rate: 5/s, burst"),
    )
    assert clients_in_words(of, cell(of, "read /**")) == [
        ("partner", "partners key"),
        ("unrecognized", "a good credential that no client type has"),
        ("web", "login token, azp web"),
    ]


def test_what_a_role_grants() -> None:
    """Only a role that everybody holds spares a scope."""
    one, several = policy(("any: [admin, clerk]", "all: [admin]")), policy()
    assert scopes_granted(one, cell(one, "write /**")) == {"orders:write": "admin"}
    assert scopes_granted(several, cell(several, "write /**")) == {}


def test_many_prefixes_are_not_all_listed() -> None:
    """The first few say which zone it is."""
    of = policy(
        ("office: [198.51.100.0/26]", "office: [" + ", ".join(f"198.51.100.{n * 2}/32" for n in range(9)) + "]")
    )
    assert prefixes(of.zones, "vpn") == "10.20.0.0/16 2001:db8:20::/48"
    assert prefixes(of.zones, "office").endswith("198.51.100.10/32 ...")
