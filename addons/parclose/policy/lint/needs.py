"""What routes ask, compared: who passes one also passes the other, or not."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from parclose.policy.desk import Desk
from parclose.policy.segment import Need, Route

_OPENNESS = {"open": 0, "public": 1, "caller": 2}


def implies(desk: Desk, strong: Route, weak: Route) -> bool:
    """Whether everybody who passes `strong` passes `weak` too; network and authn are not looked at."""
    if _OPENNESS[weak.access] > _OPENNESS[strong.access]:
        return False
    if not {source for _, source in weak.bind} <= {source for _, source in strong.bind}:
        return False
    if weak.access != "caller":
        return True
    return all(
        not (weak.scopes and weak.scopes.missing(scopes)) and not (weak.roles and weak.roles.missing(roles))
        for scopes, roles in _least(desk, strong)
    )


def weaker(desk: Desk, one: Route, other: Route) -> bool:
    """Whether everybody who passes `other` passes `one`, and others do too."""
    if (
        one.scopes == other.scopes
        and one.roles == other.roles
        and one.access == other.access
        and one.bind == other.bind
    ):
        return False  # as most routes under one another: comparing them would take most of a check
    return implies(desk, other, one) and not implies(desk, one, other)


def _least(desk: Desk, route: Route) -> Iterator[tuple[frozenset[str], frozenset[str]]]:
    """Yield each least set of scopes (with what they imply and roles grant) and roles that passes a route."""
    scopes, roles = route.scopes or Need(), route.roles or Need()
    for scope, role in product(scopes.any or ("",), roles.any or ("",)):
        held = frozenset({*roles.all, role} - {""})
        granted = [desk.roles.get(name, frozenset()) for name in held]
        closed = [desk.scopes.get(name, frozenset({name})) for name in {*scopes.all, scope} - {""}]
        yield frozenset().union(*granted, *closed), held


def words(route: Route) -> str:
    """Return what a route asks for, to stand behind `needs`."""
    if route.access != "caller":
        return "no credential"
    parts = [*_named("role", route.roles), *_named("scope", route.scopes)]
    parts += [f"`{{{name}}}` to be {source}" for name, source in route.bind]
    return " and ".join(parts) or "a valid credential"


def _named(what: str, need: Need | None) -> list[str]:
    if need is None:
        return []
    parts = [f"{what} `{name}`" for name in need.all]
    if need.any:
        listed = ", ".join(f"`{name}`" for name in need.any)
        parts.append(f"one of the {what}s {listed}" if len(need.any) > 1 else f"{what} {listed}")
    return parts
