"""Work that would keep requests waiting, done in slices between turns of the loop: load a policy, let go of another.

A request takes several turns of the loop, and each may meet a slice; so slices are short and rests are long. What is
loaded holds no cycles and lives long, so the collector is told to leave it out at once: walking it would be one long
wait, and freezing everything would also keep for ever what requests under way leave behind.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
import time
from collections.abc import Callable, Iterable, Iterator

from parclose.hooks.edition import Edition
from parclose.hooks.parcels import Unpacker

SLICE_S = 0.002
REST_S = 0.006
LOOK_AGAIN_S = 1.0
LOOK_EVERY = 32  # values let go of between two looks at the clock: some 10 us
OURS = 2  # references to a value that nobody else has: our name for it, and the argument of the count

# What may be left out: these, as the collector itself does with some of them, and instances of the policy's own
# classes, which are nothing but slots. Others (generators, functions) count on being known to it when they are freed.
CONTAINERS = frozenset({tuple, list, dict, set, frozenset})

_untrack = ctypes.pythonapi.PyObject_GC_UnTrack
_untrack.argtypes = [ctypes.py_object]
_untrack.restype = None


async def in_slices(
    steps: Iterator[object], *, around: Callable[[Callable[[], bool]], bool] | None = None, slice_s: float = SLICE_S
) -> None:
    """Run an iterator to its end, for `slice_s` at a time; `around` is called with each slice and runs it."""

    def one_slice() -> bool:
        until = time.perf_counter() + slice_s
        return any(time.perf_counter() >= until for _ in steps)

    goes_on = True
    while goes_on:
        goes_on = around(one_slice) if around is not None else one_slice()
        await asyncio.sleep(REST_S if goes_on else 0)


async def load_in_slices(pieces: Iterable[bytes | memoryview]) -> object:
    """Return the value that was packed in pieces.

    Raises:
        Garbled: they are not what was packed.
    """
    unpacker = Unpacker()
    loaded = map(unpacker.load, pieces)
    await in_slices(loaded, around=left_out_of_collections)
    made = unpacker.last
    await in_slices(unpacker.forgetting(LOOK_EVERY))
    return made


def left_out_of_collections(work: Callable[[], bool]) -> bool:
    """Do some work that makes nothing with cycles, and leave what it made out of every later collection."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        # INVARIANT: after this the youngest generation is empty, so that what is in it afterwards is made by the work.
        gc.collect(0)
        goes_on = work()
        for made in gc.get_objects(generation=0):
            if type(made) in CONTAINERS or type(made).__module__.startswith("parclose.policy."):
                _untrack(made)
        return goes_on
    finally:
        if was_on:
            gc.enable()


def dismantled(held: list[object]) -> Iterator[None]:
    """Let go of the one value in `held`, part by part; parts that somebody else holds too are left to them.

    Freeing a large policy at once takes longer than a request may wait.
    """
    count = 0
    while held:
        value = held.pop()
        if sys.getrefcount(value) <= OURS:
            held.extend(gc.get_referents(value))
        del value
        count += 1
        if count % LOOK_EVERY == 0:
            yield


async def let_go(held: list[Edition]) -> None:
    """Let go of the one edition in `held`, which is no longer in force, once nothing under way goes by it any more."""
    policies: list[object] = [held[0].policy]
    editions: list[object] = [held.pop()]
    for parts in (editions, policies):
        while sys.getrefcount(parts[0]) > OURS:  # noqa: ASYNC110 - nobody says when they let go of something
            await asyncio.sleep(LOOK_AGAIN_S)
        await in_slices(dismantled(parts))
