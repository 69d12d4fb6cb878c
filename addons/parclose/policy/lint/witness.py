"""Requests that show what a look claims: written so that they can be sent, and sure to go where it says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from parclose.policy.model import Policy
from parclose.policy.paths import PathPattern
from parclose.policy.segment import Segment
from parclose.policy.surface import Group, RouteHit, TooComplex

_SAFE = "!$&'()*+,=:@~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request, as far as surfaces and routes ask; `path` holds decoded segments."""

    method: str
    listener: str
    kind: str
    host: str
    path: tuple[str, ...]

    @property
    def text(self) -> str:
        """The request for people, as `parclose explain` takes it."""
        return f"`{self.method} https://{self.host}/{'/'.join(quote(word, safe=_SAFE) for word in self.path)}`"


def doors(policy: Policy, segment: Segment) -> list[tuple[str, str]]:
    """Return name and kind of every listener on which a segment stands."""
    kinds = {listener.name: listener.kind for listener in policy.settings.listeners}
    if segment.surface.listeners:
        return [(name, kinds.get(name, "reverse")) for name in segment.surface.listeners]
    return [(name, kind) for name, kind in kinds.items() if kind == "reverse"] or [("reverse", "reverse")]


def sample(pattern: PathPattern) -> tuple[str, ...] | None:
    """Return one path that a pattern matches, or None where none is known (an expression can be hard to meet)."""
    path = (*(part.sample() for part in pattern.parts), *(["x"] if pattern.tail else []))
    return path if pattern.matches(path) else None


def find(policy: Policy, request: Request) -> Group | None:
    """Return the surface group that takes a request, or None."""
    try:
        return policy.surfaces.find(
            listener=request.listener, kind=request.kind, host=request.host, path=request.path, method=request.method
        )
    except TooComplex:
        return None


def hit(segment: Segment, path: tuple[str, ...], method: str) -> RouteHit | None:
    """Return the route that a segment has for a request, or None."""
    try:
        return segment.routes.find(path, method)
    except TooComplex:
        return None


def tries(policy: Policy, segment: Segment, path: tuple[str, ...], method: str) -> Iterator[Request]:
    """Yield a request with a path for each listener and host on which a segment stands."""
    for listener, kind in doors(policy, segment):
        for host in segment.surface.hosts:
            yield Request(method=method, listener=listener, kind=kind, host=host.sample(), path=path)


def reaching(policy: Policy, segment: Segment, path: tuple[str, ...], method: str) -> Request | None:
    """Return a request with a path that this segment's own surface takes, or None."""
    for request in tries(policy, segment, path, method):
        group = find(policy, request)
        if group is not None and segment.name in {other.name for other in group.segments}:
            return request
    return None
