"""What every store of counters must do; a store's test subclasses `CounterContract` and says how to make one."""

from __future__ import annotations

from datetime import datetime
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.segment import Limit
from parclose.ports import AskBlocked, AskFailure, AskRelease, AskTake, Counter, Hit, Taken
from parclose.verdict import Charged

AT = 1_780_315_200.0


def limit(id_: str = "web/steady", *, count: int = 5, period_s: float = 1.0, burst: int = 0, shape: str = "a") -> Limit:
    """Return a limit of `count` in `period_s`; `burst` 0 means the whole window's allowance."""
    return Limit(
        id=id_,
        name=id_.partition("/")[2],
        key=(("ip",),),
        count=count,
        period_ns=int(period_s * 1e9),
        burst=burst or count,
        shape=shape,
    )


def quota(id_: str = "web/day", *, count: int = 5, unit: str = "day", tz: str = "UTC", shape: str = "q") -> Limit:
    """Return a quota of `count` units in each calendar `unit`."""
    return Limit(
        id=id_,
        name=id_.partition("/")[2],
        key=(("ip",),),
        count=count,
        period_ns=86_400 * 10**9,
        burst=count,
        kind="quota",
        unit=unit,
        tz=tz,
        shape=shape,
    )


def slots(id_: str = "web/parallel", *, count: int = 2) -> Limit:
    """Return a limit of `count` requests at once."""
    return Limit(
        id=id_,
        name=id_.partition("/")[2],
        key=(("ip",),),
        count=count,
        period_ns=0,
        burst=count,
        kind="concurrent",
        shape="c",
    )


