"""Where routes are written: a look points to the line, and says a thing of a shared route set once."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from parclose.policy.inherit import Layers, layers_of
from parclose.policy.lint.bench import Bench
from parclose.policy.nodes import Text
from parclose.policy.schema_segment import RouteSpec, SegmentSpec
from parclose.policy.segment import Route, Segment


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One route of one segment as it is used, with its key and value as written."""

    segment: Segment
    route: Route
    key: Text
    spec: RouteSpec


def as_if_live(look: Callable[[Bench], None]) -> Callable[[Bench], None]:
    """Return a look that is taken at the policy with all that is in shadow live, and nothing log-only.

    What will bite is said before it is put in force.
    """
    return lambda bench: look(replace(bench, policy=bench.policy.shadow or bench.policy))


def spec_of(bench: Bench, segment: Segment) -> SegmentSpec:
    """Return a segment as it is written."""
    return bench.spec.segments[Text(segment.name)]


def layers(bench: Bench, segment: Segment) -> Layers:
    """Return what makes up a segment, the strongest first."""
    return layers_of(bench.desk, spec_of(bench, segment))


def named(bench: Bench) -> Iterator[tuple[Text, Segment]]:
    """Yield every segment that is used, with its name as written."""
    for name in bench.spec.segments:
        segment = bench.policy.segments.get(name)
        if segment is not None:
            yield name, segment


def lines_of(bench: Bench, segment: Segment) -> tuple[Line, ...]:
    """Return the routes of a segment, in the order in which they are used."""
    parts = layers(bench, segment)
    sets, own = parts.owner("route_sets"), parts.owner("routes")
    written: dict[str, tuple[Text, RouteSpec]] = {}
    for name in (sets.route_sets or ()) if sets else ():
        written |= {str(key): (key, spec) for key, spec in bench.spec.route_sets[name].items()}
    written |= {str(key): (key, spec) for key, spec in ((own.routes or {}) if own else {}).items()}
    return tuple(
        Line(segment=segment, route=route, key=written[route.key][0], spec=written[route.key][1])
        for route in segment.route_list
    )


def lines(bench: Bench, meant: Callable[[Route], bool]) -> Iterator[Line]:
    """Yield the routes that are meant, of every segment; one of a shared route set for each segment that uses it.

    Lines are looked up only where one is meant: in most segments none is.
    """
    for segment in bench.policy.segments.values():
        if any(map(meant, segment.route_list)):
            yield from (line for line in lines_of(bench, segment) if meant(line.route))


def keys(bench: Bench) -> Iterator[tuple[Text, RouteSpec]]:
    """Yield every route that is written anywhere, used or not, once."""
    for routes in bench.spec.route_sets.values():
        yield from routes.items()
    for part in (*bench.spec.profiles.values(), *bench.spec.segments.values()):
        yield from (part.routes or {}).items()
