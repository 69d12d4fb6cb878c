"""Zones and gates: each row shows what is named, where, and beside it what is very like it and is left alone."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import NOW, examined, found

ROUTES = '    routes:\n      "GET /items": public\n'
OFFICE = "  office: [198.51.100.0/26]"
SHOP = ("    match: {hosts: [shop.example], clients: [web, anonymous]}\n", "")


def network(text: str) -> tuple[str, str]:
    """Return the change that gives the segment of the base a network rule."""
    return (ROUTES, f"    network: {text}\n{ROUTES}")


def zones(text: str) -> tuple[str, str]:
    """Return the change that gives the base these zones instead of its offices."""
    return (OFFICE, f"  office: {text}")


ROWS = [
    (
        "NET001",
        [zones("[0.0.0.0/0]"), network("{allow: [office]}")],
        [("office", "`office` holds every address of a family, so that `allow` leaves nobody out")],
    ),
    (
        "NET001",
        [zones("[0.0.0.0/1, 10.0.0.1]\n  rest: [128.0.0.0/1]"), network("{allow: [vpn, office, rest]}")],
        [("vpn", "these zones together hold every address of a family, so that `allow` leaves nobody out")],
    ),
    ("NET001", [zones("[0.0.0.0/1]"), network("{allow: [office]}")], []),
    (
        "NET001",
        [("settings:\n", "settings:\n  admission: {exempt_zones: [any]}\n")],
        [("any", "`any` holds every address of a family, so that `exempt_zones` leaves nobody out")],
    ),
    (
        "NET002",
        [network("{allow: [office]}")],
        [("office", "`allow` holds IPv4 addresses alone: who comes by IPv6 is refused")],
    ),
    (
        "NET002",
        [zones('["2001:db8::/32"]'), network("{allow: [office]}")],
        [("office", "`allow` holds IPv6 addresses alone: who comes by IPv4 is refused")],
    ),
    ("NET002", [network("{allow: [office, vpn]}")], []),
    ("NET002", [network("{deny: [office]}")], []),
    (
        "NET003",
        [zones("[198.51.100.0/26]\n  bad: [198.51.100.7, 192.0.2.0/24]"), network("{allow: [office], deny: [bad]}")],
        [("office", "`office` is allowed, and `bad` denied (policy.yaml:35): both hold 198.51.100.7")],
    ),
    # A part that is left out beside the whole is meant.
    (
        "NET003",
        [zones("[198.51.100.0/26]\n  bad: [198.51.100.7]"), network("{allow: [office], deny: [bad]}")],
        [],
    ),
    (
        "NET003",
        [
            zones("[198.51.100.0/26]\n  bad: [198.51.100.7]"),
            network("{allow: [office]}"),
            ("settings:\n", "settings:\n  admission: {deny_zones: [bad]}\n"),
        ],
        [("office", "`office` is allowed, and `bad` denied (policy.yaml:4): both hold 198.51.100.7")],
    ),
    (
        "NET003",
        [zones("[198.51.100.0/26]\n  bad: [198.51.100.64/26]"), network("{allow: [office], deny: [bad]}")],
        [],
    ),
    (
        "NET005",
        [zones("[198.51.100.0/26, {cidr: 192.0.2.1, until: 2026-06-01}]")],
        [("2026-06-01", "`192.0.2.1/32` no longer holds, since 2026-06-01")],
    ),
    ("NET005", [zones("[198.51.100.0/26, {cidr: 192.0.2.1, until: 2026-06-02}]")], []),
    (
        "NET007",
        [
            zones("[10.1.0.0/16]"),
            network("{allow: [office], deny_geo: [nordic]}"),
        ],
        [
            (
                "office",
                "`office` holds private addresses alone, and peers here are public: `shop` judges them by country",
            )
        ],
    ),
    ("NET007", [zones("[10.1.0.0/16]"), network("{allow: [office]}")], []),
    ("NET007", [network("{allow: [office], deny_geo: [nordic]}")], []),
    (
        "NET007",
        [
            zones("[10.1.0.0/16]\n  lb: [10.9.0.0/24]"),
            network("{allow: [office], deny_geo: [nordic]}"),
            ("settings:\n", "settings:\n  client_ip: {from: forwarded, trusted_proxies: [lb]}\n"),
        ],
        [],
    ),
    (
        "NET009",
        [zones("{cidrs: [192.0.2.1, 192.0.2.3], max_entries: 1}")],
        [("1", "zone `office` has 2 entries, more than it may")],
    ),
    ("NET009", [zones("{cidrs: [192.0.2.1, 192.0.2.3], max_entries: 2}")], []),
]


@pytest.mark.parametrize(("id", "changes", "expected"), ROWS)
def test_what_is_named_and_what_is_not(id: str, changes: list[tuple[str, str]], expected: object) -> None:  # noqa: A002
    """Each lint has a row that fires, with its place and words, and a near miss."""
    assert found(id, *changes) == expected


@pytest.mark.parametrize(
    ("days", "expected"), [(10, []), (11, ["file `list.txt` is 11 days old, more than 10 times its `refresh`"])]
)
def test_a_forgotten_file_is_named(days: int, expected: list[str]) -> None:
    """Ten refreshes without a new file are advice; without a way to look, nothing is said."""
    text = "version: 1\nzones:\n  bad: {files: [list.txt], refresh: 1d}\nsegments:\n  s:\n    network: {deny: [bad]}\n"
    text += '    match: {hosts: [s.example], clients: [anonymous]}\n    routes: {"GET /": public}\n'
    files = {"list.txt": "192.0.2.1\n"}
    made = {"/p/list.txt": NOW - days * 86_400}
    said = examined(text, files, made_at=made.get)
    assert [each.message for each in said.findings if each.id == "NET009"] == expected
    assert [each for each in examined(text, files).findings if each.id == "NET009"] == []
