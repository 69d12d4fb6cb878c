"""Reading YAML: raw text with places, and what is refused."""

from __future__ import annotations

import pytest

from parclose.policy.nodes import Entries, Items, Mark, Node, Text
from parclose.policy.reader import MOST_DEPTH, Reader


def read(text: str) -> tuple[Node, list[tuple[str, int, int, str]]]:
    """Return the tree of a text, and what was reported."""
    said: list[tuple[str, int, int, str]] = []

    def report(id_: str, mark: Mark, message: str, **more: object) -> None:
        said.append((id_, mark.line, mark.column, message))

    return Reader("f.yaml", text, report).read(), said


def test_scalars_stay_text() -> None:
    """What YAML 1.1 would turn into booleans, numbers and times stays as it was written."""
    node, said = read("[DE, NO, on, 1.10, 12:30, 0600, ~, null, Null, '~', '']")
    assert said == []
    assert node == ["DE", "NO", "on", "1.10", "12:30", "0600", None, None, "Null", "~", ""]


def test_every_value_knows_its_place() -> None:
    """Keys, values, lists and mappings have line and column, counted from 1."""
    node, _ = read("a:\n  b: [x, y]\n")
    assert isinstance(node, Entries)
    inner = node[Text("a")]
    assert isinstance(inner, Entries)
    listed = inner[Text("b")]
    assert isinstance(listed, Items)
    places = [node.mark, node.key_mark("a"), inner.key_mark("b"), listed.mark]
    places += [item.mark for item in listed if isinstance(item, Text)]
    assert [(place.line, place.column) for place in places] == [(1, 1), (1, 1), (2, 3), (2, 6), (2, 7), (2, 10)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\nb: 2\na: 3", ("YML002", 3, 1, "key `a` is written twice, first at 1:1")),
        ("x: &x {a: 1}\ny: {<<: *x}", ("YML003", 2, 5, "merge key `<<` is not allowed")),
        ("a: !!int 5", ("YML003", 1, 4, "tag `tag:yaml.org,2002:int` is not allowed")),
        ("a: !x [1]", ("YML003", 1, 4, "tag `!x` is not allowed")),
        ("a: *b", ("YML001", 1, 4, "alias `*b` has no anchor")),
        ("a: &a [*a]", ("YML004", 1, 8, "alias `*a` stands inside itself")),
        ("[a, b]: 1", ("YML001", 1, 1, "a key must be text")),
        ("a: 1\n---\nb: 2", ("YML001", 2, 1, "a second document")),
        ("a: \x07", ("YML001", 1, 4, "character U+0007 cannot stand in a policy")),
        ("[" * (MOST_DEPTH + 1), ("YML004", 1, MOST_DEPTH + 1, f"nested more than {MOST_DEPTH} deep")),
    ],
)
def test_what_is_refused(text: str, said: tuple[str, int, int, str]) -> None:
    """Each trap of YAML is refused at its place."""
    assert read(text)[1] == [said]


def test_depth_is_bounded_not_forbidden() -> None:
    """As deep as allowed is read."""
    assert read("[" * MOST_DEPTH + "]" * MOST_DEPTH)[1] == []


def test_an_alias_is_its_anchor() -> None:
    """A part that is named twice is one part."""
    node, said = read("a: &x [1]\nb: *x\n*x2 : c\n".replace("*x2 : c\n", ""))
    assert said == []
    assert isinstance(node, Entries)
    assert node[Text("a")] is node[Text("b")]
