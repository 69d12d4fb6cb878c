"""The catalogue: every id that is reported anywhere is in it, and nothing that today's date changes blocks loading."""

from __future__ import annotations

import re

import pytest

from parclose.policy.catalog import CATALOG, severity
from tests.house.tree import sources
from tests.policy import every

DATED = ("SEG011", "RTE012", "NET005", "GEO002", "KEY003")


def test_every_reported_id_is_in_the_catalogue() -> None:
    """No finding has an id that reports and comments could not look up."""
    # Families of the policy only: the sources also name rules of the linter.
    family = "|".join(sorted({known[:3] for known in CATALOG}))
    said = {found for source in sources() for found in re.findall(rf'"((?:{family})\d{{3}})"', source.read_text())}
    assert sorted(said - set(CATALOG)) == []


@pytest.mark.parametrize("id", DATED)
def test_what_a_date_changes_never_blocks(id: str) -> None:  # noqa: A002
    """A reload that passed yesterday does not fail tonight."""
    assert severity(id) != "E"


@pytest.mark.parametrize("entry", CATALOG.items(), ids=str)
def test_each_entry_says_how_bad_and_what(entry: tuple[str, tuple[str, str]]) -> None:
    """Severities are known ones, and each entry says in words what it detects."""
    assert entry[1][0] in ("E", "W", "I")
    assert len(entry[1][1]) >= 5


def test_what_is_not_in_the_catalogue_blocks() -> None:
    """An id that nobody has classed is taken as an error."""
    assert severity("ZZZ999") == "E"


# What no small policy can be written for: no field is deprecated or unsupported today, RE2 is always there, two are
# said where a proxy starts, and RTE010 takes 500 routes (tests/policy/lint/test_budget.py has its sentence).
NOT_SHOWN = ("LIM004", "REX001", "RTE010", "RUN002", "TYP004", "TYP005")


def test_every_kind_of_finding_is_in_a_golden_file() -> None:
    """No sentence reaches an author that nobody has read."""
    assert sorted(set(CATALOG) - every.ids()) == list(NOT_SHOWN)


@pytest.mark.parametrize("title", every.blocks())
def test_each_finding_reads_as_in_the_golden_file(title: str) -> None:
    """Sentence, place and way out are the ones that were read and agreed to."""
    written, answered = every.blocks()[title]
    assert answered == every.answer(title, written)
    heads = re.findall(r"^[EWI] \S+:\d+:\d+  ([A-Z]{3}\d{3})  (.+)$", answered, re.MULTILINE)
    assert heads
    assert {known for known, _ in heads} == {title[:6]}
    assert [said for _, said in heads if said.endswith(".")] == []
    assert len(heads) == len(re.findall(r"^ +\| +\^+ \S", answered, re.MULTILINE))
