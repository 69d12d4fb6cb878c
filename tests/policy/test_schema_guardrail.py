"""Guardrails as written: what a slip in one says."""

from __future__ import annotations

import pytest

from tests.policy.shop import BASE, ids, load_text

NEVER = 'never: "any https://shop.example/**"'


@pytest.mark.parametrize(
    ("rail", "found"),
    [
        (f"{NEVER}, unless: {{clients: [web, anonymous]}}", []),
        (f"{NEVER}, unless: {{clients: [web, anonymous]}}, about: why, x-note: 7", []),
        (f"{NEVER}, unless: {{zones: office}}", ["TYP002"]),
        (f"{NEVER}, unless: {{zone: [office]}}", ["TYP001"]),
        (f"{NEVER}, unless: {{roles: {{some: [admin], any: [admin]}}}}", ["TYP001"]),
        ('never: "shop.example"', ["TYP002"]),
        ('never: "any https://shop.example/{x"', ["RTE008"]),
        ("require: {segments: {limits: yes}}", ["TYP002"]),
        ("require: {segments: {match: set, limits: set}}", ["TYP001"]),
        ("require: {}", ["TYP003"]),
    ],
)
def test_what_is_read(rail: str, found: list[str]) -> None:
    """Typed like everything else, each mistake at its place."""
    assert ids(f"{BASE}guardrails:\n  - {{id: rail, {rail}}}\n")[:1] == found


def test_an_id_is_a_name() -> None:
    """It is quoted in findings and tests."""
    assert ids(BASE + f"guardrails:\n  - {{id: No Name, {NEVER}}}\n")[:1] == ["TYP002"]
    assert ids(BASE + f"guardrails:\n  - {{{NEVER}}}\n")[:1] == ["TYP003"]


def test_none_is_none() -> None:
    """A policy without guardrails has none to prove."""
    assert load_text(BASE).guardrails == ()
