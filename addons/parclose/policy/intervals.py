"""Sets of addresses as sorted, disjoint intervals of whole numbers, ends included."""

from __future__ import annotations

from collections.abc import Iterable

type Intervals = tuple[tuple[int, int], ...]


def union(parts: Iterable[tuple[int, int]]) -> Intervals:
    """Return the intervals of `parts`, in any order, that may overlap or touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(parts):
        if merged and first <= merged[-1][1] + 1:
            if last > merged[-1][1]:
                merged[-1] = (merged[-1][0], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def without(whole: Intervals, taken: Intervals) -> Intervals:
    """Return what of `whole` is not in `taken`."""
    left: list[tuple[int, int]] = []
    at = 0
    for first, last in whole:
        start = first
        while at < len(taken) and taken[at][1] < start:
            at += 1
        look = at
        while look < len(taken) and taken[look][0] <= last:
            if taken[look][0] > start:
                left.append((start, taken[look][0] - 1))
            start = taken[look][1] + 1
            look += 1
        if start <= last:
            left.append((start, last))
    return tuple(left)


def flatten(sets: dict[int, Intervals]) -> tuple[list[int], list[int]]:
    """Return starts and bit masks: from each start to the next, exactly the sets whose bits are in its mask hold.

    `sets` maps a bit number to its intervals. The first start is 0.
    """
    events: list[tuple[int, int]] = []
    for bit, intervals in sets.items():
        flag = 1 << bit
        for first, last in intervals:
            events.append((first, flag))
            events.append((last + 1, flag))
    events.sort()
    starts, masks, mask = [0], [0], 0
    for at, flag in events:
        mask ^= flag
        if at == starts[-1]:
            masks[-1] = mask
        else:
            starts.append(at)
            masks.append(mask)
    return starts, masks
