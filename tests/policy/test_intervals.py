"""Intervals: union, difference and flattening agree with sets of numbers."""

from __future__ import annotations

from bisect import bisect_right
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.intervals import flatten, union, without

PAIRS = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=8
)


def numbers(parts: object) -> set[int]:
    """Return every number in some intervals."""
    return {number for first, last in parts for number in range(first, last + 1)}  # type: ignore[attr-defined]


@given(PAIRS, PAIRS)
def test_they_are_sets_of_numbers(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """Union and difference hold the same numbers as sets would, in order and disjoint."""
    whole, taken = union(one), union(other)
    left = without(whole, taken)
    assert numbers(whole) == numbers(one)
    assert numbers(left) == numbers(one) - numbers(other)
    for found in (whole, left):
        assert all(before[1] < after[0] for before, after in pairwise(found))


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        ([], ()),
        ([(0, 0)], ((0, 0),)),
        ([(0, 1), (2, 3)], ((0, 3),)),
        ([(0, 1), (3, 3)], ((0, 1), (3, 3))),
        ([(0, 9), (2, 3)], ((0, 9),)),
        ([(5, 6), (0, 1), (0, 7)], ((0, 7),)),
    ],
)
def test_what_touches_is_one(parts: list[tuple[int, int]], whole: tuple[tuple[int, int], ...]) -> None:
    """Below, at and above touching; one inside another; in any order."""
    assert union(parts) == whole


@given(PAIRS, PAIRS)
def test_one_look_answers_for_all(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    """The mask at a number has exactly the bits of the sets that hold it."""
    starts, masks = flatten({0: union(one), 3: union(other)})
    for number in range(50):
        mask = masks[bisect_right(starts, number) - 1]
        assert mask == (number in numbers(one)) | (number in numbers(other)) << 3
