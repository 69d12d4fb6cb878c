"""Routes of a segment: keys that can be read, none competing with another."""

from __future__ import annotations

import pytest

from tests.policy.shop import changed, load_text, said

ITEMS = '"GET /items": public'


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        ('"GET /a/{x}": public\n      "read /a/{y}": public', [("RTE001", "read /a/{y}")]),
        ('"GET|POST /a": authenticated\n      "POST|PUT /a": authenticated', [("RTE001", "POST|PUT /a")]),
        ('"GET /a": public\n      "any /a": authenticated', []),
        ('"GET /a": public\n      "HEAD /a": public', []),
        ('"GET /a": public\n      "GET /a/": public', [("RTE001", "GET /a/")]),
        ('"/a": public', [("RTE008", "/a")]),
        ('"get /a": public', [("TYP002", "get /a")]),
        ('"GET a": public', [("RTE008", "GET a")]),
        ('"GET /**/a": public', [("RTE008", "GET /**/a")]),
        ('"GET /{a:re(x+)}": public\n      "GET /{b:re(y+)}/z": public', [("RTE008", "GET /{b:re(y+)}/z")]),
        ('"GET /{a:enum(x,y)}": public\n      "GET /{b:enum(y,z)}/z": public', [("RTE008", "GET /{b:enum(y,z)}/z")]),
        ('"GET /{a:enum(x,y)}": public\n      "GET /{b:enum(z)}/z": public', []),
    ],
)
def test_mistakes(routes: str, found: list[tuple[str, str]]) -> None:
    """Each mistake, at the key that is wrong."""
    assert said((ITEMS, routes)) == found


SETS = 'route_sets:\n  base: {"GET /a": authenticated}\nsegments:'


@pytest.mark.parametrize(
    ("own", "found"),
    [
        ('"GET /a": orders:read', ["RTE001"]),
        ('"GET /a": {scopes: orders:read, override: true}', []),
        ('"GET /b": orders:read', []),
    ],
)
def test_a_route_set_may_be_overridden_by_word_only(own: str, found: list[str]) -> None:
    """The same key in a set and in the segment is a mistake unless the route says so."""
    changes = (("segments:", SETS), (ITEMS, own), ("    routes:", "    route_sets: [base]\n    routes:"))
    assert [id_ for id_, _ in said(*changes)] == found
    if "override" in own:
        routes = load_text(changed(*changes)).segments["shop"].route_list
        assert [route.scopes for route in routes if route.key == "GET /a"] == [routes[0].scopes]


def test_unknown_sets() -> None:
    """A segment names route sets that exist."""
    assert said(("    routes:", "    route_sets: [base]\n    routes:")) == [("REF001", "base")]


def test_slashes_and_case_follow_the_settings() -> None:
    """`trailing_slash: distinct` tells `/a` from `/a/`; `case: insensitive` folds what is compared."""
    both = '"GET /A": public\n      "GET /A/": public'
    policy = load_text(
        changed((ITEMS, both), ("settings:", "settings:\n  paths: {trailing_slash: distinct, case: insensitive}"))
    )
    routes = policy.segments["shop"].routes
    assert [hit.route.key for path in (("a",), ("a", "")) if (hit := routes.find(path, "GET"))] == ["GET /A", "GET /A/"]
