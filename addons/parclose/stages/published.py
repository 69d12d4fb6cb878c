"""Which document of a resource is asked for, and where the one of a refused request lies. Source: RFC 9728.

A policy's own route under the well-known path wins, if it spells that path out: an upstream may serve its own.
"""

from __future__ import annotations

from parclose.facts import Facts
from parclose.policy.model import Policy
from parclose.policy.resources import PREFIX, WELL_KNOWN, literal_prefix, servers_of
from parclose.policy.surface import Group
from parclose.stages.walk import Walk

_PORTS = {"http": 80, "https": 443}


def published(walk: Walk) -> Group | None:
    """Return the stand-ins that answer a request for a document, None where it is none, or somebody else's.

    Raises:
        TooComplex: the caller's path needs too many steps.
    """
    facts, resources = walk.facts, walk.policy.resources
    if resources is None or walk.path[:2] != WELL_KNOWN or walk.preflight or facts.kind != "reverse":
        return None
    group = resources.find(
        listener=facts.listener, kind=facts.kind, host=facts.host, path=walk.path, method=walk.method
    )
    return None if group is None or walk.method not in {"GET", "HEAD"} or _is_own(walk) else group


def _is_own(walk: Walk) -> bool:
    """Whether a route of the policy spells the well-known path out."""
    facts = walk.facts
    group = walk.policy.surfaces.find(
        listener=facts.listener, kind=facts.kind, host=facts.host, path=walk.path, method=walk.method
    )
    for segment in group.segments if group is not None else ():
        hit = segment.routes.find(walk.path, walk.method)
        if hit is not None and tuple(part.text for part in hit.route.path.parts[:2]) == WELL_KNOWN:
            return True
    return False


def metadata_url(walk: Walk, segment_name: str) -> str:
    """Return where the document lies that says how a segment is to be asked, "" where there is none."""
    segment = walk.policy.segments.get(segment_name)
    if segment is None or walk.facts.kind != "reverse" or not servers_of(segment, walk.policy.issuers):
        return ""
    prefixes = [literal_prefix(path) for path in segment.surface.paths if path.matches(walk.path)]
    return f"{origin_of(walk.policy, walk.facts)}{PREFIX}{max(prefixes, key=len, default='')}"


def origin_of(policy: Policy, facts: Facts) -> str:
    """Return scheme, host and port as the client sees them.

    Before a listener that trusts proxies there is one that ends TLS.
    """
    listener = next((one for one in policy.settings.listeners if one.name == facts.listener), None)
    behind = listener is not None and listener.client_ip.reads_header
    scheme = "https" if behind else facts.scheme
    host = f"[{facts.host}]" if ":" in facts.host else facts.host
    usual = facts.port in {0, _PORTS[scheme], *(_PORTS.values() if behind else ())}
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{facts.port}"
