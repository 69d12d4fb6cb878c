"""Which segments stand where: hosts, then paths, then methods, the most specific first and no falling through.

Among all (segment, host pattern, path pattern) that match a request the order is: a named listener before none; an
exact host, then the longer suffix, then any host; the path position by position from the left; methods by name before
`read` and `write` before any. What is best by all four is the surface group; nobody else is asked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from parclose.policy.hosts import HostPattern
from parclose.policy.methods import ANY, MethodSet
from parclose.policy.paths import PathPattern
from parclose.policy.segment import Route, Segment
from parclose.policy.trie import OTHER, TooComplex, Trie
from parclose.value import value

__all__ = ["Group", "RouteHit", "RouteTrie", "SurfaceIndex", "TooComplex", "build_routes", "build_surfaces"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """The segments that share one surface: `segments` by name, `ordered` so that the first that accepts a caller wins.

    `listener` "" is every reverse listener.
    """

    segments: tuple[Segment, ...]
    ordered: tuple[Segment, ...]
    listener: str = ""
    host: str = "*"
    path: str = "/**"

    @property
    def text(self) -> str:
        """The surface for people: listener, host, path."""
        return " ".join(word for word in (self.listener, self.host, self.path) if word)


@dataclass(slots=True)
class HostIndex:
    """The tries of one listener by host: exact names, suffixes, and the one of `*`."""

    exact: dict[str, Trie[Group]] = field(default_factory=dict)
    suffixes: dict[str, Trie[Group]] = field(default_factory=dict)
    rest: Trie[Group] | None = None
    named: dict[str, tuple[Segment, ...]] = field(default_factory=dict)

    def tries(self, host: str) -> Iterable[tuple[str, Trie[Group]]]:
        """Yield pattern and trie of every host pattern that matches, the best first."""
        trie = self.exact.get(host)
        if trie is not None:
            yield host, trie
        if self.suffixes:
            dot = host.find(".")
            while dot >= 0:
                suffix = host[dot + 1 :]
                trie = self.suffixes.get(suffix)
                if trie is not None and dot > 0:
                    yield f"*.{suffix}", trie
                dot = host.find(".", dot + 1)
        if self.rest is not None:
            yield "*", self.rest

    def at(self, host: HostPattern) -> Trie[Group]:
        """Return the trie of one pattern, made where there is none; while building only."""
        if host.kind == "exact":
            return self.exact.setdefault(host.name, Trie())
        if host.kind == "suffix":
            return self.suffixes.setdefault(host.name, Trie())
        self.rest = self.rest or Trie()
        return self.rest


@dataclass(frozen=True, slots=True)
class SurfaceIndex:
    """Every surface of the policy. Cost of a lookup grows with the path, not with the number of segments."""

    listeners: dict[str, HostIndex] = field(default_factory=dict)

    def find(self, *, listener: str, kind: str, host: str, path: tuple[str, ...], method: str) -> Group | None:
        """Return the group of the best surface that a request is on, or None.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        for index in self._indexes(listener, kind):
            for _, trie in index.tries(host):
                group = trie.find(path, method)
                if group is not None:
                    return group
        return None

    def on_host(self, *, listener: str, kind: str, host: str) -> tuple[Segment, ...]:
        """Return all segments, by name, of the best host pattern: what a CONNECT can be judged on."""
        for index in self._indexes(listener, kind):
            for pattern, _ in index.tries(host):
                return index.named[pattern]
        return ()

    def _indexes(self, listener: str, kind: str) -> Iterable[HostIndex]:
        named = self.listeners.get(listener) if listener else None
        if named is not None:
            yield named
        # INVARIANT: a segment that names no listener is on the reverse ones only.
        if kind == "reverse":
            anywhere = self.listeners.get("")
            if anywhere is not None:
                yield anywhere


@value(frozen=True, slots=True, kw_only=True)
class RouteHit:
    """The route that a request takes, and what its path parameters are."""

    route: Route
    params: tuple[tuple[str, str], ...] = ()


type _Found = tuple[RouteHit, tuple[tuple[str, int], ...]]  # a hit without parameters, and where those stand


