"""The policy as written, part by part, and what several families of looks ask of a segment."""

from __future__ import annotations

from collections.abc import Iterator

from parclose.policy.lint.bench import Bench
from parclose.policy.nodes import Text
from parclose.policy.schema import PolicySpec
from parclose.policy.schema_segment import NetworkSpec, ProfileSpec, RouteSpec
from parclose.policy.segment import Segment


def parts(spec: PolicySpec) -> Iterator[tuple[Text, ProfileSpec]]:
    """Yield every profile and segment with its name."""
    yield from spec.profiles.items()
    yield from spec.segments.items()


def routes(spec: PolicySpec) -> Iterator[tuple[Text, RouteSpec]]:
    """Yield every route as written, with its key, those of profiles and route sets too."""
    for _, part in parts(spec):
        yield from (part.routes or {}).items()
    for written in spec.route_sets.values():
        yield from written.items()


def networks(spec: PolicySpec) -> Iterator[NetworkSpec]:
    """Yield every network rule as written."""
    yield from (part.network for _, part in parts(spec) if part.network is not None)
    yield from (route.network for _, route in routes(spec) if route.network is not None)


def sources(bench: Bench, segment: Segment) -> set[str]:
    """Return the issuers and key stores that callers of a segment come from."""
    ways = [each for each in bench.policy.clients.recognisers if each.client_type in segment.audience.clients]
    return {f"issuer {way.issuer}" for way in ways if way.issuer} | {f"store {way.store}" for way in ways if way.store}


def is_outward(bench: Bench, segment: Segment) -> bool:
    """Whether a segment stands on a forward listener."""
    kinds = {listener.name: listener.kind for listener in bench.policy.settings.listeners}
    return any(kinds.get(name) == "forward" for name in segment.surface.listeners)


def serving(bench: Bench, host: str) -> Segment | None:
    """Return a segment of a reverse listener that names `host`, by itself or by its suffix, or None."""
    for segment in bench.policy.segments.values():
        named = any(each.kind != "all" and each.matches(host) for each in segment.surface.hosts)
        if named and not is_outward(bench, segment):
            return segment
    return None
