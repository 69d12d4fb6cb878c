"""A request that lands on a cell: a method, a host and a path that the very indexes of the policy lead there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from urllib.parse import quote

from parclose.policy.cells import Cell
from parclose.policy.model import Policy
from parclose.policy.paths import PathPattern
from parclose.policy.trie import TooComplex

_SAFE = "-._~!$&'()*+,=:@"  # stands in a path segment as it is (RFC 3986 section 3.3), `;` aside, which is refused
_OTHERS = ("x", "sample-1", "another", "7", "v1", "zz-9", "a")
PLAIN = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")  # the plainer one, where several would do


@dataclass(frozen=True, slots=True, kw_only=True)
class Landing:
    """A request on its way to one cell; `path` is decoded, `listener` "" is the first reverse one."""

    listener: str
    method: str
    host: str
    path: tuple[str, ...]

    @property
    def url(self) -> str:
        """The request's URL, escaped as it would be sent."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"https://{host}/" + "/".join(quote(segment, safe=_SAFE) for segment in self.path)

    @property
    def text(self) -> str:
        """The request for people."""
        return f"{self.method} {self.url}"


def land(policy: Policy, cell: Cell) -> Landing | None:
    """Return a request that gets to a cell, or None where none of those tried does."""
    return next(landings(policy, cell), None)


def landings(policy: Policy, cell: Cell) -> Iterator[Landing]:
    """Yield requests that get to a cell: at most one for each path that is tried."""
    host = cell.host.sample()
    listeners = listeners_of(policy, cell)
    for path in paths_of(cell.path):
        for method, listener in product(sorted(cell.methods, key=_order), listeners):
            landing = Landing(listener=listener, method=method, host=host, path=path)
            if lands(policy, cell, landing):
                yield landing
                break


def listeners_of(policy: Policy, cell: Cell) -> tuple[str, ...]:
    """Return the listeners through which a cell may be reached; `reverse` is a port that no listener names."""
    if cell.place.listener:
        return (cell.place.listener,)
    return (*(each.name for each in policy.settings.listeners if each.kind == "reverse"), "reverse")


def lands(policy: Policy, cell: Cell, landing: Landing) -> bool:
    """Whether a request gets to a cell, and is not taken by a more particular surface or route."""
    listener = landing.listener
    kind = next((each.kind for each in policy.settings.listeners if each.name == listener), "reverse")
    try:
        group = policy.surfaces.find(
            listener=listener, kind=kind, host=landing.host, path=landing.path, method=landing.method
        )
        hit = cell.segment.routes.find(landing.path, landing.method)
    except TooComplex:
        return False
    standing = group is not None and any(each is cell.segment for each in group.segments)
    return standing and hit is not None and hit.route is cell.route


def _order(method: str) -> tuple[int, str]:
    return (PLAIN.index(method) if method in PLAIN else len(PLAIN), method)


def paths_of(pattern: PathPattern) -> Iterator[tuple[str, ...]]:
    """Yield paths that a pattern matches, the plainest first."""
    seen: set[tuple[str, ...]] = set()
    ends: tuple[tuple[str, ...], ...] = ((),)
    if pattern.tail:
        ends = (("x",), (), *((other,) for other in _OTHERS[1:]), ("x", "y"))
    for other in _OTHERS:
        start = tuple(
            other
            if part.name and part.accepts(other) and (part.kind is None or part.kind.base != "enum")
            else part.sample()
            for part in pattern.parts
        )
        for end in ends:
            path = (*start, *end)
            if path not in seen and pattern.matches(path):
                seen.add(path)
                yield path