class RouteTrie:
    """The routes of a segment: the best path pattern that has the method."""

    __slots__ = ("trie",)

    def __init__(self, trie: Trie[_Found] | None = None) -> None:
        self.trie: Trie[_Found] = trie or Trie()

    def find(self, path: tuple[str, ...], method: str) -> RouteHit | None:
        """Return the route of a request, or None.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        found = self.trie.find(path, method)
        if found is None:
            return None
        hit, positions = found
        if not positions:
            return hit
        return RouteHit(route=hit.route, params=tuple([(name, path[at]) for name, at in positions]))

    def methods(self, path: tuple[str, ...]) -> frozenset[str]:
        """Return every method that some route has for `path`, for 405.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        return self.trie.methods(path)


def build_routes(routes: Iterable[Route]) -> RouteTrie:
    """Return the trie of `routes`; two that compete for a method at one place were refused before."""
    trie: Trie[_Found] = Trie()
    best: dict[tuple[int, str], int] = {}
    for route in routes:
        payload = trie.place(route.path)
        positions = tuple((part.name, at) for at, part in enumerate(route.path.parts) if part.name)
        found = (RouteHit(route=route), positions)
        for method, rank in route.methods.ranks:
            if rank < best.get((id(payload), method), ANY + 1):
                best[id(payload), method] = rank
                payload[method] = found
    return RouteTrie(trie)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One node of one host of one listener, with the segments that stand there."""

    listener: str
    host: HostPattern
    path: PathPattern
    segments: tuple[Segment, ...]

    def groups(self) -> dict[str, tuple[Segment, ...]]:
        """Return the segments of the best method rank, by method; `OTHER` is any method that none names."""
        methods = {method for segment in self.segments for method in _methods(segment)}
        return {method: _best(self.segments, method) for method in sorted({*methods, OTHER})}


def places(segments: Iterable[Segment]) -> list[Place]:
    """Return every place on which some segment stands."""
    found: dict[tuple[str, HostPattern, object], tuple[PathPattern, dict[str, Segment]]] = {}
    for segment in segments:
        for listener in segment.surface.listeners or ("",):
            for host in segment.surface.hosts:
                for path in segment.surface.paths:
                    entry = found.setdefault((listener, host, path.shape), (path, {}))
                    entry[1][segment.name] = segment
    return [
        Place(listener=listener, host=host, path=path, segments=tuple(named[name] for name in sorted(named)))
        for (listener, host, _), (path, named) in found.items()
    ]


def build_surfaces(standing: Iterable[Place], orders: dict[frozenset[str], tuple[str, ...]]) -> SurfaceIndex:
    """Return the index of all places; `orders` says for each set of segment names who wins before whom."""
    index = SurfaceIndex()
    on_host: dict[tuple[str, str], dict[str, Segment]] = {}
    for place in standing:
        host_index = index.listeners.setdefault(place.listener, HostIndex())
        payload = host_index.at(place.host).place(place.path)
        for method, members in place.groups().items():
            if members:
                payload[method] = _group(place, members, orders)
        on_host.setdefault((place.listener, str(place.host)), {}).update({s.name: s for s in place.segments})
    for (listener, host), named in on_host.items():
        index.listeners[listener].named[host] = tuple(named[name] for name in sorted(named))
    return index


def _group(place: Place, members: tuple[Segment, ...], orders: dict[frozenset[str], tuple[str, ...]]) -> Group:
    by_name = {segment.name: segment for segment in members}
    order = orders.get(frozenset(by_name), tuple(by_name))
    return Group(
        segments=members,
        ordered=tuple(by_name[name] for name in order),
        listener=place.listener,
        host=str(place.host),
        path=place.path.text,
    )


def _methods(segment: Segment) -> frozenset[str]:
    chosen: MethodSet | None = segment.surface.methods
    return chosen.methods if chosen is not None else frozenset()


def _best(segments: tuple[Segment, ...], method: str) -> tuple[Segment, ...]:
    ranks = []
    for segment in segments:
        chosen = segment.surface.methods
        rank = ANY if chosen is None or (chosen.is_any and method == OTHER) else chosen.rank(method)
        ranks.append((rank, segment))
    best = min((rank for rank, _ in ranks if rank is not None), default=None)
    return tuple(segment for rank, segment in ranks if rank is not None and rank == best)
