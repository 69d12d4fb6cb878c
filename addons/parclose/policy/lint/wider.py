"""Which routes of a segment lie above which: every path of the one is a path of the other."""

from __future__ import annotations

from dataclasses import dataclass, field

from parclose.policy.lint.witness import sample
from parclose.policy.paths import covers
from parclose.policy.segment import Route
from parclose.policy.surface import TooComplex
from parclose.policy.trie import OTHER, Trie

type _Above = tuple[tuple[int, ...], ...]


@dataclass(slots=True)
class Wider:
    """Remembers what it found: segments that share a route set share its answer."""

    known: dict[tuple[str, ...], _Above] = field(default_factory=dict)

    def of(self, routes: tuple[Route, ...]) -> _Above:
        """Return for each route the indices of the others that match each path of it, the most particular first.

        Of routes on one path, those with fewer methods come first; a route of which no path is known has none above it.
        """
        keys = tuple(route.key for route in routes)
        if keys not in self.known:
            self.known[keys] = _above(routes)
        return self.known[keys]


def _above(routes: tuple[Route, ...]) -> _Above:
    trie: Trie[list[int]] = Trie()
    for index, route in enumerate(routes):
        trie.place(route.path).setdefault(OTHER, []).append(index)
    found = []
    for index, route in enumerate(routes):
        path = sample(route.path)
        over: list[int] = []
        try:
            for payload in trie.payloads(path) if path is not None else ():
                over += sorted(payload[OTHER], key=lambda at: len(routes[at].methods.methods))
        except TooComplex:
            over = []
        found.append(tuple(at for at in over if at != index and covers(routes[at].path, route.path)))
    return tuple(found)
