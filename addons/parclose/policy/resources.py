"""Where each segment that asks for tokens says so: stand-ins that answer one path, in the name of the real segment.

The document of a resource lies under the well-known path, with the resource's own path behind it. A stand-in keeps the
listeners, hosts and network rules of its segment, so that who may not see the one does not see the other.
Source: RFC 9728 section 3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from parclose.policy.identity import Issuer
from parclose.policy.methods import MethodSet
from parclose.policy.paths import Part, PathPattern
from parclose.policy.segment import Audience, Authn, Route, Segment
from parclose.policy.surface import SurfaceIndex, build_routes, build_surfaces, places

WELL_KNOWN = (".well-known", "oauth-protected-resource")
PREFIX = "/" + "/".join(WELL_KNOWN)
_GET = MethodSet.parse("GET")


def build_resources(segments: Iterable[Segment], issuers: Mapping[str, Issuer]) -> SurfaceIndex | None:
    """Return the index of all documents, None where there are none."""
    standing = [_stand_in(segment) for segment in segments if servers_of(segment, issuers)]
    return build_surfaces(places(standing), {}) if standing else None


def servers_of(segment: Segment, issuers: Mapping[str, Issuer]) -> tuple[str, ...]:
    """Return the `iss` of those whose tokens a segment takes, sorted; empty where it says nothing of them."""
    if not segment.errors.resource_metadata or not any("token" in kinds for kinds in segment.authn.accept):
        return ()
    taken = segment.authn.issuers or issuers.keys()
    return tuple(sorted({issuers[name].iss for name in taken if name in issuers and issuers[name].iss}))


def literal_prefix(path: PathPattern) -> str:
    """Return the literals with which a pattern begins, "" for none: what all of its paths have in common."""
    words: list[str] = []
    for part in path.parts:
        if part.name or not part.text:
            break
        words.append(part.text)
    return "".join(f"/{word}" for word in words)


def _stand_in(segment: Segment) -> Segment:
    prefixes = sorted({literal_prefix(path) for path in segment.surface.paths})
    paths = tuple(_pattern(prefix) for prefix in prefixes)
    routes = tuple(
        Route(
            key=f"GET {path.text}", methods=_GET, path=path, access="open", network=segment.network,
            authn=Authn(where=segment.authn.where), audit=segment.audit, limiter=segment.limiter, where=segment.where,
        )
        for path in paths
    )  # fmt: skip
    return replace(
        segment,
        surface=replace(segment.surface, paths=paths, methods=None),
        audience=Audience(clients=frozenset({"anonymous"}), where=segment.where),
        routes=build_routes(routes),
        route_list=routes,
        limits=(),
        wins_over=(),
        log_only=frozenset(),
    )


def _pattern(prefix: str) -> PathPattern:
    words = (*WELL_KNOWN, *prefix.split("/")[1:])
    return PathPattern(PREFIX + prefix, tuple(Part(word) for word in words))
