"""What counts once: if these fail, a stolen proof counts again, or honest clients are taken for thieves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.ports import AskOnce
from parclose.stores.once import MemoryOnce


@pytest.mark.parametrize(("at", "first"), [(0.0, False), (9.9, False), (10.0, True), (11.0, True)])
def test_a_name_counts_again_when_it_is_over(at: float, first: bool) -> None:
    """Not before `until`."""
    store = MemoryOnce()
    assert store.first(AskOnce("a", 10.0, 0.0))
    assert store.first(AskOnce("a", 20.0, at)) is first


def test_a_full_store_takes_nothing_new() -> None:
    """It forgets nothing, either: what was shown stays shown."""
    store = MemoryOnce(3)
    assert [store.first(AskOnce(name, 10.0, 0.0)) for name in "abcda"] == [True, True, True, False, False]
    assert store.first(AskOnce("d", 30.0, 10.0))
    assert store.first(AskOnce("e", 40.0, 20.0))


def test_time_never_goes_back() -> None:
    """A request that is a little older than the last one brings nothing back."""
    store = MemoryOnce()
    assert store.first(AskOnce("a", 10.0, 5.0))
    assert store.first(AskOnce("b", 10.0, 9.0))
    assert not store.first(AskOnce("a", 10.0, 1.0))


@given(some.lists(some.tuples(some.sampled_from("abcde"), some.floats(0, 5), some.floats(0.1, 10)), max_size=60))
def test_no_name_counts_twice_in_its_time(shown: list[tuple[str, float, float]]) -> None:
    """Held against a plain model, whatever the order and the times."""
    store, model, now = MemoryOnce(), dict[str, float](), 0.0
    for name, passed, life in shown:
        now += passed
        expected = now >= model.get(name, now)
        assert store.first(AskOnce(name, now + life, now)) is expected
        if expected:
            model[name] = now + life
