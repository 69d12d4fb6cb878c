"""Routes that let in more than they seem to: RTE003, RTE004, RTE005, RTE006, RTE012."""

from __future__ import annotations

import re

from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import Line, as_if_live, keys, lines, lines_of
from parclose.policy.lint.needs import weaker, words
from parclose.policy.lint.segments import is_wildcard_write
from parclose.policy.lint.wider import Wider
from parclose.policy.lint.witness import hit, reaching, sample
from parclose.policy.methods import READ, STANDARD, WRITE
from parclose.policy.nodes import Mark
from parclose.policy.segment import Need, Route

# Browsers ask it by themselves, and it changes nothing.
_ASKED = tuple(method for method in STANDARD if method != "OPTIONS")
_READING = frozenset({"read", "readonly", "view", "viewer", "list", "get"})
_WRITING = frozenset({"write", "readwrite", "edit", "manage", "admin", "delete", "create", "update"})
_QUERY = frozenset({"search", "_search", "query", "lookup", "graphql", "count", "_count"})


def compared(bench: Bench) -> None:
    """Report routes that ask less than those around them: RTE003, and the half of RTE006 that warns."""
    wider = Wider()
    fallen: set[tuple[Mark, str]] = set()
    below: set[Mark] = set()
    for segment in bench.policy.segments.values():
        above = wider.of(segment.route_list)
        if any(above):
            written = lines_of(bench, segment)
            _fall_through(bench, written, above, fallen)
            for line, over in zip(written, above, strict=True):
                if over and line.key.mark not in below:
                    _below(bench, line, [segment.route_list[at] for at in over], below)


def _fall_through(
    bench: Bench, written: tuple[Line, ...], above: tuple[tuple[int, ...], ...], seen: set[tuple[Mark, str]]
) -> None:
    """Report paths of which a method lands on a wider route that asks less than the path's own routes.

    Only paths without `/**` are looked at: a wildcard is wide itself.
    """
    siblings: dict[object, list[int]] = {}
    for at, line in enumerate(written):
        if not line.route.path.tail:
            siblings.setdefault(line.route.path.shape, []).append(at)
    for own in siblings.values():
        wider = [written[at].route for at in set(above[own[0]]) - set(own)]
        wider = [wide for wide in wider if not _written_for(wide, written[own[0]].route)]
        if any(weaker(bench.desk, wide, written[at].route) for wide in wider for at in own):
            _fall(bench, [written[at] for at in own], seen)


def _written_for(wide: Route, route: Route) -> bool:
    """Whether `/orders/**` is looked at for `/orders`: it names the path itself, so nothing falls unawares."""
    return wide.path.shape[0] == route.path.shape[0]


def _fall(bench: Bench, own: list[Line], seen: set[tuple[Mark, str]]) -> None:
    segment, path = own[0].segment, sample(own[0].route.path)
    has = frozenset().union(*(line.route.methods.methods for line in own))
    fallen: dict[str, tuple[Line, Route, list[str]]] = {}
    for method in _ASKED if path is not None else ():
        found = hit(segment, path or (), method) if method not in has else None
        if found is None or _written_for(found.route, own[0].route):
            continue
        group = READ if method in READ else WRITE
        likes = [line for line in own if line.route.methods.methods & group] or own
        line = next((line for line in likes if weaker(bench.desk, found.route, line.route)), None)
        if line is not None:
            fallen.setdefault(found.route.key, (line, found.route, []))[2].append(method)
    for line, wide, methods in fallen.values():
        request = reaching(bench.policy, segment, path or (), methods[0])
        if request is None or (line.key.mark, wide.key) in seen:
            continue
        seen.add((line.key.mark, wide.key))
        bench.desk.report(
            "RTE003", line.key.mark, text=line.key,
            message=f"`{line.key}` needs {words(line.route)}, but {_listed(methods)} on this path "
            f"{'falls' if len(methods) == 1 else 'fall'} through to `{wide.key}`, which needs {words(wide)}: "
            f"{request.text} gets in",
            fix=f"add a route for {'|'.join(methods)} on this path with what it shall ask for",
        )  # fmt: skip


def _listed(methods: list[str]) -> str:
    return " and ".join(part for part in (", ".join(methods[:-1]), methods[-1]) if part)


