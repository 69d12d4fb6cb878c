"""The catalogue: every id that is reported anywhere is in it, and nothing that today's date changes blocks loading."""

from __future__ import annotations

import re

import pytest

from parclose.policy.catalog import CATALOG, severity
from tests.house.tree import sources

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
