"""What is defined and never used: each kind has a row that is named, and one in which a single use is enough."""

from __future__ import annotations

import pytest

from parclose.policy.lint.unused import uses_in
from tests.policy.lint.looking import found
from tests.policy.reading import tree_of

ROUTES = '    routes:\n      "GET /items": public\n'
# The parts of the base that it defines and does not use.
IDLE = {
    "client type `partner`",
    "client type `script`",
    "zone `office`",
    "zone `vpn`",
    "geo set `nordic`",
    "upstream `orders`",
    "attribute `plan`",
    "attribute `team`",
    "persona `ann`",
}


def unused(*changes: tuple[str, str]) -> set[str]:
    """Return what is said to be unused in a changed base."""
    rows = found("REF002", *changes)
    assert all(message.endswith(f"`{at}` is never used") for at, message in rows)
    return {message.removesuffix(" is never used") for _, message in rows}


def test_what_the_base_does_not_use() -> None:
    """Each is named at its own name; what is used, or works by itself, is not."""
    assert unused() == IDLE


def segment(text: str) -> tuple[str, str]:
    """Return the change that gives the segment of the base another line."""
    return (ROUTES, f"    {text}\n{ROUTES}")


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("zone `office`", [segment("network: {deny: [office]}")]),
        ("zone `office`", [("[198.51.100.0/26]", "[198.51.100.0/26]\n  all: {union: [office]}")]),
        ("zone `office`", [("tenant: a,", "tenant: a, zones: [office],")]),
        ("zone `office`", [("settings:\n", "settings:\n  admission: {deny_zones: [office]}\n")]),
        ("geo set `nordic`", [segment("network: {deny_geo: [nordic]}")]),
        ("upstream `orders`", [segment("upstream: orders")]),
        ("client type `partner`", [("[web, anonymous]", "[web, partner, anonymous]")]),
        ("client type `partner`", [("clients: [web, anonymous]", "clients: [any, anonymous]")]),
        ("client type `script`", [("burst: 10}", "burst: 10, when: {hint: [script]}}")]),
        ("attribute `plan`", [("[web, anonymous]}", "[web, anonymous], attributes: {plan: [free]}}")]),
        ("attribute `plan`", [("key: subject|ip", "key: attribute.plan+ip")]),
        ("persona `ann`", [("    checks:", "    as: ann\n    checks:")]),
        ("persona `ann`", [("tests:\n", "  bob: {persona: ann}\ntests:\n")]),
    ],
)
def test_one_use_is_enough(what: str, changes: list[tuple[str, str]]) -> None:
    """Whatever the language lets a name stand in counts; nothing else about the policy changes."""
    assert what not in unused(*changes)


@pytest.mark.parametrize(
    ("what", "changes"),
    [
        ("profile `slow`", [("segments:\n", "profiles: {slow: {about: x}}\nsegments:\n")]),
        ("route set `old`", [("segments:\n", 'route_sets: {old: {"GET /old": public}}\nsegments:\n')]),
        ("shared limit `daily`", [("segments:\n", "limits: {daily: {key: ip, rate: 5/s}}\nsegments:\n")]),
        ("role `clerk`", [("roles:\n", "roles:\n  clerk: {about: A clerk}\n")]),
        ("issuer `other`", [("issuers:\n", "issuers:\n  other: {issuer: x, audience: [a], jwks_file: keys.json}\n")]),
        ("key store `other`", [("api_keys:\n", "api_keys:\n  other: {header: X-K, keys: []}\n")]),
        # What only stand-ins in tests name is not used by the policy.
        ("zone `office`", [("tests:\n", "  bob: {token: {issuer: login, claims: {zones: [office]}}}\ntests:\n")]),
    ],
)
def test_other_sections_are_named_too(what: str, changes: list[tuple[str, str]]) -> None:
    """A definition that nothing names."""
    assert what in unused(*changes)


@pytest.mark.parametrize(
    "changes",
    [
        [("segments:\n", "profiles: {default: {about: x}}\nsegments:\n")],
        [("segments:\n", "profiles: {slow: {about: x}}\nsegments:\n"), segment("use: [slow]")],
        [
            ("segments:\n", "limits: {daily: {key: ip, rate: 5/s}}\nsegments:\n"),
            ("limits: {steady:", "limits: {day: daily, steady:"),
        ],
        [("roles:\n", "roles:\n  clerk: {about: A clerk}\n"), segment("roles: {any: [clerk]}")],
    ],
)
def test_what_is_named_is_used(changes: list[tuple[str, str]]) -> None:
    """Nothing but what the base leaves unused."""
    assert unused(*changes) == IDLE


def test_names_count_where_they_stand() -> None:
    """A definition's own name, and a key that holds no names, are no uses; a name under two keys counts for both."""
    uses = uses_in([tree_of("zones: {a: {union: [b]}}\nsegments: {s: {network: {allow: [c], deny: c}}}\n")])
    assert {key: names for key, names in uses.items() if names} == {"union": {"b"}, "allow": {"c"}, "deny": {"c"}}
