"""Gates that nobody can pass, and those that somebody can (NET010)."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.lint.test_network import network, zones


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [zones("[198.51.100.0/26]\n  all: [198.51.100.0/24]"), network("{allow: [office], deny: [all]}")],
            [("[", "every address that `allow` names is denied, so that nobody passes")],
        ),
        ([zones("[198.51.100.0/24]\n  all: [198.51.100.0/26]"), network("{allow: [office], deny: [all]}")], []),
        (
            [network("{allow: [office]}"), ("settings:\n", "settings:\n  admission: {deny_zones: [office]}\n")],
            [("[", "every address that `allow` names is denied, so that nobody passes")],
        ),
        (
            [network("{allow_geo: [DK], deny_geo: [nordic]}")],
            [("[", "every country that `allow_geo` names is denied, so that nobody passes")],
        ),
        ([network("{allow_geo: [DK, FI], deny_geo: [nordic]}")], []),
        # What is private is denied as a destination where nothing else is written.
        (
            [network("{destinations: {allow: [private]}}")],
            [("{", "every destination that is allowed is denied, so that nobody passes")],
        ),
        ([network("{destinations: {allow: [private], deny: []}}")], []),
    ],
)
def test_what_is_closed(changes: list[tuple[str, str]], expected: object) -> None:
    """Addresses, countries and destinations; one address that is left is enough."""
    assert found("NET010", *changes) == expected


def test_a_gate_that_profile_and_segment_close_together_is_named_at_the_allow() -> None:
    """What is allowed by a profile and denied by the segment is one gate."""
    changes = [
        network("{deny: [office]}\n    use: [inside]"),
        ("segments:\n", "profiles:\n  inside: {network: {allow: [office]}}\nsegments:\n"),
    ]
    assert found("NET010", *changes) == [("[", "every address that `allow` names is denied, so that nobody passes")]
