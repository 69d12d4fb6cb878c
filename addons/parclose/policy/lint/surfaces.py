"""What segments take from each other, and whom they leave out: SEG003, SEG008, SEG010."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from parclose.policy.audience import common, narrower
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import as_if_live, layers, named, spec_of
from parclose.policy.lint.witness import Request, find, sample, tries
from parclose.policy.nodes import Mark, Text
from parclose.policy.paths import PathPattern, covers
from parclose.policy.segment import Route, Segment
from parclose.policy.surface import Group, places

MOST_LISTED = 6  # routes that one sentence lists


def hidden_routes(bench: Bench) -> None:
    """Report surfaces that take whole routes from another segment (SEG003)."""
    standing = places(bench.policy.segments.values())
    crowd = Counter(str(place.host) for place in standing)
    patterns = {(place.listener, str(place.host), place.path.text): place.path for place in standing}
    found: dict[tuple[str, str], tuple[Group, Request, list[Route]]] = {}
    for segment in bench.policy.segments.values():
        if all(crowd[str(host)] == len(segment.surface.paths) for host in segment.surface.hosts):
            continue  # nobody else stands on its hosts
        for route in segment.route_list:
            taken = _taken(bench, segment, route, patterns)
            if taken is not None:
                group, request = taken
                entry = found.setdefault((segment.name, group.text), (group, request, []))
                entry[2].append(route)
    for (loser, _), (group, request, routes) in found.items():
        _hidden(bench, loser, group, request, routes)


def _taken(
    bench: Bench, segment: Segment, route: Route, patterns: dict[tuple[str, str, str], PathPattern]
) -> tuple[Group, Request] | None:
    """Return who takes every request of a route on one of the segment's own hosts, and one such request."""
    path = sample(route.path)
    if path is None or not any(pattern.matches(path) for pattern in segment.surface.paths):
        return None
    methods = sorted(route.methods.methods - {"OPTIONS"} or route.methods.methods)
    hosts = {host.sample(): str(host) for host in segment.surface.hosts}
    for request in tries(bench.policy, segment, path, methods[0]):
        group = find(bench.policy, request)
        # A more particular host is a surface of its own; this one still has the others.
        if group is None or segment in group.segments or group.host != hosts[request.host]:
            continue
        if not covers(patterns[group.listener, group.host, group.path], route.path):
            continue
        others = (find(bench.policy, _with(request, method)) for method in methods[1:])
        if all(other is not None and segment not in other.segments for other in others):
            return group, request
    return None


def _with(request: Request, method: str) -> Request:
    return Request(
        method=method, listener=request.listener, kind=request.kind, host=request.host, path=request.path
    )  # fmt: skip


def _hidden(bench: Bench, loser: str, group: Group, request: Request, routes: list[Route]) -> None:
    winner = group.segments[0]
    match = spec_of(bench, winner).match
    mark, text = (match.mark if match else Mark("", 1, 1)), ""
    for index, path in enumerate((match.paths or ()) if match else ()):
        if match is not None and path.text == group.path:
            mark, text = match.item_at("paths", index), path.text
    listed = ", ".join(f"`{route.key}`" for route in routes[:MOST_LISTED])
    listed += f" and {len(routes) - MOST_LISTED} more" if len(routes) > MOST_LISTED else ""
    bench.desk.report(
        "SEG003", mark, text=text,
        message=f"`{group.path}` of `{winner.name}` hides {len(routes)} route{'s' * (len(routes) > 1)} of `{loser}`: "
        f"{listed}; {request.text} now goes to `{winner.name}`",
        fix=f"remove them from `{loser}` if they have moved, else narrow this path",
    )  # fmt: skip


def unserved_values(bench: Bench) -> None:
    """Report values of a closed attribute for which a surface that is split by it has no segment (SEG008)."""
    seen: set[tuple[frozenset[str], str]] = set()
    for place in places(bench.policy.segments.values()):
        for members in place.groups().values():
            names = frozenset(segment.name for segment in members)
            for name in sorted({name for segment in members for name, _ in segment.audience.attributes}):
                if (names, name) not in seen:
                    seen.add((names, name))
                    _unserved(bench, members, name)


