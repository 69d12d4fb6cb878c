"""What routes ask, compared: implication agrees with trying every holder."""

from __future__ import annotations

from itertools import chain, combinations
from types import SimpleNamespace
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.desk import Desk
from parclose.policy.lint.needs import implies, weaker, words
from parclose.policy.methods import MethodSet
from parclose.policy.paths import PathPattern
from parclose.policy.segment import Need, Route

SCOPES = {"r": frozenset("r"), "w": frozenset("rw"), "x": frozenset("x")}
ROLES = {"boss": frozenset("rw"), "clerk": frozenset[str]()}
DESK = cast("Desk", SimpleNamespace(scopes=SCOPES, roles=ROLES))


def route(
    scopes: Need | None = None,
    roles: Need | None = None,
    access: str = "caller",
    bind: tuple[tuple[str, str], ...] = (),
) -> Route:
    """Return a route that asks for this."""
    methods, path = MethodSet.parse("GET"), PathPattern.parse("/x")
    return Route(key="GET /x", methods=methods, path=path, access=access, scopes=scopes, roles=roles, bind=bind)


def some(*names: str) -> st.SearchStrategy[tuple[str, ...]]:
    """Some of the names, or none."""
    return st.lists(st.sampled_from(names), max_size=2, unique=True).map(tuple)


def needs(*names: str) -> st.SearchStrategy[Need | None]:
    """A requirement over names, or none."""
    return st.one_of(st.none(), st.builds(Need, all=some(*names), any=some(*names)))


ROUTES = st.builds(route, needs(*SCOPES), needs(*ROLES), st.sampled_from(["caller", "caller", "public", "open"]))


def passes(one: Route, scopes: frozenset[str], roles: frozenset[str]) -> bool:
    """Whether a proven caller with these scopes and roles is let in."""
    if one.access != "caller":
        return True
    held = frozenset(chain(*(SCOPES[name] for name in scopes), *(ROLES[name] for name in roles)))
    return not (one.scopes and one.scopes.missing(held)) and not (one.roles and one.roles.missing(roles))


def subsets(names: dict[str, frozenset[str]]) -> list[frozenset[str]]:
    """Every set of names."""
    return [frozenset(each) for size in range(len(names) + 1) for each in combinations(names, size)]


@settings(max_examples=150, deadline=None)
@given(ROUTES, ROUTES)
def test_implication_is_what_trying_everybody_says(one: Route, other: Route) -> None:
    """Among callers with a proof it is exact; routes that need none are wider than all that do."""
    callers = [(scopes, roles) for scopes in subsets(SCOPES) for roles in subsets(ROLES)]
    all_pass = all(passes(other, *caller) for caller in callers if passes(one, *caller))
    if one.access == other.access == "caller":
        assert implies(DESK, one, other) == all_pass
    else:
        assert not implies(DESK, one, other) or all_pass
    assert not (weaker(DESK, one, other) and weaker(DESK, other, one))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (route(), route(access="public"), True),
        (route(access="public"), route(), False),
        (route(access="public"), route(access="open"), True),
        (route(access="open"), route(access="public"), False),
        (route(bind=(("t", "identity.tenant"),)), route(), True),
        (route(), route(bind=(("t", "identity.tenant"),)), False),
        # The same tenant, whatever the parameter is called.
        (route(bind=(("t", "identity.tenant"),)), route(bind=(("org", "identity.tenant"),)), True),
    ],
)
def test_openness_and_bindings(one: Route, other: Route, expected: bool) -> None:
    """Who presents a bad credential passes `open` alone; a binding is a requirement."""
    assert implies(DESK, one, other) == expected


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (route(), "a valid credential"),
        (route(access="open"), "no credential"),
        (route(Need(all=("r",))), "scope `r`"),
        (route(Need(any=("r", "w")), Need(any=("boss",))), "role `boss` and one of the scopes `r`, `w`"),
        (route(bind=(("t", "identity.tenant"),)), "`{t}` to be identity.tenant"),
    ],
)
def test_words(one: Route, said: str) -> None:
    """What a route needs, for a sentence."""
    assert words(one) == said
