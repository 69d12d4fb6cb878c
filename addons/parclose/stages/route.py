"""Which routes could it mean? Scanners get their 404 without any crypto; look-alike paths are refused."""

from __future__ import annotations

from collections.abc import Iterable

from parclose.policy.segment import Segment
from parclose.policy.surface import Group, RouteHit, SurfaceIndex, TooComplex
from parclose.reasons import Reason
from parclose.stages.refusal import deny
from parclose.stages.spelling import fold
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, NOT_MINE, Hints, Judgement, Outcome


def judge(walk: Walk) -> Judgement:
    """Find the route that each candidate would take; refuse where none has one, unless that is to be concealed."""
    if walk.facts.connect:
        return NOT_MINE
    try:
        for segment in walk.candidates:
            hit = segment.routes.find(walk.path, walk.method)
            if hit is not None:
                walk.hits[segment.name] = hit
        if walk.hits:
            return _look_for_override(walk) or _look_twice(walk)
    except TooComplex:
        return deny(
            Reason.PATH_TOO_COMPLEX,
            found=f"a path of {len(walk.path)} segments that too many routes share",
            segment=walk.candidates[0].name,
        )
    if any(segment.errors.conceal for segment in walk.candidates):
        return NOT_MINE  # the network stage answers, once it is known who asks
    return refuse_route(walk, walk.candidates)


def refuse_route(walk: Walk, segments: tuple[Segment, ...]) -> Judgement:
    """Refuse a request that none of `segments` has a route for: 405 where another method would do, else 404."""
    asked = f"{walk.method} {walk.facts.target!a}"
    allow = sorted({method for segment in segments for method in segment.routes.methods(walk.path)})
    first = segments[0]
    if allow:
        return deny(
            Reason.METHOD_NOT_ALLOWED,
            found=f"no route for {asked}",
            needs=f"one of {', '.join(allow)}",
            where=first.where,
            segment=first.name,
            hints=Hints(allow=tuple(allow)),
        )
    return deny(
        Reason.NO_ROUTE,
        found=f"no route for {asked}",
        needs="a path that a route of the segment has",
        where=first.where,
        segment=first.name,
    )


def _look_for_override(walk: Walk) -> Judgement | None:
    """Refuse a request that asks to be taken for one of another method, where that takes another route."""
    facts, asked = walk.facts, walk.facts.override
    if not asked or walk.published:
        return None
    group = walk.policy.surfaces.find(
        listener=facts.listener, kind=facts.kind, host=facts.host, path=walk.path, method=asked
    )
    here = _cells(walk.group.segments if walk.group else (), walk.path, walk.method)
    there = _cells(group.segments if group else (), walk.path, asked)
    if here == there:
        return None
    return deny(
        Reason.REQUEST_MALFORMED,
        detail="method_override",
        found=f"{walk.method} that asks to be taken for {asked!a}, which reaches {_words(there)}",
        needs="the method that is meant, and neither `X-HTTP-Method-Override` nor `_method`",
        segment=walk.candidates[0].name,
    )


def _look_twice(walk: Walk) -> Judgement:
    """Look the path up as a lax server might read it: it must reach the same routes of the same segments.

    Default deny alone does not save a strict carve-out that lies under a wildcard. Where the policy's own paths fold,
    every request is looked up among the folded ones: one that does not fold may be what a path of the policy folds to.
    """
    mode = walk.policy.settings.paths.divergence
    if mode == "off" or walk.published:
        return ALLOW
    twin = walk.policy.folded
    others = fold(walk.path, walk.target) or ((walk.path,) if twin is not None else ())
    if not others:
        return ALLOW
    here = _cells(walk.group.segments if walk.group else (), walk.path, walk.method)
    for folded in others:
        there = _other_cells(walk, twin or walk.policy.surfaces, folded)
        if there is not None and there != here:
            return _diverges(walk, mode, here, there)
    return ALLOW


def _other_cells(walk: Walk, surfaces: SurfaceIndex, folded: tuple[str, ...]) -> dict[str, str] | None:
    """Return the cells that a folded path reaches; None where it hides nothing.

    A spelling that nothing of the policy stands on hides nothing: a literal with capitals must stay reachable.
    """
    facts = walk.facts
    group = surfaces.find(listener=facts.listener, kind=facts.kind, host=facts.host, path=folded, method=walk.method)
    there = _cells(group.segments if group else (), folded, walk.method)
    return None if not there and (group is None or _same(group, walk.group)) else there


def _diverges(walk: Walk, mode: str, here: dict[str, str], there: dict[str, str]) -> Judgement:
    """Refuse, or only note, a path that reaches one cell here and may reach another elsewhere."""
    found = f"path {walk.facts.target!a} reaches {_words(here)}, but another server may read it as {_words(there)}"
    if mode == "log":
        return Judgement(outcome=Outcome.ALLOW, detail="divergence", found=found)
    return deny(
        Reason.PATH_AMBIGUOUS,
        detail="divergence",
        found=found,
        needs="the spelling that the route has",
        segment=walk.candidates[0].name,
    )


def _same(one: Group, other: Group | None) -> bool:
    """Whether two groups are of the same segments; those of the folded twin are others with the same names."""
    return other is not None and [s.name for s in one.segments] == [s.name for s in other.segments]


def _cells(segments: Iterable[Segment], path: tuple[str, ...], method: str) -> dict[str, str]:
    """Return the route key that each segment would take."""
    hits: list[tuple[str, RouteHit | None]] = [
        (segment.name, segment.routes.find(path, method)) for segment in segments
    ]
    return {name: hit.route.key for name, hit in hits if hit is not None}


def _words(cells: dict[str, str]) -> str:
    """Return cells for a sentence."""
    return ", ".join(f"`{key}` of `{name}`" for name, key in cells.items()) or "no route"
