"""What would be believed if these failed: that nothing waits long for a policy to be loaded or let go of."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from parclose.hooks.parcels import Garbled, pack
from parclose.hooks.slices import dismantled, in_slices, left_out_of_collections, load_in_slices


async def test_all_steps_are_taken() -> None:
    """In as many slices as it takes; with no time at all, one step each."""
    taken: list[int] = []
    slices = 0

    def steps() -> Iterator[None]:
        for number in range(5):
            taken.append(number)
            yield

    def around(work: Callable[[], bool]) -> bool:
        nonlocal slices
        slices += 1
        return work()

    await in_slices(steps(), around=around, slice_s=0.0)
    assert (taken, slices) == ([0, 1, 2, 3, 4], 6)


async def test_a_failing_step_is_not_hidden() -> None:
    """Whoever waits for the work gets the error."""

    def steps() -> Iterator[None]:
        yield
        raise KeyError("bug")

    with pytest.raises(KeyError, match="bug"):
        await in_slices(steps())


async def test_a_value_is_loaded() -> None:
    """As it was packed; what is garbled is said."""
    assert await load_in_slices(list(pack({"a": (1, 2)}))) == {"a": (1, 2)}
    with pytest.raises(Garbled):
        await load_in_slices([b"garbage"])


def test_what_is_loaded_is_left_out_of_collections() -> None:
    """The collector no longer walks it, and still walks everything else; it is as it was before."""
    made: list[object] = []

    def work() -> bool:
        made.append({"k": [1, (2, [3])]})
        return True

    assert left_out_of_collections(work)
    assert gc.isenabled()
    assert not gc.is_tracked(made[0])
    mine: list[object] = []
    mine.append(mine)
    assert gc.is_tracked(mine)
    gc.disable()
    try:
        left_out_of_collections(work)
        assert not gc.isenabled()
    finally:
        gc.enable()


@dataclass(slots=True, weakref_slot=True)
class Part:
    """Something that can be watched as it goes."""

    inner: object = None


def test_a_value_is_taken_apart() -> None:
    """All of it goes, without the collector."""
    inner = Part()
    gone = weakref.ref(inner)
    held: list[object] = [Part([inner])]
    del inner
    for _ in dismantled(held):
        pass
    assert (held, gone()) == ([], None)


def test_what_others_hold_stays_whole() -> None:
    """A part that is shared with the next policy keeps its own parts."""
    shared = [Part("kept")]
    held: list[object] = [Part(shared), shared]
    for _ in dismantled(held):
        pass
    assert [part.inner for part in shared] == ["kept"]
