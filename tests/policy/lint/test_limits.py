"""Limits: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found

LIMITS = "    limits: {steady: {key: subject|ip, rate: 5/s, burst: 10}}"
ROUTES = '    routes:\n      "GET /items": public\n      "read /orders/**": orders:read\n'
ALL_ROLES = '    routes:\n      "read /orders/**": {roles: {any: [admin]}}\n'
SEGMENT = """\
segments:
  SEGMENT:
    match: {hosts: [SEGMENT.example], clients: [partner]}
    routes: {"GET /": authenticated}
    limits: LIMITS
"""


def limits(text: str) -> tuple[str, str]:
    """Return the change that gives the segment of the base these limits."""
    return (LIMITS, f"    limits: {text}")


def segment(name: str, of: str) -> tuple[str, str]:
    """Return the change that gives the base another segment, for partners."""
    return ("segments:\n", SEGMENT.replace("SEGMENT", name).replace("LIMITS", of))


def proxied(source: str) -> tuple[str, str]:
    """Return the change that puts load balancers before the base."""
    client_ip = f"client_ip: {{from: {source}, trusted_proxies: [vpn]}}"
    return ("settings:\n", f"settings:\n  {client_ip}\n")


def on_error(text: str) -> tuple[str, str]:
    """Return the change that says what holds without a store."""
    return ("settings:\n", f"settings:\n  limiter: {{on_error: {text}}}\n")


TENANT = "{steady: {key: tenant, rate: 5/s}}"


@pytest.mark.parametrize(
    ("id", "changes", "expected"),
    [
        (
            "LIM003",
            [limits("{s: {key: ip, rate: 1/s}, d: {key: ip, quota: 100000/day, tz: UTC}}")],
            [("d", "limit `d` never binds: `s` lets less through")],
        ),
        ("LIM003", [limits("{s: {key: ip, rate: 2/s}, d: {key: ip, quota: 100000/day, tz: UTC}}")], []),
        (
            "LIM003",
            [limits("{s: {key: ip, rate: 1/s}, d: {key: subject|ip, quota: 100000/day, tz: UTC}}")],
            [],
        ),
        (
            "LIM003",
            [limits("{s: {key: ip, rate: 1/s, burst: 5}, m: {key: ip, rate: 60/min}}")],
            [("m", "limit `m` never binds: `s` lets less through")],
        ),
        ("LIM003", [limits("{s: {key: ip, rate: 2/s}, m: {key: ip, rate: 60/min}}")], []),
        (
            "LIM003",
            [limits("{s: {key: ip, rate: 1/s, burst: 500}, d: {key: ip, quota: 300/day, tz: UTC}}")],
            [("s", "limit `s` allows 500 at once, and `d` 300 in all")],
        ),
        ("LIM003", [limits("{s: {key: ip, rate: 1/s, burst: 300}, d: {key: ip, quota: 300/day, tz: UTC}}")], []),
        (
            "LIM005",
            [proxied("peer")],
            [("steady", "limit `steady` counts by `ip`: on `edge` that is a trusted proxy")],
        ),
        ("LIM005", [proxied("x-forwarded-for")], []),
        ("LIM005", [], []),
        (
            "LIM006",
            [on_error("allow"), (ROUTES, ALL_ROLES)],
            [("allow", "without a store, segment `shop` has no limits, and each route needs a role")],
        ),
        ("LIM006", [on_error("allow")], []),
        ("LIM006", [on_error("deny"), (ROUTES, ALL_ROLES)], []),
        (
            "LIM007",
            [segment("one", TENANT), segment("two", TENANT)],
            [("steady", "a tenant has `steady` here and `steady` in segment `two`")],
        ),
        ("LIM007", [segment("one", TENANT), segment("two", "{steady: {key: subject, rate: 5/s}}")], []),
        ("LIM007", [segment("one", TENANT), segment("two", "{many: {key: tenant, concurrent: 5}}")], []),
        (
            "LIM007",
            [
                segment("one", "{steady: {key: tenant, rate: 5/s}, all: whole}"),
                segment("two", "{steady: {key: tenant, rate: 5/s}, all: whole}"),
                ("segments:\n", "limits:\n  whole: {key: tenant, rate: 8/s}\nsegments:\n"),
            ],
            [],
        ),
        (
            "LIM008",
            [limits("{d: {key: ip, quota: 300/day}}")],
            [("300/day", "quota `300/day` counts days of UTC")],
        ),
        ("LIM008", [limits("{d: {key: ip, quota: 300/day, tz: UTC}}")], []),
        ("LIM008", [limits("{d: {key: ip, quota: 300/month}}")], []),
    ],
)
def test_what_is_named_and_what_is_not(id: str, changes: list[tuple[str, str]], expected: object) -> None:  # noqa: A002
    """Each lint has a row that fires, with its place and words, and a near miss."""
    assert found(id, *changes) == expected
