"""All looks together: every id is in the catalogue, and what can block is looked at on each load."""

from __future__ import annotations

import pytest

from parclose.policy.catalog import CATALOG, severity
from parclose.policy.lint import run
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.run import LOOKS, look
from tests.policy.lint.test_cited import bench


def test_every_look_reports_known_ids() -> None:
    """A look names only ids of the catalogue."""
    assert [known for each in LOOKS for known in each.ids if known not in CATALOG] == []


def test_what_may_be_an_error_is_looked_at_on_each_load() -> None:
    """A look with an error among its ids blocks."""
    assert [each.ids for each in LOOKS if any(severity(known) == "E" for known in each.ids) and not each.blocks] == []


def test_what_may_be_an_error_is_looked_for_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """Warnings are not looked for without end: however many there are, each error is told."""
    told: list[str] = []
    at_hand = bench()

    def at(name: str) -> Look:
        def say(_: Bench) -> None:
            told.append(name)

        return Look(ids=(), at=say, blocks="E" in name)

    monkeypatch.setattr(run, "LOOKS", (at("W1"), at("E1"), at("W2"), at("E2")))
    look(at_hand, blocking_only=False)
    assert told == ["E1", "E2", "W1", "W2"]
    told.clear()
    look(at_hand, blocking_only=True)
    assert told == ["E1", "E2"]
