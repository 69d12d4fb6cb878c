"""Counters in this process: the contract, and that they stay small whatever comes."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.segment import Limit
from parclose.ports import AskRelease, AskTake, Hit
from parclose.stores.memory import EVICT_LOOKS, MemoryCounter
from tests.stores.contract_counter import AT, CounterContract, limit, quota, slots


class TestMemoryCounter(CounterContract):
    """The contract, over this store."""

    def make(self) -> MemoryCounter:
        """Return an empty store."""
        return MemoryCounter()


def take(store: MemoryCounter, rate: Limit, key: str, at: float = AT) -> bool:
    """Take one hit."""
    return store.take(AskTake((Hit(rate, key),), at)).passed


def test_lapsed_entries_are_cleared_away_as_new_ones_come() -> None:
    """Callers that went leave nothing: a thousand windows of new callers hold about one window's worth."""
    store, rate = MemoryCounter(), limit(count=10)
    for number in range(20_000):
        take(store, rate, f"k{number}", AT + number / 100)
    assert len(store) < 200


def test_a_limit_that_no_policy_has_any_more_is_forgotten() -> None:
    """Shapes of old policies do not pile up."""
    store = MemoryCounter()
    for number in range(1_000):
        take(store, limit(count=1, shape=str(number)), "k", AT + number * 10)
    assert len(store._tables) < 5


def test_a_full_store_drops_the_entry_nearest_to_lapsing() -> None:
    """Who has almost everything back loses nothing much; who is deep in debt stays known; nobody is locked out."""
    store, rate = MemoryCounter(max_keys=100), limit(count=10, period_s=60)
    for _ in range(10):
        assert take(store, rate, "greedy")
    for number in range(1_000):
        assert take(store, rate, f"k{number}")
    assert len(store) == 100
    assert not take(store, rate, "greedy")


def test_eviction_reaches_over_limits() -> None:
    """The entry that lapses first goes, whichever limit it belongs to."""
    store, slow, fast = MemoryCounter(max_keys=2), limit("a/slow", count=1, period_s=3600), limit("a/fast", count=1)
    assert take(store, slow, "k")
    assert take(store, fast, "k")
    assert take(store, slow, "other")
    assert not take(store, slow, "k")
    assert take(store, fast, "k")


def test_the_search_for_whom_to_drop_is_bounded() -> None:
    """When all entries have moved since they were filed, room is still found, in a few looks."""
    size = EVICT_LOOKS * 4
    store, rate = MemoryCounter(max_keys=size), limit(count=100, period_s=60)
    for spent in range(2):
        for number in range(size):
            for _ in range(40 if spent else 1):
                take(store, rate, f"k{number}")
    for number in range(size * 3):
        assert take(store, rate, f"new{number}")
    assert len(store) == size


@given(
    st.lists(
        st.tuples(st.integers(0, 30), st.integers(0, 2), st.integers(0, 2_000), st.integers(1, 3)),
        max_size=200,
    )
)
def test_the_books_agree(steps: list[tuple[int, int, int, int]]) -> None:
    """Whatever is taken, each entry is counted once and filed once, and the bound holds."""
    store = MemoryCounter(max_keys=10)
    rates = [limit("a/x", count=5), limit("a/y", count=1, period_s=100), limit("a/z", count=50, period_s=5)]
    at = AT
    for key, which, gap_ms, cost in steps:
        at += gap_ms / 1000
        store.take(AskTake((Hit(rates[which], f"k{key}", cost),), at))
        tables = {id(item[2]): item[2] for item in store._heap} | {id(t): t for t in store._tables.values()}
        entries = sum(len(table.held) for table in tables.values())
        filed = [key for table in tables.values() for bucket in table.buckets.values() for key in bucket]
        assert len(store) == entries == len(filed) <= 10
        for table in tables.values():
            assert sorted(key for bucket in table.buckets.values() for key in bucket) == sorted(table.held)


def test_a_key_costs_less_than_200_bytes() -> None:
    """The budget of the design, key text included: measured over fifty thousand live keys."""
    store, rate = MemoryCounter(), limit(count=5, period_s=3600)
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    for number in range(50_000):
        take(store, rate, f"203.0.{number >> 8}.{number & 255}")
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(store) == 50_000
    assert (after - before) / 50_000 < 200


def test_yesterdays_quotas_are_forgotten() -> None:
    """A day's callers are cleared away as the next day's come; so is the day."""
    store, day = MemoryCounter(), quota(count=2)
    for number in range(3_000):
        take(store, day, f"k{number}")
    for number in range(1_000):
        take(store, day, f"k{number}", AT + 86_400)
    assert len(store) == 1_000
    assert len(store._tables) == 1


def test_a_full_store_still_bounds_quotas() -> None:
    """Quotas are entries like others: the bound holds, and nobody is locked out."""
    store, day = MemoryCounter(max_keys=100), quota(count=2)
    assert all(take(store, day, f"k{number}") for number in range(1_000))
    assert len(store) == 100


def test_slots_take_no_room_when_nobody_holds_one() -> None:
    """A limit without requests under way leaves nothing, and slots are no entries of the bound."""
    store, two = MemoryCounter(max_keys=1), slots()
    hits = [Hit(two, f"k{number}") for number in range(10)]
    assert all(store.take(AskTake((hit,), AT)).passed for hit in hits)
    assert len(store) == 0
    store.release(AskRelease(tuple(hits)))
    assert store._tables == {}


def test_a_reload_gives_a_changed_concurrency_limit_slots_of_its_own() -> None:
    """What was taken under the old shape is given back to it, and never to the new one."""
    store, old = MemoryCounter(), slots(count=1)
    new = replace(old, shape="other")
    assert take(store, old, "k")
    assert take(store, new, "k")
    store.release(AskRelease((Hit(old, "k"),)))
    assert not take(store, new, "k")
