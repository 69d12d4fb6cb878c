"""Credentials and closed TLS: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from parclose.policy.lint.forward import domain
from tests.policy.lint.looking import found

ROUTES = '    routes:\n      "GET /items": public\n'
UPSTREAM = '  orders: {url: "https://orders.example:8443"}'
OUT = """\
segments:
  pay:
    match: {listeners: [out], hosts: [api.pay.example], clients: [web]}
    routes: {"POST PATH": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
    MORE
"""
TWIN = """\
segments:
  twin:
    match: {hosts: [twin.example], clients: [web]}
    routes: {"GET /": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
    MORE
"""
REACH = "credentials of issuer `login` reach `{}`, and from segment `{}` `{}`"


def out(path: str, more: str) -> tuple[str, str]:
    """Return the change that gives the base a segment for a third party."""
    return ("segments:\n", OUT.replace("PATH", path).replace("MORE", more))


def upstreams(host: str, *, more: str = "") -> list[tuple[str, str]]:
    """Return the changes that send the base's segment and its twin to upstreams of their own."""
    return [
        (UPSTREAM, f'{UPSTREAM}\n  other: {{url: "https://{host}"}}'),
        (ROUTES, f"    upstream: orders\n{ROUTES}"),
        ("segments:\n", TWIN.replace("MORE", f"upstream: other{more}")),
    ]


@pytest.mark.parametrize(
    ("id", "changes", "expected"),
    [
        (
            "FWD001",
            [out("/charges", "forward: {credentials: pass}")],
            [("p", "egress segment `pay` passes the caller's credential on to a third party")],
        ),
        ("FWD001", [out("/charges", "forward: {credentials: strip}")], []),
        # What authenticates a caller of a forward listener is taken off without a word.
        ("FWD001", [out("/charges", "preflight: deny")], []),
        (
            "FWD001",
            upstreams("api.elsewhere.test"),
            [
                (
                    "o",
                    REACH.format("orders.example", "twin", "api.elsewhere.test"),
                ),
                (
                    "o",
                    REACH.format("api.elsewhere.test", "shop", "orders.example"),
                ),
            ],
        ),
        ("FWD001", upstreams("v2.orders.example"), []),
        ("FWD001", upstreams("api.elsewhere.test", more="\n    forward: {credentials: strip}"), []),
        (
            "RUN004",
            [out("/charges", 'network: {passthrough: ["*.pay.example"]}')],
            [
                (
                    "*.pay.example",
                    "TLS to `*.pay.example` stays closed, so that `POST /charges` of segment `pay` sees no path",
                )
            ],
        ),
        ("RUN004", [out("/**", "network: {passthrough: [api.pay.example]}")], []),
        ("RUN004", [out("/charges", "network: {passthrough: [pay.example]}")], []),
    ],
)
def test_what_is_named_and_what_is_not(id: str, changes: list[tuple[str, str]], expected: object) -> None:  # noqa: A002
    """Each lint has a row that fires, with its place and words, and a near miss."""
    rows = found(id, *changes)
    assert sorted(rows) == sorted(expected)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("host", "expected"),
    [("a.b.example.org", "example.org"), ("example.org", "example.org"), ("localhost", "localhost"), ("::1", "::1")],
)
def test_a_house_is_known_by_the_end_of_its_name(host: str, expected: str) -> None:
    """An address is nobody's but its own."""
    assert domain(host) == expected
