"""What a route asks for in the end, and the line that says so: of its own, of its segment's, of a profile's."""

from __future__ import annotations

import pytest

from parclose.policy.effective_routes import told
from parclose.policy.segment import Need
from tests.policy.showing import holds


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        # A segment's default by group of methods; what reads and writes asks for both.
        (
            "read /v1/x/**",
            [
                ("scopes", "a:read", "team.yaml:4 via mine"),
                ("roles", "any of staff, admin", "policy.yaml:26 via office"),
                ("cost", "2", "team.yaml:10"),
            ],
        ),
        (
            "any /v1/y",
            [
                ("scopes", "all of a:read, a:write, b:read", "team.yaml:4 via mine"),
                ("roles", "admin", "team.yaml:11"),
                ("about", "both", "team.yaml:11"),
            ],
        ),
        # Its own, in short and at length; null takes the segment's roles away.
        (
            "GET /v1/one",
            [("scopes", "b:read", "team.yaml:24"), ("roles", "any of staff, admin", "policy.yaml:26 via office")],
        ),
        ("POST /v1/one", [("scopes", "authenticated", "team.yaml:25")]),
        # What is replaced is not told; what is parked is.
        ("GET /v1/pages", [("asks", "open", "team.yaml:26"), ("override", "true", "team.yaml:26")]),
        ("PUT /v1/two", [("mode", '"off"', "team.yaml:27")]),
    ],
)
def test_routes(key: str, expected: list[tuple[str, str, str]]) -> None:
    """Requirement first, each with its line."""
    (found,) = [route for route in holds("app").routes if route.key == key]
    shown = [(value.key, value.value.strip('"'), value.origin) for value in found.values]
    assert shown == [(name, value.strip('"'), origin) for name, value, origin in expected]


def test_nothing_written() -> None:
    """A route that asks for nothing but a proven caller; and one of a segment that is off, as written."""
    assert [value.value for route in holds("bare").routes for value in route.values] == ["authenticated"]
    assert [(route.key, route.where, route.values) for route in holds("parked").routes] == [
        ("GET /v1/z", "team.yaml:34", ())
    ]


@pytest.mark.parametrize(
    ("need", "text"),
    [
        (Need(all=("a",)), "a"),
        (Need(all=("a", "b")), "all of a, b"),
        (Need(any=("a", "b")), "any of a, b"),
        (Need(all=("a",), any=("b", "c")), "a and any of b, c"),
        (Need(all=("a", "b"), any=("c",)), "all of a, b and c"),
    ],
)
def test_requirements_in_words(need: Need, text: str) -> None:
    """All or any is always said."""
    assert told(need) == text
