"""Within the limits, and charged: every counter is looked at, then all are charged, or none.

Slots of concurrency limits are taken with the charge and noted on the walk; whoever drives the walk gives them back
when the request has ended.
"""

from __future__ import annotations

from collections.abc import Generator
from fnmatch import fnmatchcase
from math import ceil, isfinite
from typing import cast

from parclose.policy.segment import Limit, Route, Segment, When
from parclose.ports import Answer, Ask, AskTake, Hit, Taken
from parclose.reasons import Reason
from parclose.stages.bucket import find_key
from parclose.stages.claims import ANONYMOUS
from parclose.stages.refusal import deny
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, Hints, Judgement, Reading

REASONS = {
    "rate": Reason.RATE_LIMITED,
    "quota": Reason.QUOTA_EXHAUSTED,
    "concurrent": Reason.CONCURRENCY_EXCEEDED,
}


def judge(walk: Walk) -> Judgement | Asking:
    """Charge every limit that applies; a preflight only those that count addresses, a tunnel none."""
    segment, route = walk.segment, walk.route
    if segment is None or route is None or not route.limits:
        return NOT_MINE
    hits = _hits(walk, segment, route, route.limits)
    return _take(walk, route, hits) if hits else NOT_MINE


def charge_refused(walk: Walk) -> Generator[Ask, Answer, None]:
    """Charge a refused request to the `count: all` limits of its segment, as far as that is known.

    Each limit alone: one that is full must not spare the others. A refused request holds no slot.
    """
    segment = walk.segment
    if segment is None and walk.group is not None and len(walk.group.segments) == 1:
        segment = walk.group.segments[0]
    if segment is None:
        return
    hit = walk.hits.get(segment.name)
    route = walk.route or (hit.route if hit is not None else None)
    limits = route.limits if route is not None else segment.limits
    limits = tuple(limit for limit in limits if limit.counts_all and limit.kind != "concurrent")
    for one in _hits(walk, segment, route, limits):
        taken = cast("Taken", (yield AskTake((one,), walk.facts.at)))
        walk.charges.append(taken.charged)


def _hits(walk: Walk, segment: Segment, route: Route | None, limits: tuple[Limit, ...]) -> tuple[Hit, ...]:
    """Return what the request costs each of `limits` that applies."""
    cost = route.cost if route is not None else 1
    hits: list[Hit] = []
    for limit in limits:
        if limit.when is not None and not _applies(limit.when, walk):
            continue
        alternative, key = find_key(limit, walk, segment=segment, route=route)
        if not walk.preflight or "ip" in alternative:
            hits.append(Hit(limit, key, cost))
    return tuple(hits)


def _applies(when: When, walk: Walk) -> bool:
    """Whether a narrowed limit counts this request. A hint is a guess: it may tighten, never grant."""
    if when.methods is not None and walk.method not in when.methods:
        return False
    if when.authenticated is not None:
        proven = walk.principal is not None and walk.principal.client_type != ANONYMOUS
        if proven is not when.authenticated:
            return False
    if not when.hint:
        return True
    agent = walk.facts.user_agent.lower()
    hints = walk.policy.clients.hints
    return any(fnmatchcase(agent, glob.lower()) for name in when.hint for glob in hints.get(name, ()))


def _take(walk: Walk, route: Route, hits: tuple[Hit, ...]) -> Generator[Ask, Answer, Judgement]:
    """Charge, and refuse where a counter does."""
    taken = cast("Taken", (yield AskTake(hits, walk.facts.at)))
    walk.readings = taken.readings
    walk.charges.append(taken.charged)
    if taken.passed:
        walk.slots = tuple([hit for hit in hits if hit.limit.kind == "concurrent"])
        return ALLOW
    refused = [(reading, hit) for reading, hit in zip(taken.readings, hits, strict=True) if not reading.passed]
    reading, hit = max(refused, key=lambda pair: pair[0].retry_after_s)
    cost = 1 if hit.limit.kind == "concurrent" else route.cost
    return deny(
        REASONS[hit.limit.kind],
        detail=reading.name,
        found=f"`{reading.name}` of {hit.key!a}: {reading.remaining} of {reading.quota} left, this costs {cost}",
        needs=f"to wait {_wait_s(reading)} s",
        where=hit.limit.where,
        hints=Hints(retry_after_s=_wait_s(reading)),
    )


def _wait_s(reading: Reading) -> int:
    """Return the whole seconds to wait, at least one; a hit that never fits waits a window."""
    return max(1, ceil(reading.retry_after_s)) if isfinite(reading.retry_after_s) else reading.window_s
