"""Modes: what is on trial or parked for longer than a month is named, and nothing sooner."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import NOW, found

OLD = "  old:\n    match: {hosts: [x.example], clients: [web]}\n    routes: {any /**: authenticated}\n"
ROUTE = '      "GET /items": public\n'


def route(value: str) -> tuple[str, str]:
    """Add a route to the shop."""
    return ROUTE, ROUTE + f'      "GET /new": {value}\n'


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (route("{mode: shadow, since: 2026-05-02}"), []),
        (route("{mode: shadow, since: 2026-05-01T23:59:59Z}"), ["route `GET /new` has been `shadow` for 30 days"]),
        (route("{mode: off, since: 2026-01-01}"), ["route `GET /new` has been `off` for 151 days"]),
        (route("{mode: enforce, since: 2026-01-01}"), []),
        (route("{mode: shadow}"), []),
        (route("{since: 2026-01-01}"), []),
        (
            ("segments:\n", f"segments:\n{OLD}    mode: shadow\n    since: 2026-01-01\n"),
            ["segment `old` has been `shadow` for 151 days"],
        ),
        (
            ("segments:\n", f"profiles: {{try: {{mode: off, since: 2026-01-01}}}}\nsegments:\n{OLD}    use: [try]\n"),
            ["segment `old` has been `off` for 151 days"],
        ),
    ],
)  # fmt: skip
def test_a_trial_without_end(change: tuple[str, str], expected: list[str]) -> None:
    """Exactly thirty days are not too long; without a date, or without a mode, there is nothing to say."""
    assert [(text, said) for text, said in found("SEG011", change)] == [("since", said) for said in expected]


def test_without_a_clock_nothing_is_said() -> None:
    """A load never depends on today's date."""
    assert found("SEG011", route("{mode: shadow, since: 2026-01-01}"), now=None) == []
    assert found("SEG011", route("{mode: shadow, since: 2026-01-01}"), now=NOW) != []
