"""Values: equal by what they hold, without a dictionary, and never asked for as anything else."""

from __future__ import annotations

import pytest

from parclose.value import value


@value(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two numbers."""

    one: int
    two: int = 2


def test_values_are_equal_by_what_they_hold() -> None:
    """An answer may be kept under its question."""
    assert Pair(one=1) == Pair(one=1, two=2)
    assert len({Pair(one=1), Pair(one=1), Pair(one=2)}) == 2


def test_values_take_no_other_field() -> None:
    """A misspelt field must not vanish into a dictionary."""
    with pytest.raises(AttributeError):
        Pair(one=1).three = 3  # type: ignore[attr-defined]


def test_a_value_says_what_it_is() -> None:
    """The reader of a class sees that it does not change."""
    with pytest.raises(ValueError, match="frozen and slotted"):
        value(frozen=False, slots=True)
