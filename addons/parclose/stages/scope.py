"""May this caller do that? Roles, then scopes, then the bindings of path parameters."""

from __future__ import annotations

from typing import cast

from parclose.policy.segment import Need, Route
from parclose.reasons import Reason
from parclose.stages.closed import inside
from parclose.stages.refusal import concealed_status, deny, listed, spoken
from parclose.stages.spelling import fold_ascii
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, NOT_MINE, Hints, Judgement, Principal


def judge(walk: Walk) -> Judgement:
    """Hold a proven caller to the route's requirements; a binding holds on every route that has one."""
    route = walk.route
    if route is None:
        return _judge_tunnel(walk) or NOT_MINE
    if walk.preflight:
        return NOT_MINE
    principal = cast("Principal", walk.principal)
    if route.access == "caller":
        said = _judge_needs(walk, route, principal)
        if said is not None:
            return said
    for name, source in route.bind:
        if not _is_bound(walk, name, _held(principal, source)):
            return _mismatch(walk, route, principal, name, source)
    return ALLOW


def _judge_tunnel(walk: Walk) -> Judgement | None:
    """Hold who opens a tunnel in which TLS stays closed to every route; what is in a path there is bound to nobody."""
    principal = cast("Principal", walk.principal)
    for _, route in inside(walk):
        if route.access == "caller" and (said := _judge_needs(walk, route, principal)) is not None:
            return said
        for name, source in route.bind:
            return _mismatch(walk, route, principal, name, source)
    return None


def _judge_needs(walk: Walk, route: Route, principal: Principal) -> Judgement | None:
    """Return which roles or scopes are missing, or None."""
    if route.roles is not None and not _meets(route.roles, principal.roles):
        return deny(
            Reason.ROLE_MISSING,
            found=f"roles {listed(sorted(principal.roles))}",
            needs=f"{_words(route.roles.all, route.roles.any)}",
            where=route.where_needs or route.where,
        )
    if route.scopes is not None and not _meets(route.scopes, principal.scopes):
        return deny(
            Reason.SCOPE_MISSING,
            found=f"scopes {listed(sorted(principal.scopes))}",
            needs=f"{_words(route.scopes.all, route.scopes.any)}",
            where=route.where_needs or route.where,
            # RFC 6750 section 3: the scopes that are necessary, not only those that lack.
            hints=Hints(
                scopes=route.scopes.all + route.scopes.any, schemes=(spoken(walk),), error="insufficient_scope"
            ),
        )
    return None


def _meets(need: Need, held: frozenset[str]) -> bool:
    """Whether `held` has every one of `all`, and one of `any` unless that is empty."""
    return held.issuperset(need.all) and (not need.any or not held.isdisjoint(need.any))


def _is_bound(walk: Walk, name: str, held: str) -> bool:
    """Whether path parameter `name` is what the caller holds; who holds nothing is bound to nothing."""
    if not held:
        return False
    value = dict(walk.params).get(name)
    if walk.policy.settings.paths.case == "insensitive":
        (held,) = fold_ascii((held,))
    return value == held


def _held(principal: Principal, source: str) -> str:
    """Return what `source` (`identity.tenant`, `attribute.plan`) is for this caller, "" when it is nothing."""
    family, _, field = source.partition(".")
    if family == "attribute":
        return principal.attributes.get(field, "")
    if field == "subject":
        return principal.subject
    if field == "tenant":
        return principal.tenant
    return principal.client if field == "client" else ""


def _mismatch(walk: Walk, route: Route, principal: Principal, name: str, source: str) -> Judgement:
    """Refuse somebody else's object; concealed, it is not there."""
    conceal = walk.segment is not None and walk.segment.errors.conceal
    return deny(
        Reason.BIND_MISMATCH,
        status=concealed_status(walk) if conceal else 0,
        detail=name,
        found=f"`{{{name}}}` is {dict(walk.params).get(name, '')!a}, {source} is {_held(principal, source)!a}",
        needs=f"`{{{name}}}` equal to {source}",
        where=route.where_needs or route.where,
        concealed=conceal,
    )


def _words(every: tuple[str, ...], one: tuple[str, ...]) -> str:
    """Return a requirement for a sentence."""
    parts = [f"all of {listed(every)}" if len(every) > 1 else listed(every)] if every else []
    if one:
        parts.append(f"one of {listed(one)}")
    return " and ".join(parts)
