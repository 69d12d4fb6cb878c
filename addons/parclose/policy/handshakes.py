"""Where client certificates are asked for: what a listener says, or else what the segments that stand on it need."""

from __future__ import annotations

from parclose.policy.model import Listener, Policy
from parclose.policy.segment import Authn, Segment


def client_cert_on(policy: Policy, listener: Listener) -> str:
    """Return `off`, `request` or `require`: as it is written, else `request` where a segment takes certificates."""
    if listener.client_cert:
        return listener.client_cert
    live = policy.shadow or policy  # what is only tried must see certificates too
    asked = any(
        stands_on(segment, listener) and (takes_certificates(live, segment) or "either" in _binding(live, segment))
        for segment in live.segments.values()
    )
    return "request" if asked else "off"


def takes_certificates(policy: Policy, segment: Segment) -> bool:
    """Whether a segment or a route of it takes client certificates, is for callers known by one, or for owners of one.

    The last are those whose issuer binds each of its tokens to a certificate (RFC 8705).
    """
    if any("mtls" in kinds for rule in _rules(segment) for kinds in rule.accept):
        return True
    if "mtls" in _binding(policy, segment):
        return True
    known = {each.client_type for each in policy.clients.recognisers if each.certificate is not None}
    return bool(known & segment.audience.clients)


def _rules(segment: Segment) -> tuple[Authn, ...]:
    """Return what a segment and its routes accept."""
    return (segment.authn, *(route.authn for route in segment.route_list))


def _binding(policy: Policy, segment: Segment) -> set[str]:
    """Return how tokens must be bound that a segment takes: the `sender_constrained` of their issuers."""
    return {
        issuer.sender_constrained
        for rule in _rules(segment)
        if any("token" in kinds for kinds in rule.accept)
        for name, issuer in policy.issuers.items()
        if not rule.issuers or name in rule.issuers
    }


def stands_on(segment: Segment, listener: Listener) -> bool:
    """Whether requests of a listener can reach a segment; one that names none is on all reverse ones."""
    named = segment.surface.listeners
    return listener.name in named if named else listener.kind == "reverse"
