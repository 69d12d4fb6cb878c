"""Imported routes as a file: if these fail, the policy reads something else than was imported, or hides a change."""

from __future__ import annotations

import pytest

from parclose.analysis.openapi import Imported
from parclose.analysis.openapi_security import Asked
from parclose.analysis.told_openapi import as_policy, declared, difference, set_in, value
from parclose.policy.format import formatted
from parclose.policy.source import Source
from tests.analysis.test_openapi_paths import node

ODD = ("orders:read", "https://x.example/a", "no", "y", "public", "null", "1", "a,b", "#x", "-", "*", "a:", "~", "[a]")


def made(routes: dict[str, Asked], title: str = "Orders 1.2", about: dict[str, str] | None = None) -> Imported:
    """Return an import of these routes."""
    return Imported(title=title, routes=routes, about=about or {}, stricter={})


@pytest.mark.parametrize(
    ("asked", "text"),
    [
        (Asked(kind="public"), "public"),
        (Asked(kind="authenticated"), "authenticated"),
        (Asked(kind="all", scopes=("a:b",)), "a:b"),
        (Asked(kind="all", scopes=("public",)), "{scopes: {all: [public]}}"),
        (Asked(kind="any", scopes=("a", "b")), "{scopes: {any: [a, b]}}"),
        (Asked(kind="all", scopes=("yes",)), '"yes"'),
    ],
)
def test_the_value_of_a_route(asked: Asked, text: str) -> None:
    """The short form, where it cannot be read as another word of the language."""
    assert value(asked) == text


@pytest.mark.parametrize("title", ["Orders 1.2", "", "a\nroute_sets: {}\x1b[31m\u202e", "x" * 500])
def test_what_is_written_is_read_back_and_is_in_its_layout(title: str) -> None:
    """Odd names of scopes are quoted; a title cannot break out of its comment."""
    routes = {f"GET /{index}": Asked(kind="all", scopes=(name,)) for index, name in enumerate(ODD)}
    routes |= {"POST /x\\.y": Asked(kind="any", scopes=ODD)}
    text = as_policy(made(routes, title), "orders")
    assert formatted("r.yaml", text.encode()) == text.encode()
    source = Source(path="r.yaml", read=lambda _: b"")
    found = set_in(source.tree("r.yaml", text.encode()), "orders")
    assert source.findings == []
    assert found is not None
    assert found.pop("POST /x\\.y") == {"scopes": {"any": list(ODD)}}  # type: ignore[call-overload]
    for index, name in enumerate(ODD):
        assert found[f"GET /{index}"] == ({"scopes": {"all": ["public"]}} if name == "public" else name)  # type: ignore[index]


def test_scopes_to_declare_say_what_they_are_for() -> None:
    """Ready to be pasted."""
    text = declared(made({}, about={"a:b": 'Read "it"\nall'}), ("a:b", "on"))
    assert node(text) == {"scopes": {"a:b": {"about": 'Read "it" all'}, "on": {}}}


@pytest.mark.parametrize(
    ("before", "after", "head", "lines"),
    [
        ("{GET /a: x}", "{GET /a: x}", "0 new, 0 gone, 0 changed", []),
        ("{GET /a: x, GET /b: y}", "{GET /b: 'y', GET /a: x}", "0 new, 0 gone, 0 changed", []),
        ("{GET /a: {cost: 2, open: true}}", "{GET /a: {open: true, cost: 2}}", "0 new, 0 gone, 0 changed", []),
        (
            "{GET /a: x, GET /bb: public}", "{GET /a: {scopes: {any: [x, z]}}, GET /c: v}", "1 new, 1 gone, 1 changed",
            ["  ~ GET /a   {scopes: {any: [x, z]}}, was x", "  + GET /c   v", "  - GET /bb  public"],
        ),
        ("~", "{GET /a: x}", "1 new, 0 gone, 0 changed", ["  + GET /a  x"]),
    ],
)  # fmt: skip
def test_what_a_new_import_changes(before: str, after: str, head: str, lines: list[str]) -> None:
    """New, gone, and what asks something else; order and quotes say nothing."""
    found = difference(node(before), node(after))
    assert (found.head, list(found.lines())) == (head, lines)


@pytest.mark.parametrize("tree", ["[]", "{}", "{route_sets: []}", "{route_sets: {x: []}}", "{route_sets: {y: {}}}"])
def test_a_set_that_is_not_there(tree: str) -> None:
    """Whatever else is."""
    assert set_in(node(tree), "x") is None
