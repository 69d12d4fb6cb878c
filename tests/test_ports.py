"""Ports: questions are values, and a charging passes only as a whole."""

from __future__ import annotations

import pytest

from parclose.policy.segment import Limit
from parclose.ports import AskTake, Hit, Taken
from parclose.verdict import Charged, Reading

LIMIT = Limit(id="s/steady", name="steady", key=(("ip",),), count=5, period_ns=1_000_000_000, burst=5)


def reading(*, passed: bool) -> Reading:
    """Return what one counter said."""
    return Reading(name="n", limit="l", passed=passed, quota=1, window_s=1, remaining=0, reset_s=0.0)


@pytest.mark.parametrize(
    ("passes", "expected"),
    [((), True), ((True,), True), ((True, True), True), ((True, False), False), ((False, False), False)],
)
def test_a_charging_passes_as_a_whole(passes: tuple[bool, ...], expected: bool) -> None:
    """One counter that refuses refuses all."""
    taken = Taken(tuple(reading(passed=passed) for passed in passes), Charged(seq=1, at=0.0))
    assert expected is taken.passed


def test_questions_are_values() -> None:
    """Equal questions are equal: an answer may be kept and found again."""
    assert AskTake((Hit(LIMIT, "ip:192.0.2.1"),), 1.0) == AskTake((Hit(LIMIT, "ip:192.0.2.1", 1),), 1.0, dry=False)