def _unserved(bench: Bench, members: tuple[Segment, ...], name: str) -> None:
    attribute = bench.desk.attributes[name]
    values = (attribute.values or frozenset()) | ({"other"} if attribute.on_unknown == "other" else frozenset())
    left = values.difference(*(dict(segment.audience.attributes).get(name, values) for segment in members))
    clients = sorted(frozenset().union(*(segment.audience.clients for segment in members)) - {"anonymous"})
    if not left or not clients:
        return
    first = next(segment for segment in members if name in dict(segment.audience.attributes))
    request = next(_requests(bench, first, frozenset(segment.name for segment in members)), None)
    match = spec_of(bench, first).match
    if request is None or match is None or match.attributes is None:
        return
    key = next(known for known in match.attributes if known == name)
    listed = " or ".join(f"`{value}`" for value in sorted(left))
    bench.desk.report(
        "SEG008", key.mark, text=name,
        message=f"no segment on this surface takes {name} {listed}: {request.text} by client {clients[0]}, {name} "
        f"{min(left)} is refused",
        fix="add a segment for them, or add them to one; if they are meant to be refused, write "
        "`# parclose: allow SEG008 because ...`",
    )  # fmt: skip


def _requests(bench: Bench, segment: Segment, group: frozenset[str]) -> Iterator[Request]:
    """Yield requests that just this group takes, and a route of the segment."""
    for route in segment.route_list:
        path = sample(route.path)
        for method in sorted(route.methods.methods) if path is not None else ():
            for request in tries(bench.policy, segment, path or (), method):
                found = find(bench.policy, request)
                if found is not None and group == {other.name for other in found.segments}:
                    yield request


def idle_wins(bench: Bench) -> None:
    """Report `wins_over` that never decides anything (SEG010)."""
    shared: set[frozenset[str]] = set()
    wanted = {
        frozenset({segment.name, other}) for segment in bench.policy.segments.values() for other in segment.wins_over
    }
    if not wanted:
        return
    for place in places(bench.policy.segments.values()):
        for members in place.groups().values():
            names = {segment.name for segment in members}
            shared.update(pair for pair in wanted if pair <= names)
    idle: dict[Mark, tuple[Text, str]] = {}
    deciding: set[Mark] = set()
    for _, segment in named(bench):
        owner = layers(bench, segment).owner("wins_over")
        for other in (owner.wins_over or ()) if owner is not None else ():
            why = _idle(bench, segment, bench.policy.segments.get(other), shared)
            if why:
                idle[other.mark] = other, why
            else:
                deciding.add(other.mark)
    for mark, (other, why) in idle.items():
        if mark not in deciding:
            bench.desk.report(
                "SEG010", mark, f"`wins_over: [{other}]` never decides anything: {why}", text=other, fix="remove it"
            )


def _idle(bench: Bench, segment: Segment, other: Segment | None, shared: set[frozenset[str]]) -> str:
    """Return why a segment need not win over another, or ""."""
    if other is None or frozenset({segment.name, other.name}) not in shared:
        return f"`{segment.name}` and `{other.name if other else 'it'}` share no surface"
    one, two, desk = segment.audience, other.audience, bench.desk
    if common(one, two, desk.attributes, desk.zones) is None:
        return f"nobody is taken by both `{segment.name}` and `{other.name}`"
    return f"`{segment.name}` is narrower and wins by itself" if narrower(one, two, desk.zones) else ""


LOOKS = (
    Look(ids=("SEG003",), at=as_if_live(hidden_routes)),
    Look(ids=("SEG008",), at=as_if_live(unserved_values)),
    Look(ids=("SEG010",), at=as_if_live(idle_wins)),
)
