"""Which routes lie above which: what is found is what comparing all pairs finds."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.lint.wider import Wider
from parclose.policy.methods import MethodSet
from parclose.policy.paths import PathPattern, covers
from parclose.policy.segment import Route

PATHS = ("/", "/**", "/a", "/a/**", "/{x}", "/{n:int}", "/7", "/a/b", "/a/{y}", "/{x}/b", "/{x}/**", "/a/b/**")


def route(key: str) -> Route:
    """Return a route by its key."""
    methods, _, path = key.partition(" ")
    return Route(key=key, methods=MethodSet.parse(methods), path=PathPattern.parse(path))


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([f"{m} {p}" for m in ("GET", "any") for p in PATHS]), unique=True, max_size=12))
def test_above_is_what_covers(keys: list[str]) -> None:
    """No pair is left out; the most particular path comes first."""
    routes = tuple(map(route, keys))
    for one, above in zip(routes, Wider().of(routes), strict=True):
        wider = [other for other in routes if other is not one and covers(other.path, one.path)]
        assert sorted(routes[at].key for at in above) == sorted(other.key for other in wider)
        ranks = [routes[at].path.rank for at in above]
        assert ranks == sorted(ranks)


def test_on_one_path_fewer_methods_are_more_particular() -> None:
    """A method of its own comes before all of them."""
    routes = tuple(map(route, ("any /a", "GET /a", "HEAD|GET /**", "HEAD /a")))
    assert Wider().of(routes)[3] == (1, 0, 2)


def test_a_shared_route_set_is_compared_once() -> None:
    """Segments with the same keys share an answer."""
    wider = Wider()
    first = wider.of((route("GET /a"), route("any /**")))
    assert wider.of((route("GET /a"), route("any /**"))) is first
