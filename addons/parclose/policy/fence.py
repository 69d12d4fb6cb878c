"""What an included file may claim: each surface of its segments inside the fence, nothing public where it says so.

Inclusion is told pattern by pattern: a host or path of a segment must lie inside one of the fence. That never lets a
surface through that reaches outside, and asks for a plainer pattern where one would have to put two together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from parclose.policy.collect_routes import normal_path
from parclose.policy.desk import Desk
from parclose.policy.hosts import HostPattern
from parclose.policy.nodes import Mark, Text
from parclose.policy.paths import PathPattern, covers
from parclose.policy.schema_base import where
from parclose.policy.schema_include import IncludeSpec, MaySpec
from parclose.policy.schema_segment import MatchSpec, RouteSpec, SegmentSpec
from parclose.policy.segment import Segment

_OPEN_WORDS = ("public", "open")


def check_fences(desk: Desk, segments: Mapping[str, Segment]) -> None:
    """Report what included files claim and may not: surfaces and public routes (INC002), the profile `default`.

    `segments` are all that are compiled, also those in shadow: a fence does not ask whether a segment is in force.
    """
    for name, spec in desk.spec.segments.items():
        include = desk.includes.get(name.mark.file)
        if include is not None:
            _segment(desk, name, spec, segments.get(name), include)
    shared = (*desk.spec.route_sets.items(), *((n, p.routes or {}) for n, p in desk.spec.profiles.items()))
    for name, routes in shared:
        include = desk.includes.get(name.mark.file)
        if include is not None and include.may is not None and not include.may.public:
            _nothing_public(desk, routes, include)
    for name in desk.spec.profiles:
        if name == "default" and name.mark.file in desk.includes:
            desk.report(
                "INC003", name.mark, "profile `default` is part of every segment, whoever owns it",
                fix=f"move it to `{desk.source.main}`, or give it another name and `use` it", text=name,
            )  # fmt: skip


def owner_of(desk: Desk, name: Text, written: Text | None) -> str:
    """Return whose a segment is: who owns the file, else whoever is written. The policy file alone says who that is."""
    include = desk.includes.get(name.mark.file)
    if include is None:
        return str(written or "")
    if written is not None and written != include.owner and written.mark.file == name.mark.file:
        desk.report(
            "INC003", written.mark, f"owner `{written}` does not count: {where(include.mark)} says `{include.owner}`",
            fix="remove it, or split the file", text=written, bad="W",
        )  # fmt: skip
    return str(include.owner)


def _segment(desk: Desk, name: Text, spec: SegmentSpec, segment: Segment | None, include: IncludeSpec) -> None:
    may = include.may
    if may is None or (may.hosts is None and may.paths is None and may.listeners is None):
        desk.report(
            "INC002", name.mark, f"segment `{name}`: `{name.mark.file}` may hold no segments", text=name,
            fix=f"say at {where(include.mark)} what it may claim: `may: {{hosts: [...], paths: [...]}}`",
        )  # fmt: skip
        return
    for facet, allowed, outside in _outside(desk, may, spec.match):
        for index, text in outside:
            mark = _place(spec, facet, index, name.mark)
            listed = ", ".join(f"`{each}`" for each in allowed) or "none"
            desk.report(
                "INC002", mark, f"segment `{name}` claims {facet[:-1]} `{text}`, which `{name.mark.file}` may not",
                fix=f"{where(include.mark)} allows {facet} {listed}: narrow `match.{facet}`, or widen `may`",
                text=text if mark != name.mark else str(name),
            )  # fmt: skip
    if not may.public:
        for route in segment.route_list if segment is not None else ():
            if route.access in _OPEN_WORDS and not route.where.startswith(f"{name.mark.file}:"):
                what = f"`{route.key}` of {route.where} is {route.access}"
                _too_open(desk, name, what, include)
        _nothing_public(desk, spec.routes or {}, include)


def _outside(
    desk: Desk, may: MaySpec, match: MatchSpec | None
) -> Iterable[tuple[str, tuple[str, ...], list[tuple[int, str]]]]:
    """Yield for each facet of the fence its name, what it allows, and what of the segment lies outside."""
    if may.hosts is not None:
        fence, hosts = may.hosts, (match and match.hosts) or [HostPattern.parse("*")]
        over = [(i, str(h)) for i, h in enumerate(hosts) if not any(h.within(each) for each in fence)]
        yield "hosts", tuple(map(str, fence)), over
    if may.paths is not None:
        settings = desk.spec.settings.paths if desk.spec.settings else None
        fold = settings is not None and settings.case == "insensitive"
        same_slash = settings is None or settings.trailing_slash == "same"
        roots = [normal_path(path, fold=fold, same_slash=same_slash) for path in may.paths]
        paths = (match and match.paths) or [PathPattern.parse("/**")]
        normal = [(i, normal_path(path, fold=fold, same_slash=same_slash)) for i, path in enumerate(paths)]
        over = [(i, str(path)) for i, path in normal if not any(covers(root, path) for root in roots)]
        yield "paths", tuple(map(str, may.paths)), over
    if may.listeners is not None:
        named = [n for n in may.listeners if desk.knows(n, desk.listeners, "listener")]
        # Where none is written a segment is on every reverse listener.
        reverse = [name for name, kind in desk.listeners.items() if kind == "reverse"]
        taken = list(map(str, (match and match.listeners) or reverse))
        yield "listeners", tuple(map(str, named)), [(i, n) for i, n in enumerate(taken) if n not in named]


def _place(spec: SegmentSpec, facet: str, index: int, otherwise: Mark) -> Mark:
    """Return where a segment claims something; its name, where it claims by writing nothing."""
    match = spec.match
    return match.item_at(facet, index) if match is not None and getattr(match, facet) else otherwise


def _nothing_public(desk: Desk, routes: Mapping[Text, RouteSpec], include: IncludeSpec) -> None:
    """Report the routes of an included file for which nobody is asked."""
    for key, spec in routes.items():
        word = next((w for w in _OPEN_WORDS if spec.brief == w or getattr(spec, w)), "")
        if word:
            _too_open(desk, key, f"`{key}` is {word}", include)


def _too_open(desk: Desk, at: Text, what: str, include: IncludeSpec) -> None:
    desk.report(
        "INC002", at.mark, f"{what}, and `{at.mark.file}` may hold no public route", text=at,
        fix=f"ask for a scope, or write `public: true` at {where(include.mark)}",
    )  # fmt: skip
