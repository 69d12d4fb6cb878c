"""The document that says how a resource is to be asked: which authorities give out its tokens, and with which scopes.

Source: RFC 9728 section 2.
"""

from __future__ import annotations

import json

from mitmproxy import http

from parclose.policy.resources import PREFIX, servers_of
from parclose.policy.segment import Need, Segment
from parclose.stages.published import origin_of
from parclose.stages.walk import Walk
from parclose.stores.dpop import ALGORITHMS

MAX_AGE_S = 300  # a policy may change; clients ask rarely


def metadata_response(walk: Walk) -> http.Response:
    """Return the answer to an allowed request for a document."""
    group = walk.group
    names = [segment.name for segment in group.segments] if group is not None else []
    segments = [walk.policy.segments[name] for name in names if name in walk.policy.segments]
    path = (group.path if group is not None else "").removeprefix(PREFIX)
    servers = {iss for segment in segments for iss in servers_of(segment, walk.policy.issuers)}
    said: dict[str, object] = {
        "resource": f"{origin_of(walk.policy, walk.facts)}{path}",
        "authorization_servers": sorted(servers),
        "bearer_methods_supported": ["header"],
    }
    scopes = sorted({name for segment in segments if not segment.errors.conceal for name in _scopes(segment)})
    if scopes:
        said["scopes_supported"] = scopes
    kinds = {issuer.sender_constrained for issuer in walk.policy.issuers.values() if issuer.iss in servers}
    if kinds == {"dpop"}:
        said["dpop_bound_access_tokens_required"] = True
    if kinds & {"dpop", "either"}:
        said["dpop_signing_alg_values_supported"] = sorted(ALGORITHMS)
    if kinds & {"mtls", "either"}:
        said["tls_client_certificate_bound_access_tokens"] = True
    headers = {
        "Content-Type": "application/json",
        "Cache-Control": f"public, max-age={MAX_AGE_S}",
        "Access-Control-Allow-Origin": "*",  # for applications in browsers; it is no secret
    }
    return http.Response.make(200, json.dumps(said).encode(), headers)


def _scopes(segment: Segment) -> set[str]:
    """Return every scope that some route of a segment asks for."""
    needs = [route.scopes for route in segment.route_list if isinstance(route.scopes, Need)]
    return {name for need in needs for name in (*need.all, *need.any)}
