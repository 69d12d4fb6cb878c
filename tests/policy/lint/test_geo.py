"""Countries and their databases: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import NOW, examined, found
from tests.policy.shop import changed

SETS = "  sets: {nordic: [DK, NO, SE]}"
LEGAL = "  sets: {nordic: {countries: [DK], legal: true}, baltic: [EE]}"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [(SETS, f"  on_unknown: allow\n{LEGAL}")],
            [("nordic", "geo set `nordic` is `legal`, and `on_unknown: allow` lets unknown countries in")],
        ),
        ([(SETS, f"  on_unknown: deny\n{LEGAL}")], []),
        ([(SETS, f"  on_unknown: allow\n{SETS}")], []),
    ],
)
def test_a_law_is_not_for_known_countries_alone(changes: list[tuple[str, str]], expected: object) -> None:
    """GEO004: whoever comes from nowhere known passes a rule that the law asks for."""
    assert found("GEO004", *changes) == expected


@pytest.mark.parametrize(
    ("days", "expected"),
    [(45, []), (46, ["`country.mmdb` was built 46 days ago, and may be 45 days old"])],
)
def test_an_old_database_is_named(days: int, expected: list[str]) -> None:
    """GEO002: only where somebody can tell when it was built, and what day it is."""
    text = changed((SETS, f"  max_age: 45d\n{SETS}"))
    built = {"/p/country.mmdb": NOW - days * 86_400}
    ids = [each.message for each in examined(text, made_at=built.get).findings if each.id == "GEO002"]
    assert ids == expected
    for said in (
        examined(text),
        examined(text, made_at=built.get, now=None),
        examined(text, made_at=dict[str, float]().get),
    ):
        assert [each for each in said.findings if each.id == "GEO002"] == []
