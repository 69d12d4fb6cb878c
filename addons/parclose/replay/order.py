"""Judges records again in the order in which they were charged, even where their walks interleaved.

A live walk may wait (for keys, for a name) between two charges while others are charged. So a replayed walk is taken up
to each ask that charges, put aside under the recorded place of that charge (the store's time, then `seq`), and taken on
when its turn comes. What was recorded without places goes by its own time. A concurrency slot is held for as long as
the exchange took; where that was not kept, it is given back at once, and nothing that such a limit counted is sure.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass, field, replace
from typing import cast

from parclose.engine import STAGES, OutOfOrder, advance, begin, verdict_of
from parclose.facts import Facts
from parclose.policy.model import Policy
from parclose.ports import Answer, Ask, AskFailure, AskRelease, AskTake, World
from parclose.replay.record import Record
from parclose.stages.walk import Walk
from parclose.stores.world import NotKept
from parclose.verdict import Charged, Verdict

AUTHN = next(index for index, stage in enumerate(STAGES) if stage.name == "authn")
COUNTED = "limits were charged by requests whose credentials were not kept"
UNENDED = "how long requests took was not kept, so that none was counted beside another"
BEFORE_ALL = -2  # what ends at an instant has ended for whoever begins at it


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What judging a record again has come to. `maybe` says why the verdict is not sure; "" when it is."""

    record: Record
    verdict: Verdict
    walk: Walk
    maybe: str = ""


@dataclass(slots=True)
class _Pending:
    """A walk on its way: what it asks next, and the recorded charges it has not used yet."""

    record: Record
    walk: Walk
    asking: Generator[Ask, Answer, None]
    charges: list[Charged]
    ask: Ask | None = None
    unanswered: str = ""
    position: int = field(default=0)


def judge_all(
    policy: Policy,
    records: Iterable[Record],
    world_for: Callable[[Facts], World],
    *,
    on_judged: Callable[[], object] = lambda: None,
) -> list[Judged]:
    """Judge all records under one policy, each at its recorded instant, and return them in the order given.

    `world_for` returns the world that answers for one request; all share their counters. `on_judged` is called after
    each.
    """
    pending = [_start(policy, record) for record in records]
    # The number keeps walks of one place in the order in which they were recorded.
    turns = [(one.record.facts.at, -1, number) for number, one in enumerate(pending)]
    heapq.heapify(turns)
    while turns:
        at, seq, number = heapq.heappop(turns)
        one = pending[number]
        world = world_for(one.record.facts)
        if seq == BEFORE_ALL:
            world.answer(AskRelease(one.walk.slots))
            continue
        turn = _go_on(one, world, (at, seq))
        if turn is None:
            on_judged()
            turn = _end(one, world, at)
        if turn is not None:
            heapq.heappush(turns, (*turn, number))
    # Whose credential is missing was charged to somebody else; then no counter that reads one is sure.
    unsure = any(one.record.doubt for one in pending)
    unended = any(one.walk.slots and one.record.took_s is None for one in pending)
    return [_judged(one, unsure=unsure, unended=unended) for one in pending]


def _end(one: _Pending, world: World, now: float) -> tuple[float, int] | None:
    """Return when the slots that a walk holds are given back; None when it holds none any more."""
    if not one.walk.slots:
        return None
    if one.record.took_s is None:
        world.answer(AskRelease(one.walk.slots))
        return None
    return max(now, one.record.facts.at + one.record.took_s), BEFORE_ALL


def _start(policy: Policy, record: Record) -> _Pending:
    """Begin the walk of one record."""
    walk = begin(policy, record.facts)
    charges = list(record.verdict.charges) if record.verdict is not None else []
    return _Pending(record, walk, advance(walk, STAGES), charges)


def _go_on(one: _Pending, world: World, here: tuple[float, int]) -> tuple[float, int] | None:
    """Take a walk on until it ends (None) or its next charge belongs later (the place of that charge)."""
    try:
        if one.ask is None:
            one.ask = next(one.asking)
        while True:
            if _charges(one.ask):
                place = one.charges[one.position] if one.position < len(one.charges) else None
                if place is not None:
                    if (place.at, place.seq) > here:
                        return place.at, place.seq
                    one.ask = replace(cast("AskTake | AskFailure", one.ask), at=place.at)
                one.position += 1
            answer = world.answer(one.ask)
            if hasattr(answer, "__await__"):
                raise TypeError("a replay cannot wait: the world must answer at once")
            one.ask = one.asking.send(answer)
    except StopIteration:
        return None
    except NotKept as not_kept:
        one.unanswered = str(not_kept)
        one.asking.close()
        return None


def _charges(ask: Ask) -> bool:
    """Whether an ask changes a counter."""
    return isinstance(ask, AskFailure) or (isinstance(ask, AskTake) and not ask.dry)


def _judged(one: _Pending, *, unsure: bool, unended: bool) -> Judged:
    """Sum up one walk; `unsure`: some record of the replay is not complete; `unended`: how long one took is."""
    maybe = one.unanswered
    # What was refused before anybody looked at a credential is sure, whatever was not kept of it.
    if not maybe and one.record.doubt and (one.walk.denial is None or one.walk.next_stage > AUTHN):
        maybe = one.record.doubt
    if not maybe and unsure and one.walk.readings and not one.record.is_complete:
        maybe = COUNTED
    # A concurrency limit is the one that has no window.
    if not maybe and unended and any(reading.window_s == 0 for reading in one.walk.readings):
        maybe = UNENDED
    if one.unanswered:
        facts = one.record.facts
        return Judged(record=one.record, verdict=Verdict(decision=facts.decision), walk=one.walk, maybe=maybe)
    if one.walk.denial is None and one.walk.next_stage != len(STAGES):
        raise OutOfOrder("a replayed walk ended before its last stage")
    return Judged(record=one.record, verdict=verdict_of(one.walk), walk=one.walk, maybe=maybe)
