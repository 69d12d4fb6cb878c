"""Cells: which route of which segment a set of requests reaches, with what more particular ones take left out."""

from __future__ import annotations

import pytest

from parclose.policy.cells import Ground
from parclose.policy.requests import RequestPattern
from tests.policy.shop import changed, load_text

# Three segments on one host, each carved out of the one before; and one that names its listener.
CARVED = """\
segments:
  wide:
    match: {hosts: ["*.api.example", api.example], clients: [web]}
    routes: {"any /**": authenticated, "GET /v1/{id}": authenticated, "GET /v1/{id:int}": authenticated}
  inner:
    match: {hosts: [api.example], paths: [/v1/**], clients: [web]}
    routes: {"any /v1/**": authenticated}
  writes:
    match: {hosts: [api.example], paths: [/v1/**], methods: [write], clients: [web]}
    routes: {"any /v1/**": authenticated}
  named:
    match: {hosts: [api.example], listeners: [out], clients: [web]}
    routes: {"any /**": authenticated}
"""
POLICY = load_text(changed(("segments:\n", CARVED)))


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("GET https://api.example/x", {"wide any /**", "named any /**"}),
        ("GET https://api.example/v1/7", {"inner any /v1/**", "named any /**"}),
        ("GET https://api.example/v1", {"inner any /v1/**", "named any /**"}),
        ("DELETE https://api.example/v1/7", {"writes any /v1/**", "named any /**"}),
        ("any https://api.example/v1/**", {"inner any /v1/**", "writes any /v1/**", "named any /**"}),
        ("PROPFIND https://api.example/v1/7", set()),
        # On the other host nothing is carved out, so the wide segment's routes are told apart.
        ("GET https://x.api.example/v1/7", {"wide GET /v1/{id:int}"}),
        ("GET https://x.api.example/v1/x", {"wide GET /v1/{id}"}),
        ("GET https://x.api.example/v1/{some}", {"wide GET /v1/{id}", "wide GET /v1/{id:int}"}),
        ("POST https://x.api.example/v1/7", {"wide any /**"}),
        ("GET https://*/v1/{n:int}", {"wide GET /v1/{id:int}", "inner any /v1/**", "named any /**"}),
        ("GET https://elsewhere.example/", set()),
    ],
)
def test_what_is_reached(asked: str, found: set[str]) -> None:
    """No falling through: neither from a surface to a wider one, nor from a route to a wider one."""
    cells = Ground.of(POLICY).reached(RequestPattern.parse(asked))
    assert {f"{cell.segment.name} {cell.route.key}" for cell in cells} == found


def test_methods_that_get_there() -> None:
    """Of a wide route only what nobody nearer takes."""
    (cell,) = (
        each for each in Ground.of(POLICY).reached(RequestPattern.parse("any https://api.example/v1/7"))
        if each.segment.name == "inner"
    )  # fmt: skip
    assert cell.methods == {"GET", "HEAD", "OPTIONS"}
    assert (cell.name, cell.surface) == ("`any /v1/**` of `inner`", "api.example /v1/**")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("GET https://api.example/v1/7", ["wide", "inner writes", "named"]),
        ("GET https://x.api.example/", ["wide"]),
        ("GET https://elsewhere.example/", []),
    ],
)
def test_who_stands_there(asked: str, found: list[str]) -> None:
    """Every surface that a request could be on, taken from it or not."""
    under = Ground.of(POLICY).under(RequestPattern.parse(asked))
    assert [" ".join(segment.name for segment in place.segments) for place in under] == found


def test_what_is_in_shadow_is_not_there() -> None:
    """Neither does it take anything, nor is it reached."""
    text = changed(("segments:\n", CARVED)).replace("  inner:\n", "  inner:\n    mode: shadow\n")
    cells = Ground.of(load_text(text)).reached(RequestPattern.parse("GET https://api.example/v1/7"))
    assert {cell.segment.name for cell in cells} == {"wide", "named"}


def test_spellings_follow_the_settings() -> None:
    """A set of requests is read as the policy's own paths are."""
    text = changed(("segments:\n", CARVED), ("settings:\n", "settings:\n  paths: {case: insensitive}\n"))
    cells = Ground.of(load_text(text)).reached(RequestPattern.parse("GET https://api.example/V1/7/"))
    assert {cell.segment.name for cell in cells} == {"inner", "named"}
