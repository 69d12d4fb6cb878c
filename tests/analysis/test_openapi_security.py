"""What imported operations ask: if these fail, an import opens a route that its document holds closed."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.analysis.openapi_security import (
    ALL_OF_THEM,
    UNDECLARED,
    WITHOUT_SCOPES,
    Asked,
    asked,
)
from parclose.policy.errors import ScalarError
from tests.analysis.test_openapi_paths import node

SCHEMES = ("oauth", "key")


@pytest.mark.parametrize(
    ("security", "kind", "scopes", "why"),
    [
        ("[]", "public", (), ""),
        ("[{}]", "public", (), ""),
        ("[{}, {oauth: [a]}]", "public", (), ""),
        ("[{key: []}]", "authenticated", (), ""),
        ("[{key: []}, {oauth: []}]", "authenticated", (), ""),
        ("[{oauth: [a]}]", "all", ("a",), ""),
        ("[{oauth: [a, b, a]}]", "all", ("a", "b"), ""),
        ("[{oauth: [a], key: [b]}]", "all", ("a", "b"), ""),
        ("[{oauth: [a], key: []}]", "all", ("a",), ""),
        ("[{oauth: [a]}, {oauth: [b]}]", "any", ("a", "b"), ""),
        ("[{oauth: [a]}, {oauth: [a, b]}]", "all", ("a",), ""),
        ("[{oauth: [a, b]}, {oauth: [b, a]}]", "all", ("a", "b"), ""),
        ("[{oauth: [a]}, {key: []}]", "all", ("a",), WITHOUT_SCOPES),
        ("[{oauth: [a]}, {oauth: [b]}, {key: []}]", "any", ("a", "b"), WITHOUT_SCOPES),
        ("[{oauth: [a, b]}, {oauth: [c]}]", "all", ("a", "b", "c"), ALL_OF_THEM),
    ],
)
def test_requirements_as_a_route_says_them(security: str, kind: str, scopes: tuple[str, ...], why: str) -> None:
    """Alternatives are joined by "or", what stands together by "and"."""
    assert asked(node(security), SCHEMES, declared=True) == Asked(kind=kind, scopes=scopes, why=why)


def test_silence_is_not_an_invitation() -> None:
    """A document that says nothing asks for somebody proven, and the import says so."""
    assert asked(None, SCHEMES, declared=False) == Asked(kind="authenticated", why=UNDECLARED)


@pytest.mark.parametrize(
    ("security", "says"),
    [
        ("{oauth: [a]}", "no list"),
        ("[oauth]", "no mapping"),
        ("[{ouath: [a]}]", "scheme `ouath` is not defined"),
        ("[{oauth: a}]", "no list of scopes"),
        ("[{oauth: ['a b']}]", "a b"),
    ],
)
def test_what_is_no_requirement_is_refused(security: str, says: str) -> None:
    """A slip never opens a route."""
    with pytest.raises(ScalarError, match=says) as caught:
        asked(node(security), SCHEMES, declared=True)
    assert caught.value.fix


def admits(made: Asked, scopes: frozenset[str]) -> bool:
    """Whether a route that asks this lets somebody proven with these scopes in."""
    if made.kind == "any":
        return any(name in scopes for name in made.scopes)
    return all(name in scopes for name in made.scopes)


@given(some.lists(some.frozensets(some.sampled_from("abc"), max_size=3), min_size=1, max_size=4))
def test_a_route_never_admits_what_its_document_refuses(choices: list[frozenset[str]]) -> None:
    """Whatever the alternatives; and where nothing was said of strictness, it admits exactly the same."""
    text = ", ".join(f"{{oauth: [{', '.join(sorted(choice))}]}}" for choice in choices)
    made = asked(node(f"[{text}]"), SCHEMES, declared=True)
    for count in range(4):
        for held in map(frozenset, itertools.combinations("abc", count)):
            meant = any(choice <= held for choice in choices)
            assert admits(made, held) <= meant
            assert made.why or admits(made, held) == meant
