"""Under which key a caller is counted.

Keys name their parts, so that a subject called `192.0.2.1` is not the address `192.0.2.1`, and joined values carry
their length, so that no value can spell another's key.
"""

from __future__ import annotations

from ipaddress import IPv6Address

from parclose.policy.segment import Limit, Route, Segment
from parclose.stages.walk import Walk
from parclose.verdict import Principal

# An address that is not known (a client replay) is counted with all others like it: a limit never vanishes.
UNKNOWN = "unknown"


def ip_key(walk: Walk) -> str:
    """Return the key of the caller's address: IPv4 whole, IPv6 by its /64, which is one customer's."""
    address = walk.address
    if isinstance(address, IPv6Address):
        return f"ip:{IPv6Address(int(address) >> 64 << 64)}/64"
    return f"ip:{walk.client_ip or UNKNOWN}"


def find_key(limit: Limit, walk: Walk, *, segment: Segment, route: Route | None) -> tuple[tuple[str, ...], str]:
    """Return the first alternative of the limit's key whose parts are all known, and the key itself.

    Where none is known the last one counts, with `unknown` for what is missing.
    """
    for alternative in limit.key:
        values = [_value(part, walk, segment, route) for part in alternative]
        if all(values):
            return alternative, values[0] if len(values) == 1 else "+".join(f"{len(text)}:{text}" for text in values)
    last = limit.key[-1]
    known = ((part, _value(part, walk, segment, route)) for part in last)
    return last, "+".join(f"{len(text)}:{text}" if text else f"{part}:{UNKNOWN}" for part, text in known)


def _value(part: str, walk: Walk, segment: Segment, route: Route | None) -> str:
    """Return one part of a key with its name, or "" when it is not known."""
    if part == "ip":
        return ip_key(walk) if walk.address is not None else ""
    if part == "segment":
        return f"segment:{segment.name}"
    if part == "route":
        return f"route:{route.key}" if route is not None else ""
    return _identity(part, walk.principal) if walk.principal is not None else ""


def _identity(part: str, principal: Principal) -> str:
    """Return a part that the caller's identity gives.

    Subjects and clients are those of their issuer: two issuers may each know a `u-1`. Tenants are the policy's own.
    """
    if part == "subject":
        value = principal.subject
    elif part == "client":
        value = principal.client
    elif part == "tenant":
        return f"tenant:{principal.tenant}" if principal.tenant else ""
    else:
        held = principal.attributes.get(part.removeprefix("attribute."))
        return f"{part}:{held}" if held else ""
    return f"{part}:{principal.issuer or principal.store or principal.ca}/{value}" if value else ""