def written_by_readers(bench: Bench) -> None:
    """Report writing routes that nothing but a scope named for reading guards (RTE004)."""
    seen: set[Mark] = set()
    for line in lines(bench, _written_by_readers):
        names = _reading_only(line.route.scopes)
        if line.key.mark in seen:
            continue
        seen.add(line.key.mark)
        listed = " and ".join(f"`{name}`" for name in names)
        bench.desk.report(
            "RTE004", line.key.mark, text=line.key,
            message=f"`{line.key}` writes, but {listed} {'is' if len(names) == 1 else 'are'} named for reading: "
            "whoever was allowed to look may change things",
            fix="ask for a scope for writing; if the request only asks, write `# parclose: allow RTE004 because ...`",
        )  # fmt: skip


def _written_by_readers(route: Route) -> bool:
    if route.access != "caller" or route.roles or not route.methods.methods & WRITE:
        return False
    return bool(_reading_only(route.scopes)) and not _asks_by_post(route)


def _reading_only(need: Need | None) -> tuple[str, ...]:
    """Return the names for reading that suffice, or nothing."""
    if need is None:
        return ()
    if need.all and not all(map(is_reading, need.all)):
        return ()
    if not need.any:
        return need.all
    weak = tuple(name for name in need.any if is_reading(name))
    return (*need.all, *weak) if weak else ()


def is_reading(scope: str) -> bool:
    """Whether a scope is named for reading: `orders:read`, `read:org`, `Files.Read`."""
    found = {word.casefold() for word in re.split(r"[^A-Za-z]+|(?<=[a-z])(?=[A-Z])", scope)}
    return bool(found & _READING) and not found & _WRITING


def _asks_by_post(route: Route) -> bool:
    """Whether a POST only asks, by the last word of its path: the custom where a query is too long for a URL."""
    last = route.path.parts[-1].text.casefold() if route.path.parts else ""
    return route.methods.methods & WRITE == {"POST"} and (last in _QUERY or last.endswith((":search", ":query")))


def wildcard_writes(bench: Bench) -> None:
    """Report routes that take writes to every path below one (RTE005)."""
    seen: set[Mark] = set()
    for line in lines(bench, is_wildcard_write):
        if line.key.mark not in seen:
            seen.add(line.key.mark)
            bench.desk.report(
                "RTE005", line.key.mark, f"wildcard write route `{line.key}`", text=line.key,
                fix="list the paths that are written; what the service adds later is then not open by itself",
            )  # fmt: skip


def _below(bench: Bench, line: Line, above: list[Route], seen: set[Mark]) -> None:
    """Report a route that asks less than the wider one that it is cut out of."""
    path = sample(line.route.path)
    for method in sorted(line.route.methods.methods) if path is not None else ():
        wide = next((route for route in above if method in route.methods), None)
        if wide is None or not weaker(bench.desk, line.route, wide):
            continue
        found = hit(line.segment, path or (), method)
        request = reaching(bench.policy, line.segment, path or (), method)
        if request is not None and found is not None and found.route is line.route:
            seen.add(line.key.mark)
            bench.desk.report(
                "RTE006", line.key.mark, text=line.key,
                message=f"`{line.key}` needs {words(line.route)}, where `{wide.key}` above it needs "
                f"{words(wide)}: {request.text} gets in",
                fix="ask for as much here; if the exception is meant, write `# parclose: allow RTE006 because ...`",
            )  # fmt: skip
            return


def past_sunset(bench: Bench) -> None:
    """Report routes whose `sunset` has come (RTE012); at that very instant it has."""
    for key, spec in keys(bench) if bench.now is not None else ():
        if spec.sunset is not None and bench.now is not None and bench.now >= spec.sunset:
            text = spec.node.get(next(each for each in spec.node if each == "sunset"))
            bench.desk.report(
                "RTE012", spec.value_at("sunset"), f"`{key}` is past its sunset, {text}", text=str(text),
                fix="remove the route, or move the date",
            )  # fmt: skip


LOOKS = (
    Look(ids=("RTE003", "RTE006"), at=as_if_live(compared)),
    Look(ids=("RTE004",), at=as_if_live(written_by_readers)),
    Look(ids=("RTE005",), at=as_if_live(wildcard_writes)),
    Look(ids=("RTE012",), at=as_if_live(past_sunset)),
)
