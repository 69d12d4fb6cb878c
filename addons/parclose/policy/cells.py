"""Which route of which segment takes which requests: one cell for each, and which cells a set of requests reaches.

There is no falling through, so a cell does not have what a more particular surface or route takes from it. What is
said here is exact where paths are told apart by literals and comparable types; where they are not (two regular
expressions), a cell is said to be reached that is not, never the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain

from parclose.policy.collect_routes import normal_path
from parclose.policy.hosts import HostPattern, narrow_host
from parclose.policy.model import Paths, Policy
from parclose.policy.paths import PathPattern, covers, narrow
from parclose.policy.requests import RequestPattern
from parclose.policy.segment import Route, Segment
from parclose.policy.surface import Place, places
from parclose.policy.trie import OTHER

type _Spot = tuple[str, HostPattern, str]  # listener, host, and what a path begins with, "" if not with a literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """Requests that one route of one segment takes, on one of its surfaces.

    `methods` are those that get here; `path` holds all paths that do, and may hold some that another cell takes.
    """

    place: Place
    segment: Segment
    route: Route
    host: HostPattern
    path: PathPattern
    methods: frozenset[str]

    @property
    def name(self) -> str:
        """The cell for people: its route and its segment."""
        return f"`{self.route.key}` of `{self.segment.name}`"

    @property
    def surface(self) -> str:
        """The surface for people: listener, host, path."""
        return " ".join(word for word in (self.place.listener, str(self.place.host), self.place.path.text) if word)


@dataclass(slots=True)
class Ground:
    """Everything on which a policy lets segments stand, to ask which cells a set of requests reaches."""

    paths: Paths
    standing: tuple[Place, ...]
    by_spot: dict[_Spot, list[Place]] = field(default_factory=dict)

    @classmethod
    def of(cls, policy: Policy) -> Ground:
        """Return the ground of a policy: segments that are enforced, and no others."""
        live = (segment for segment in policy.segments.values() if segment.mode == "enforce")
        ground = cls(policy.settings.paths, tuple(places(live)))
        for place in ground.standing:
            ground.by_spot.setdefault((place.listener, place.host, _begins(place.path)), []).append(place)
        return ground

    def under(self, asked: RequestPattern) -> list[Place]:
        """Return every place where some request of the set goes, whether there is a route for it or not."""
        path = self._normal(asked).path
        return [
            place
            for place in self.standing
            if narrow_host(place.host, asked.host) is not None and narrow(place.path, path) is not None
        ]

    def touched(self, asked: RequestPattern | None = None) -> Iterator[Cell]:
        """Yield every cell that a request of the set may reach, cut down to the set; `left` says which it does."""
        normal = self._normal(asked) if asked is not None else None
        for place in self.standing:
            host = narrow_host(place.host, normal.host) if normal is not None else place.host
            path = narrow(place.path, normal.path) if normal is not None else place.path
            if host is not None and path is not None:
                yield from _at(place, host, path, normal)

    def left(self, cell: Cell) -> Cell | None:
        """Return a cell without the methods for which more particular surfaces or routes take all its requests."""
        methods = frozenset(
            method
            for method in cell.methods
            if not _outdone(cell.segment, cell.route, cell.path, method) and not self._taken(cell, method)
        )
        return replace(cell, methods=methods) if methods else None

    def reached(self, asked: RequestPattern) -> Iterator[Cell]:
        """Yield every cell that a request of the set reaches, cut down to the set."""
        for cell in self.touched(asked):
            found = self.left(cell)
            if found is not None:
                yield found

    def _normal(self, asked: RequestPattern) -> RequestPattern:
        fold, same_slash = self.paths.case == "insensitive", self.paths.trailing_slash == "same"
        return replace(asked, path=normal_path(asked.path, fold=fold, same_slash=same_slash))

    def _taken(self, cell: Cell, method: str) -> bool:
        """Whether a more particular surface takes the whole cell, so that no request of it gets there.

        A segment that names no listener stands on ports that nobody names too: only its like can take it all.
        """
        place = cell.place
        # Only what begins alike, or with a parameter, can take all of it: of a thousand surfaces, a few.
        begins = dict.fromkeys((_begins(cell.path), ""))
        for pattern in _wider(cell.host):
            nearer = pattern.rank < place.host.rank
            for other in chain.from_iterable(self.by_spot.get((place.listener, pattern, word), ()) for word in begins):
                if (nearer or other.path.rank < place.path.rank) and covers(other.path, cell.path):
                    groups = other.groups()
                    if groups.get(method, groups[OTHER]):
                        return True
            if pattern == place.host:
                return False
        return False


def _at(place: Place, host: HostPattern, path: PathPattern, asked: RequestPattern | None) -> Iterator[Cell]:
    """Yield the cells of one place, of the methods in `asked` where that is not None."""
    groups = {method: {segment.name for segment in members} for method, members in place.groups().items()}
    for segment in place.segments:
        for route in live_routes(segment):
            region = narrow(path, route.path)
            methods = frozenset(
                method
                for method in route.methods.methods
                if (asked is None or asked.has(method)) and segment.name in groups.get(method, groups[OTHER])
            )
            if region is not None and methods:
                yield Cell(place=place, segment=segment, route=route, host=host, path=region, methods=methods)


def _begins(path: PathPattern) -> str:
    """Return the literal that a path begins with, "" where it begins with none."""
    return path.parts[0].text if path.parts and not path.parts[0].name else ""


def live_routes(segment: Segment) -> Iterable[Route]:
    """Return the routes of a segment that are enforced."""
    return (route for route in segment.route_list if route.mode == "enforce")


def _outdone(segment: Segment, route: Route, region: PathPattern, method: str) -> bool:
    """Whether a more particular route of the same segment takes the whole region."""
    rank = route.methods.rank(method)
    for other in live_routes(segment):
        theirs = other.methods.rank(method) if other is not route else None
        if theirs is None or rank is None:
            continue
        nearer = other.path.rank < route.path.rank or (other.path.shape == route.path.shape and theirs < rank)
        if nearer and covers(other.path, region):
            return True
    return False


def _wider(host: HostPattern) -> Iterator[HostPattern]:
    """Yield every pattern that holds all of `host`, the most particular first."""
    yield host
    if host.kind != "all":
        name = host.name
        while "." in name:
            name = name.partition(".")[2]
            yield HostPattern("suffix", name)
        yield HostPattern("all", "")
