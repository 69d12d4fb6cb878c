"""Guardrails and their breaches: which cells are held against which facets, and the request that gets there."""

from __future__ import annotations

import pytest

from parclose.policy.cells import Ground
from parclose.policy.guardrails import Guardrail, breaches
from parclose.policy.implied import Unless
from parclose.policy.requests import RequestPattern
from tests.policy.test_cells import POLICY


@pytest.mark.parametrize(
    ("never", "clients", "only_in", "found"),
    [
        ("any https://api.example/v1/**", "web", "", {}),
        ("any https://api.example/v1/**", "partner", "", {
            "inner": "GET https://api.example/v1/x", "writes": "POST https://api.example/v1/x",
            "named": "GET https://api.example/v1/x",
        }),
        ("any https://api.example/v1/**", "partner", "named", {"named": "GET https://api.example/v1/x"}),
        ("POST https://api.example/v1/7", "partner", "writes", {"writes": "POST https://api.example/v1/7"}),
        ("GET https://api.example/v1/7", "partner", "writes", {}),
        ("GET https://nowhere.example/**", "partner", "", {}),
    ],
)  # fmt: skip
def test_breaches(never: str, clients: str, only_in: str, found: dict[str, str]) -> None:
    """One for each cell that a forbidden request reaches, with a request that does."""
    rail = Guardrail(
        id="rail",
        never=RequestPattern.parse(never),
        unless=Unless(clients=frozenset({clients})),
        only_in=frozenset({only_in} - {""}),
    )
    said = {
        each.cell.segment.name: each.landing.text if each.landing is not None else ""
        for each in breaches(POLICY, Ground.of(POLICY), rail)
    }
    assert said == found


def test_what_must_be_set_has_no_cells() -> None:
    """A guardrail about fields is none about requests."""
    assert list(breaches(POLICY, Ground.of(POLICY), Guardrail(id="rail", require=("limits",)))) == []


def test_never_without_unless_is_never() -> None:
    """Without a facet nobody may: each route that is there is a breach, and where there is none it holds."""
    rail = Guardrail(id="rail", never=RequestPattern.parse("write https://api.example/v1/**"))
    assert [each.cell.segment.name for each in breaches(POLICY, Ground.of(POLICY), rail)] == ["writes", "named"]
    none = Guardrail(id="rail", never=RequestPattern.parse("PURGE https://api.example/**"))
    assert list(breaches(POLICY, Ground.of(POLICY), none)) == []
