"""What every memory of shown names must do; a store's test subclasses `OnceContract` and says how to make one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.ports import AskOnce, Once


class OnceContract:
    """One suite for all stores; subclasses give `make`."""

    def make(self) -> Once:
        """Return a store that has seen nothing."""
        raise NotImplementedError

    def first(self, store: Once, name: str, until: float, at: float) -> bool | None:
        """Show a name, for stores that answer at once."""
        said = store.first(AskOnce(name, until, at))
        assert said is None or isinstance(said, bool)
        return said

    @pytest.mark.parametrize(("at", "first"), [(0.0, False), (9.9, False), (10.0, True), (11.0, True)])
    def test_a_name_counts_again_when_it_is_over(self, at: float, first: bool) -> None:
        """Not before `until`."""
        store = self.make()
        assert self.first(store, "a", 10.0, 0.0) is True
        assert self.first(store, "a", 20.0, at) is first

    def test_time_never_goes_back(self) -> None:
        """A request that is a little older than the last one brings nothing back."""
        store = self.make()
        assert self.first(store, "a", 10.0, 5.0) is True
        assert self.first(store, "b", 10.0, 9.0) is True
        assert self.first(store, "a", 10.0, 1.0) is False

    @pytest.mark.parametrize(("until", "first"), [(9.0, None), (20.0, None), (20.1, True)])
    def test_what_comes_after_its_time_is_never_new(self, until: float, first: bool | None) -> None:
        """A copy that was held up until its name was forgotten: nobody can tell any more."""
        store = self.make()
        assert self.first(store, "a", 9.0, 0.0) is True
        assert self.first(store, "b", 99.0, 20.0) is True
        assert self.first(store, "a", until, 8.0) is first

    @given(some.lists(some.tuples(some.sampled_from("abcde"), some.floats(0, 5), some.floats(0.1, 10)), max_size=60))
    def test_no_name_counts_twice_in_its_time(self, shown: list[tuple[str, float, float]]) -> None:
        """Held against a plain model, whatever the order and the times."""
        store, model, now = self.make(), dict[str, float](), 0.0
        for name, passed, life in shown:
            now += passed
            expected = now >= model.get(name, now)
            assert self.first(store, name, now + life, now) is expected
            if expected:
                model[name] = now + life
