"""Which tests are meant: if these fail, a green run has left out what one meant to run."""

from __future__ import annotations

import pytest

from parclose.cases.choose import BadChoice, choice

NAMES = ("free plan reads orders", "Paid plan writes orders", "visitors see items")


@pytest.mark.parametrize(
    ("expression", "meant"),
    [
        ("", "012"),
        ("orders", "01"),
        ("PLAN READS", "0"),
        ("reads plan", ""),
        ("orders and not free", "1"),
        ("free or visitors", "02"),
        ("not (free or visitors)", "1"),
        ("not free and orders or items", "12"),
        ('"plan" and writes', "1"),
    ],
)
def test_names_that_are_meant(expression: str, meant: str) -> None:
    """Words beside each other are one text; `not` binds before `and`, `and` before `or`."""
    chosen = choice(expression)
    assert "".join(str(index) for index, name in enumerate(NAMES) if chosen(name)) == meant


@pytest.mark.parametrize("expression", ["and", "free or", "(free", "free)", "not", "free and or x"])
def test_what_cannot_be_read_says_so(expression: str) -> None:
    """A slip never means all tests, nor none."""
    with pytest.raises(BadChoice):
        choice(expression)
