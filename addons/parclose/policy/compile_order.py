"""Who wins on each surface: an order among the segments that share one, or SEG001 with a witness."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

from parclose.policy.audience import common, narrower
from parclose.policy.desk import Desk, cycles
from parclose.policy.nodes import Text
from parclose.policy.schema_segment import SegmentSpec
from parclose.policy.segment import Audience, Segment
from parclose.policy.surface import Place, SurfaceIndex, build_surfaces


@dataclass(slots=True, kw_only=True)
class _Ranking:
    """What is known of who wins: `wins` by name in one group, and pairs and circles already reported.

    `shadow` names what is in shadow, where that is looked at beside what is in force.
    """

    desk: Desk
    surfaces: SurfaceIndex
    wins: dict[str, set[str]] = field(default_factory=dict)
    judged: set[frozenset[str]] = field(default_factory=set)
    shadow: frozenset[str] | None = None

    def bad(self, names: Iterable[str]) -> str | None:
        """Return how bad it is that `names` compete, "" for the catalogue's word; None: it was said before."""
        if self.shadow is None:
            return ""
        return None if self.shadow.isdisjoint(names) else "W"


def order_places(
    desk: Desk, standing: Iterable[Place], *, shadow: frozenset[str] | None = None
) -> dict[frozenset[str], tuple[str, ...]]:  # fmt: skip
    """Return for each set of segments that shares a surface who is asked before whom; ambiguity is reported.

    With `shadow`, the names of what is in shadow, only theirs is, as a warning.
    """
    everything = list(standing)
    orders: dict[frozenset[str], tuple[str, ...]] = {}
    shared = [place for place in everything if len(place.segments) > 1]
    if not shared:
        return orders
    ranking = _Ranking(desk=desk, surfaces=build_surfaces(everything, {}), shadow=shadow)
    for place in shared:
        for method, members in place.groups().items():
            names = frozenset(segment.name for segment in members)
            if len(names) < 2 or names in orders:
                continue
            ranking.wins = {name: set() for name in sorted(names)}
            for one, other in combinations(members, 2):
                _judge(ranking, place, method, (one, other))
            orders[names] = _sorted(ranking)
    return orders


def _judge(ranking: _Ranking, place: Place, method: str, pair: tuple[Segment, Segment]) -> None:
    desk, (one, other) = ranking.desk, pair
    caller = common(one.audience, other.audience, desk.attributes, desk.zones)
    if caller is None:
        return
    ahead = {
        (a.name, b.name)
        for a, b in ((one, other), (other, one))
        if b.name in a.wins_over or narrower(a.audience, b.audience, desk.zones)
    }
    for winner, loser in ahead:
        ranking.wins[winner].add(loser)
    names = frozenset({one.name, other.name})
    bad = ranking.bad(names)
    if not ahead and names not in ranking.judged and bad is not None:
        ranking.judged.add(names)
        verb = method or _verb(one, other)
        request = f"{verb} https://{place.host.sample()}{_path(ranking.surfaces, place, verb, pair)} {caller.text}"
        _ambiguous(desk, place, pair, request, bad)


def _sorted(ranking: _Ranking) -> tuple[str, ...]:
    """Return names so that whoever wins stands before whom it wins over."""
    wins = ranking.wins
    rings = cycles(wins)
    for ring in rings:
        bad = ranking.bad(ring)
        if frozenset(ring) not in ranking.judged and bad is not None:
            ranking.judged.add(frozenset(ring))
            _ring(ranking.desk, ring, bad)
    found: list[str] = []
    left = {} if rings else {name: set(losers) for name, losers in wins.items()}
    while left:
        beaten = set().union(*left.values())
        first = min(name for name in left if name not in beaten)
        found.append(first)
        del left[first]
    return tuple(found) or tuple(wins)


def _ring(desk: Desk, ring: tuple[str, ...], bad: str) -> None:
    writers = [name for name in ring if desk.spec.segments[_key(desk, name)].wins_over]
    spec: SegmentSpec = desk.spec.segments[_key(desk, (writers or list(ring))[0])]
    chain = " -> ".join(f"`{name}`" for name in (*ring, ring[0]))
    desk.report(
        "REF004", spec.at("wins_over"), f"segments win over each other in a circle: {chain}",
        fix="a narrower audience wins by itself: take the `wins_over` against it out", bad=bad,
    )  # fmt: skip


def _key(desk: Desk, name: str) -> Text:
    return next(key for key in desk.spec.segments if key == name)


def _ambiguous(desk: Desk, place: Place, pair: tuple[Segment, Segment], request: str, bad: str) -> None:
    one, other = pair
    spec = desk.spec.segments[_key(desk, other.name)]
    surface = " ".join(word for word in (place.listener, str(place.host), place.path.text) if word)
    facets = f"{one.name}{_facets(one.audience)}, {other.name}{_facets(other.audience)}"
    desk.report(
        "SEG001",
        spec.at("match"),
        f"`{one.name}` and `{other.name}` can both take one request: {request} (surface {surface}; {facets})",
        fix=f"give both a disjoint facet, or write in `{other.name}`: `wins_over: [{one.name}]`",
        bad=bad,
    )


def _verb(one: Segment, other: Segment) -> str:
    """Return a method for a request, where any method is on the surface: one that a route has."""
    methods = [route.methods.methods for segment in (one, other) for route in segment.route_list]
    return "GET" if any("GET" in each for each in methods) or not methods else min(methods[0])


def _path(surfaces: SurfaceIndex, place: Place, verb: str, pair: tuple[Segment, Segment]) -> str:
    """Return a path on the place, and on no more particular one: a route's where there is one."""
    samples = [route.path.sample() for segment in pair for route in segment.route_list]
    samples += [place.path.sample(), place.path.sample().removesuffix("/x") or "/"]
    names = {segment.name for segment in pair}
    # A segment that names no listener is found on the reverse ones; a named one is asked by its name alone.
    kind = "forward" if place.listener else "reverse"
    for sample in samples:
        path = tuple(sample[1:].split("/")) if sample != "/" else ()
        group = surfaces.find(listener=place.listener, kind=kind, host=place.host.sample(), path=path, method=verb)
        if group is not None and names <= {segment.name for segment in group.segments}:
            return sample
    return place.path.sample()


def _facets(audience: Audience) -> str:
    words = [f"clients: {'|'.join(sorted(audience.clients))}"]
    words += [f"{name}: {'|'.join(sorted(values))}" for name, values in audience.attributes]
    words += [f"roles: {'|'.join(sorted(audience.roles))}"] if audience.roles is not None else []
    words += [f"zones: {'|'.join(audience.zone_names)}"] if audience.zones is not None else []
    words += [f"geo: {'|'.join(each.name for each in audience.geo)}"] if audience.geo is not None else []
    return "{" + ", ".join(words) + "}"
