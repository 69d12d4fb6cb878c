"""Who wins on each surface: an order among the segments that share one, or SEG001 with a witness."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, combinations, islice, product

from parclose.policy.audience import common, narrower
from parclose.policy.desk import Desk, cycles
from parclose.policy.landing import PLAIN, Landing, paths_of
from parclose.policy.nodes import Text
from parclose.policy.paths import narrow
from parclose.policy.schema_segment import SegmentSpec
from parclose.policy.segment import Audience, Segment
from parclose.policy.surface import Place, SurfaceIndex, TooComplex, build_surfaces

MOST_TRIED = 5_000  # requests, before it is said that none shows the ambiguity; nearly always the first does


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
    _competing_kinds(desk, everything, shadow)
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


def _competing_kinds(desk: Desk, standing: list[Place], shadow: frozenset[str] | None) -> None:
    """Report surfaces of different segments between which only the spelling of a type would choose (RTE008)."""
    seen: dict[object, list[Place]] = {}
    for place in standing:
        for at, part in enumerate(place.path.parts):
            before = seen.setdefault((place.listener, place.host, place.path.shape[0][:at], at), [])
            for other in before if part.kind is not None else ():
                kind = other.path.parts[at].kind
                names = {segment.name for segment in (*place.segments, *other.segments)}
                same = {each.name for each in place.segments} == {each.name for each in other.segments}
                if kind is None or part.kind is None or same or not kind.competes(part.kind):
                    continue
                if shadow is None or not shadow.isdisjoint(names):
                    spec = desk.spec.segments[Text(place.segments[0].name)]
                    desk.report(
                        "RTE008", spec.at("match"), f"surfaces `{other.path}` of `{other.segments[0].name}` and"
                        f" `{place.path}` of `{place.segments[0].name}` compete: no rule says which type is nearer",
                        fix="give both one type there, or disjoint enums", bad="" if shadow is None else "W",
                    )  # fmt: skip
                break
            if part.kind is not None:
                before.append(place)


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
        request = _request(ranking.surfaces, place, method, pair)
        _ambiguous(desk, place, pair, f"{request} {caller.text}" if request else "", bad)


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
        f"`{one.name}` and `{other.name}` can both take one request: {request} (surface {surface}; {facets})"
        if request
        else f"nothing says which of `{one.name}` and `{other.name}` comes first on surface {surface} ({facets})",
        fix=f"give both a disjoint facet, or write in `{other.name}`: `wins_over: [{one.name}]`",
        bad=bad,
    )


def _request(surfaces: SurfaceIndex, place: Place, method: str, pair: tuple[Segment, Segment]) -> str:
    """Return a request on the place, and on no more particular one, if need be one for which a segment has no route.

    "" where none of those tried gets there: more particular surfaces may take all, or a type may be hard to meet.
    """
    # A segment that names no listener is found on the reverse ones; a named one is asked by its name alone.
    kind = "forward" if place.listener else "reverse"
    host, names = place.host.sample(), {segment.name for segment in pair}
    best = ""
    for verb, path in islice(_tries(place, method, pair), MOST_TRIED):
        try:
            group = surfaces.find(listener=place.listener, kind=kind, host=host, path=path, method=verb)
            routed = all(segment.routes.find(path, verb) is not None for segment in pair)
        except TooComplex:
            continue
        if group is not None and names <= {segment.name for segment in group.segments}:
            text = Landing(listener=place.listener, method=verb, host=host, path=path).text
            if routed:
                return text
            best = best or text
    return best


def _tries(place: Place, method: str, pair: tuple[Segment, Segment]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield methods and paths to try: those for which both segments have a route first."""
    routes = [[(route.path, route.methods.methods) for route in segment.route_list] for segment in pair]
    both = [(narrow(one, other), mine & theirs) for (one, mine), (other, theirs) in product(*routes)]
    alone = [*chain.from_iterable(routes), (place.path, frozenset(PLAIN))]
    for path, methods in chain(both, alone):
        region = narrow(place.path, path) if path is not None else None
        verbs = [method] if method else [*(verb for verb in PLAIN if verb in methods), *sorted(methods - set(PLAIN))]
        for sample in paths_of(region) if region is not None else ():
            yield from ((verb, sample) for verb in verbs)


def _facets(audience: Audience) -> str:
    words = [f"clients: {'|'.join(sorted(audience.clients))}"]
    words += [f"{name}: {'|'.join(sorted(values))}" for name, values in audience.attributes]
    words += [f"roles: {'|'.join(sorted(audience.roles))}"] if audience.roles is not None else []
    words += [f"zones: {'|'.join(audience.zone_names)}"] if audience.zones is not None else []
    words += [f"geo: {'|'.join(each.name for each in audience.geo)}"] if audience.geo is not None else []
    return "{" + ", ".join(words) + "}"
