"""All looks together: every id is in the catalogue, and what can block is looked at on each load."""

from __future__ import annotations

from parclose.policy.catalog import CATALOG, severity
from parclose.policy.lint.run import LOOKS


def test_every_look_reports_known_ids() -> None:
    """A look names only ids of the catalogue."""
    assert [known for each in LOOKS for known in each.ids if known not in CATALOG] == []


def test_what_may_be_an_error_is_looked_at_on_each_load() -> None:
    """A look with an error among its ids blocks."""
    assert [each.ids for each in LOOKS if any(severity(known) == "E" for known in each.ids) and not each.blocks] == []
