"""All looks together: every id is in the catalogue, and what can block is looked at on each load."""

from __future__ import annotations

import re

import pytest

from parclose.policy.catalog import CATALOG, severity
from parclose.policy.lint import run
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.run import LOOKS, look
from tests.policy.lint.golden import answer, blocks
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


@pytest.mark.parametrize("title", blocks())
def test_what_a_look_says_reads_as_in_the_golden_file(title: str) -> None:
    """Each sentence, place and way out is the one that was read and agreed to, of each id in the title."""
    written, answered = blocks()[title]
    assert answered == answer(title, written)
    ids = re.findall(r"[A-Z]{3}\d{3}", title)
    heads = re.findall(r"^[EWI] policy\.yaml:\d+:\d+  ([A-Z]{3}\d{3})  (.+)$", answered, re.MULTILINE)
    assert {id_ for id_, _ in heads} == set(ids)
    assert [head for _, head in heads if not (head[0] in "`*" or head[0].islower()) or head.endswith(".")] == []
    assert len(heads) == len(re.findall(r"^ +\| +\^+ \S", answered, re.MULTILINE))
