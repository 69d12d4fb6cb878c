"""The second verdict: what would come of a request if all that is in shadow were live, and nothing log-only.

A second walk under `Policy.shadow`, over the same facts. It is told what the first walk was told, so nothing is looked
up twice; it charges counters of its own, so trying a limit uses up no real one; and a credential that only the second
walk refuses counts against nobody. It begins where the two policies part: address and admission are judged once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Generator
from dataclasses import dataclass, replace
from functools import lru_cache

from parclose.engine import STAGES, advance, drive, verdict_of
from parclose.policy.segment import Limit, Segment
from parclose.ports import (
    Answer,
    Ask,
    AskAddresses,
    AskFailure,
    AskOnce,
    AskPlace,
    AskProof,
    AskRelease,
    AskTake,
    Hit,
    World,
)
from parclose.stages.walk import Walk
from parclose.verdict import Charged, Verdict, Would

# INVARIANT: what comes before it reads nothing of segments, so it has said the same under both policies.
PARTING = next(place for place, stage in enumerate(STAGES) if stage.name == "surface")
NAMESPACE = "shadow/"


@dataclass(slots=True, kw_only=True)
class Second:
    """A second walk, and what answers it: `world` is the one of second verdicts, with counters of its own."""

    first: Walk
    walk: Walk
    world: World

    def asking(self) -> Generator[Ask, Answer, None]:
        """Take the walk through all stages that are left."""
        return advance(self.walk, STAGES[PARTING:])

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:
        """Return what the first walk was told, else what the world says."""
        first = self.first
        match ask:
            case AskPlace() if first.place is not None:
                return first.place
            case AskAddresses() if first.resolved is not None:
                return first.resolved
            case AskProof(index=index):
                proof = first.proofs[index] if index < len(first.proofs) else None
                return proof if proof is not None else self.world.answer(ask)
            case AskOnce() if first.first is not None:
                return first.first
            case AskFailure(at=at):
                return Charged(0, at)
            case AskTake() | AskRelease():
                return self.world.answer(replace(ask, hits=tuple(_apart(hit) for hit in ask.hits)))
        return self.world.answer(ask)

    def release(self) -> None:
        """Give back what the walk still holds, once."""
        held, self.walk.slots = self.walk.slots, ()
        if held:
            self.answer(AskRelease(held))

    def would(self) -> Would | None:
        """Return the second verdict where it differs from the first, or where something on trial took part."""
        return would_of(self.first, self.walk)


def begin_second(first: Walk, world: World) -> Second | None:
    """Begin the second walk of a request; None where nothing is on trial, or the policies never parted for it."""
    view = first.policy.shadow
    if view is None or first.next_stage <= PARTING:
        return None
    walk = Walk(policy=view, facts=first.facts)
    for stage in STAGES[: PARTING - 1]:
        stage.judge(walk)  # path, method and address, from the facts alone
    walk.known = first.known
    walk.trail = first.trail[:PARTING]
    walk.next_stage = PARTING
    return Second(first=first, walk=walk, world=world)


def try_out(first: Walk, world: World) -> Second | None:
    """Take the second walk of a request at once; `world` answers without waiting.

    Raises:
        TypeError: `world` answered with something to wait for.
    """
    second = begin_second(first, world)
    if second is None:
        return None
    pending = drive(second.asking(), second)
    if pending is not None:
        pending.close()
        raise TypeError("an offline decision cannot wait: the world must answer at once")
    return second


def would_of(first: Walk, second: Walk) -> Would | None:
    """Return what the second walk came to, or None where it says nothing new."""
    now, verdict = verdict_of(first), verdict_of(second)
    passed_over = _passed_over(second, verdict)
    tried = _tried(second, verdict, passed_over)
    log_only = _log_only(second, verdict)
    if not tried and not passed_over and not log_only and _cell(now) == _cell(verdict):
        return None
    mode = "shadow" if tried or passed_over else "log_only" if log_only else "indirect"
    return Would(verdict=verdict, mode=mode, shadow=tried, log_only=log_only, passed_over=passed_over)


@lru_cache(maxsize=4096)
def _renamed(limit: Limit) -> Limit:
    """Return a limit under a name of its own, so that a store that is shared keeps the two apart."""
    return replace(limit, id=NAMESPACE + limit.id)


def _apart(hit: Hit) -> Hit:
    """Return a hit on the counter of second verdicts."""
    return replace(hit, limit=_renamed(hit.limit))


def _cell(verdict: Verdict) -> tuple[object, ...]:
    """Return what a caller, or who reads the log, would notice of a verdict."""
    return verdict.effect, verdict.status, verdict.reason, verdict.segment, verdict.route


def _standing(second: Walk) -> tuple[Segment, ...]:
    """Return the segments on the request's surface; of a tunnel, those that it may be for."""
    return second.group.segments if second.group is not None else second.candidates


def _passed_over(second: Walk, verdict: Verdict) -> tuple[str, ...]:
    """Return the segments in shadow that were asked, and would not have taken this request."""
    if second.segment is None and verdict.stage != "audience":
        return ()
    chosen = second.segment.name if second.segment is not None else ""
    return tuple(one.name for one in _standing(second) if one.mode == "shadow" and one.name != chosen)


def _tried(second: Walk, verdict: Verdict, passed_over: tuple[str, ...]) -> tuple[str, ...]:
    """Return the segments and routes in shadow that took part."""
    found = [f"segment {one.name}" for one in _standing(second) if one.mode == "shadow"]
    routes = [second.route] if second.route is not None else [hit.route for hit in second.hits.values()]
    found += [f"route {route.key}" for route in routes if route.mode == "shadow"]
    return tuple(words for words in dict.fromkeys(found) if words.removeprefix("segment ") not in passed_over)


def _log_only(second: Walk, verdict: Verdict) -> tuple[str, ...]:
    """Return the concerns that cannot deny where the request came to."""
    segment = second.segment or second.policy.segments.get(verdict.segment)
    rules = second.route or segment
    return tuple(sorted(rules.log_only)) if rules is not None else ()