class CounterContract:
    """One suite for all stores; subclasses give `make`."""

    def make(self) -> Counter:
        """Return an empty store."""
        raise NotImplementedError

    def take(self, store: Counter, *hits: Hit, at: float = AT, dry: bool = False) -> Taken:
        """Take hits, for stores that answer at once."""
        taken = store.take(AskTake(hits, at, dry))
        assert isinstance(taken, Taken)
        return taken

    def fail(self, store: Counter, hit: Hit, *, block_s: float, at: float) -> Charged:
        """Count a failure, for stores that answer at once."""
        charged = store.fail(AskFailure(hit, block_s, at))
        assert isinstance(charged, Charged)
        return charged

    def blocked(self, store: Counter, rate: Limit, key: str, at: float) -> float:
        """Ask for a block, for stores that answer at once."""
        left = store.blocked(AskBlocked(rate, key, at))
        assert isinstance(left, float)
        return left

    @pytest.mark.parametrize(
        ("count", "period_s", "burst"),
        [(5, 1, 5), (1, 1, 1), (3, 1, 3), (7, 60, 7), (100, 3600, 10), (10, 10, 100)],
    )
    def test_exactly_a_burst_passes_at_once(self, count: int, period_s: float, burst: int) -> None:
        """The last of a burst passes and the next does not: nothing is lost to rounding of epoch seconds."""
        store, rate = self.make(), limit(count=count, period_s=period_s, burst=burst)
        passed = [self.take(store, Hit(rate, "k")).passed for _ in range(burst + 1)]
        assert passed == [True] * burst + [False]

    @pytest.mark.parametrize(
        ("after_s", "passes"),
        [(0.199999, False), (0.2, True), (0.200001, True)],
        ids=["below", "at", "above"],
    )
    def test_a_unit_is_back_exactly_after_its_interval(self, after_s: float, passes: bool) -> None:
        """5/s gives a unit back every 0.2 s; at the instant it is back, it may be spent."""
        store, rate = self.make(), limit(count=5, burst=1)
        assert self.take(store, Hit(rate, "k"), at=0.0).passed
        assert self.take(store, Hit(rate, "k"), at=after_s).passed is passes

    def test_readings_tell_what_is_left_and_when_it_is_back(self) -> None:
        """Remaining falls with each hit, reset grows; a refused hit says when it would pass, and at that time does."""
        store, rate = self.make(), limit(count=2, period_s=10, burst=2)
        seen = [self.take(store, Hit(rate, "k"), at=100.0).readings[0] for _ in range(3)]
        assert [reading.remaining for reading in seen] == [1, 0, 0]
        assert [reading.reset_s for reading in seen] == [5.0, 10.0, 10.0]
        assert [reading.retry_after_s for reading in seen] == [0.0, 0.0, 5.0]
        assert [reading.passed for reading in seen] == [True, True, False]
        assert (seen[0].name, seen[0].limit, seen[0].quota, seen[0].window_s) == ("steady", "web/steady", 2, 10)
        assert not self.take(store, Hit(rate, "k"), at=104.999).passed
        assert self.take(store, Hit(rate, "k"), at=105.0).passed

    def test_a_dearer_hit_costs_more_at_once(self) -> None:
        """`cost` units are taken together or not at all."""
        store, rate = self.make(), limit(count=5)
        assert self.take(store, Hit(rate, "k", 4)).passed
        assert not self.take(store, Hit(rate, "k", 2)).passed
        assert self.take(store, Hit(rate, "k", 1)).passed

    def test_all_are_charged_or_none(self) -> None:
        """A full limit keeps the others from being charged, wherever in the order it stands."""
        store, wide, narrow = self.make(), limit("a/wide", count=10), limit("a/narrow", count=1)
        assert self.take(store, Hit(wide, "k"), Hit(narrow, "k")).passed
        for hits in ((Hit(wide, "k"), Hit(narrow, "k")), (Hit(narrow, "k"), Hit(wide, "k"))):
            taken = self.take(store, *hits)
            assert not taken.passed
            assert {reading.limit: reading.passed for reading in taken.readings} == {"a/wide": True, "a/narrow": False}
        assert self.take(store, Hit(wide, "k")).readings[0].remaining == 8

    def test_the_same_caller_twice_in_one_take_pays_twice(self) -> None:
        """Two hits of one limit and key cannot share one unit."""
        store, rate = self.make(), limit(count=3)
        assert [reading.remaining for reading in self.take(store, Hit(rate, "k"), Hit(rate, "k")).readings] == [2, 1]
        taken = self.take(store, Hit(rate, "k"), Hit(rate, "k"))
        assert [reading.passed for reading in taken.readings] == [True, False]
        assert self.take(store, Hit(rate, "k")).readings[0].remaining == 0

    def test_callers_and_limits_are_apart(self) -> None:
        """Another key, and another limit with the same key, have counters of their own."""
        store, one, two = self.make(), limit("a/one", count=1), limit("a/two", count=1)
        assert self.take(store, Hit(one, "k")).passed
        assert self.take(store, Hit(one, "other")).passed
        assert self.take(store, Hit(two, "k")).passed
        assert not self.take(store, Hit(one, "k")).passed

    def test_another_shape_starts_afresh_and_spares_the_rest(self) -> None:
        """A reload that changes a limit resets that limit alone; one that changes nothing resets nothing."""
        store, kept = self.make(), limit("a/kept", count=1)
        old, new = limit("a/changed", count=1, shape="1"), limit("a/changed", count=2, shape="2")
        self.take(store, Hit(kept, "k"), Hit(old, "k"))
        assert self.take(store, Hit(new, "k")).readings[0].remaining == 1
        assert not self.take(store, Hit(limit("a/kept", count=1), "k")).passed

    def test_time_never_runs_back(self) -> None:
        """A request that started earlier and is charged later is charged at the store's time, which is told."""
        store, rate = self.make(), limit(count=1)
        assert self.take(store, Hit(rate, "a"), at=AT + 10).charged.at == AT + 10
        late = self.take(store, Hit(rate, "b"), at=AT)
        assert late.charged.at == AT + 10
        assert self.take(store, Hit(rate, "b"), at=AT + 10.5).passed is False
        assert self.take(store, Hit(rate, "b"), at=AT + 11).passed is True

    def test_charging_has_an_order(self) -> None:
        """Each take and failure, refused ones too, has its own place; a dry look has none and charges nothing."""
        store, rate = self.make(), limit(count=1)
        first = self.take(store, Hit(rate, "k"))
        dry = self.take(store, Hit(rate, "other"), dry=True)
        second = self.take(store, Hit(rate, "k"))
        third = self.fail(store, Hit(rate, "z"), block_s=1, at=AT)
        assert first.charged.seq < second.charged.seq < third.seq
        assert dry.charged.seq == first.charged.seq
        assert dry.passed
        assert self.take(store, Hit(rate, "other")).passed

    def test_failures_over_the_rate_block(self) -> None:
        """Within the rate nothing happens; the one over it blocks, for exactly the block's time."""
        store, rate = self.make(), limit("admission/failed-auth", count=2, period_s=60)
        for _ in range(2):
            self.fail(store, Hit(rate, "k"), block_s=300, at=AT)
        assert self.blocked(store, rate, "k", AT) == 0.0
        self.fail(store, Hit(rate, "k"), block_s=300, at=AT)
        assert self.blocked(store, rate, "k", AT) == 300.0
        assert self.blocked(store, rate, "other", AT) == 0.0
        assert self.blocked(store, rate, "k", AT + 299) == 1.0
        assert self.blocked(store, rate, "k", AT + 300) == 0.0

    @given(st.lists(st.tuples(st.integers(0, 3_000), st.integers(1, 3)), max_size=60))
    def test_what_retry_after_promises_holds(self, steps: list[tuple[int, int]]) -> None:
        """A refused hit passes at its own `retry_after_s`, and a nanosecond's worth earlier it does not."""
        store, rate = self.make(), limit(count=4, period_s=2, burst=3)
        at = 1024.0
        for gap_ms, cost in steps:
            at += gap_ms / 1024
            reading = self.take(store, Hit(rate, "k", cost), at=at).readings[0]
            assert 0 <= reading.remaining <= 3
            assert reading.passed is (reading.retry_after_s == 0)
            assert reading.retry_after_s < inf
            if not reading.passed:
                later = self.take(store, Hit(rate, "k", cost), at=at + reading.retry_after_s, dry=True)
                assert later.passed
                at += reading.retry_after_s

    @pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside a rate"])
    def test_a_quota_holds_to_its_last_unit(self, alone: bool) -> None:
        """The last unit passes and the next does not, until the calendar day is over; then all are back at once."""
        store, day, rate = self.make(), quota(count=3), limit(count=100)
        hits = (Hit(day, "k"),) if alone else (Hit(rate, "k"), Hit(day, "k"))
        noon, midnight = 1_780_315_200.0, 1_780_358_400.0
        seen = [self.take(store, *hits, at=noon).readings[-1] for _ in range(4)]
        assert [reading.passed for reading in seen] == [True, True, True, False]
        assert [reading.remaining for reading in seen] == [2, 1, 0, 0]
        assert [reading.retry_after_s for reading in seen] == [0.0, 0.0, 0.0, 43_200.0]
        assert {(reading.quota, reading.window_s, reading.reset_s) for reading in seen} == {(3, 86_400, 43_200.0)}
        assert not self.take(store, *hits, at=midnight - 0.001).passed
        after = self.take(store, *hits, at=midnight).readings[-1]
        assert (after.passed, after.remaining, after.reset_s) == (True, 2, 86_400.0)

    @pytest.mark.parametrize(
        ("unit", "tz", "at", "left_s"),
        [
            ("day", "Europe/Oslo", "2026-06-01T22:00:00+02:00", 2 * 3600),
            ("day", "Europe/Oslo", "2026-03-29T00:00:00+01:00", 23 * 3600),
            ("day", "Europe/Oslo", "2026-10-25T00:00:00+02:00", 25 * 3600),
            ("month", "UTC", "2026-02-28T00:00:00+00:00", 24 * 3600),
        ],
    )
    def test_a_quota_is_of_its_own_time_zone(self, unit: str, tz: str, at: str, left_s: int) -> None:
        """What is used up comes back with the first instant of the next local day or month, and not before."""
        store, one, now = self.make(), quota(count=1, unit=unit, tz=tz), datetime.fromisoformat(at).timestamp()
        assert self.take(store, Hit(one, "k"), at=now).passed
        assert self.take(store, Hit(one, "k"), at=now).readings[0].retry_after_s == left_s
        assert not self.take(store, Hit(one, "k"), at=now + left_s - 0.5).passed
        assert self.take(store, Hit(one, "k"), at=now + left_s).passed

    def test_a_dear_hit_is_taken_from_a_quota_whole_or_not_at_all(self) -> None:
        """What does not fit leaves the rest for what does."""
        store, day = self.make(), quota(count=5)
        taken = [self.take(store, Hit(day, "k", cost)).passed for cost in (4, 2, 1, 1)]
        assert taken == [True, False, True, False]

    def test_slots_are_held_until_they_are_given_back(self) -> None:
        """However long that is, and whatever a request costs."""
        store, two = self.make(), slots(count=2)
        hit = Hit(two, "k", 50)
        assert [self.take(store, hit).passed for _ in range(3)] == [True, True, False]
        assert not self.take(store, hit, at=AT + 1e6).passed
        store.release(AskRelease((hit,)))
        reading = self.take(store, hit).readings[0]
        assert (reading.passed, reading.remaining, reading.quota, reading.window_s) == (True, 0, 2, 0)
        assert not self.take(store, hit).passed
        assert self.take(store, Hit(two, "other")).passed

    def test_giving_back_what_is_not_held_opens_nothing(self) -> None:
        """A slot too many would be a hole for good."""
        store, two = self.make(), slots(count=2)
        for _ in range(3):
            store.release(AskRelease((Hit(two, "k"),)))
        assert [self.take(store, Hit(two, "k")).passed for _ in range(3)] == [True, True, False]

    @given(st.lists(st.tuples(st.integers(0, 20_000_000), st.integers(1, 3), st.booleans()), max_size=60))
    def test_all_kinds_are_charged_or_none(self, steps: list[tuple[int, int, bool]]) -> None:
        """Over any traffic no day gives more than its quota, no more are under way than may, and refusals are free."""
        store, day, two, rate = self.make(), quota(count=7), slots(count=2), limit(count=4, period_s=3600)
        used: dict[int, int] = {}
        under_way = 0
        at = AT
        for gap_ms, cost, ends in steps:
            at += gap_ms / 1000
            hits = (Hit(rate, "k", cost), Hit(day, "k", cost), Hit(two, "k", cost))
            before = self.take(store, *hits, at=at, dry=True)
            taken = self.take(store, *hits, at=at)
            assert taken.readings == before.readings
            if not taken.passed:
                assert self.take(store, *hits, at=at, dry=True).readings == before.readings
                continue
            today = int(at // 86_400)
            used[today] = used.get(today, 0) + cost
            under_way += 1
            assert used[today] <= 7
            assert under_way <= 2
            assert taken.readings[1].remaining == 7 - used[today]
            if ends:
                store.release(AskRelease((hits[2],)))
                under_way -= 1
