"""Reading YAML: raw text with places, and what is refused."""

from __future__ import annotations

import pytest

from parclose.policy.nodes import Entries, Items, Mark, Node, Text
from parclose.policy.reader import CHARACTERS_A_NODE, MOST_ALIASED, MOST_CHARACTERS, MOST_DEPTH, Reader


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
        ("a: *", ("YML001", 1, 4, "`*` at the start of an unquoted value is an alias")),
        ("? [a]\n: 1", ("YML001", 1, 3, "a key must be text")),
        ("? {a: b}\n: 1", ("YML001", 1, 3, "a key must be text")),
        ("a: &x [1]\n*x : 2", ("YML001", 2, 1, "a key must be text")),
        ("a: &x ~\n*x : 2", ("YML001", 2, 1, "a key must be text")),
        ("a: &x b\nb: 1\n*x : 2", ("YML002", 3, 1, "key `b` is written twice, first at 2:1")),
        ("a: &x <<\nb: {*x : {}}", ("YML003", 2, 5, "merge key `<<` is not allowed")),
        ("a: !<tag:yaml.org,2002:str> x", ("YML003", 1, 4, "tag `tag:yaml.org,2002:str` is not allowed")),
        ("a: ! x", ("YML003", 1, 4, "tag `!` is not allowed")),
        ("a: [::1/128]", ("YML001", 1, 5, "`:` cannot start an unquoted value inside [ ]")),
        ("a:\n\t- b", ("YML001", 2, 1, "a tab cannot indent")),
        ("a: 1\n...\nb: 2", ("YML001", 3, 1, "text after the end of the document")),
        ("x: &a [1]\na: &a [*b]", ("YML001", 2, 8, "alias `*b` has no anchor")),
        ("{a: 1, a: 2, b: 3}", ("YML002", 1, 8, "key `a` is written twice, first at 1:2")),
        ("{'a': 1, a: 2}", ("YML002", 1, 10, "key `a` is written twice, first at 1:2")),
        ('a: "' + "x" * (MOST_CHARACTERS + 1) + '"', ("YML004", 1, 4, "a value of more than 65,536 characters")),
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
    node, said = read("a: &x [1]\nb: *x\n")
    assert said == []
    assert isinstance(node, Entries)
    assert node[Text("a")] is node[Text("b")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("&x a: 1\nb: *x\n", {"a": "1", "b": "a"}),
        ("a: &x b\n*x : c\n", {"a": "b", "b": "c"}),
        ("a: &x ~\nb: *x\n", {"a": None, "b": None}),
        ("a: &x 1\nb: &x 2\nc: *x\n", {"a": "1", "b": "2", "c": "2"}),
        ("a: {&x '<<': 1}\n", {"a": {"<<": "1"}}),
        ("~: 1\nnull: 2\n", {"~": "1", "null": "2"}),
        ("a:\n  b:\n", {"a": {"b": ""}}),
        ('a: "\\u2028\\0"', {"a": "\u2028\0"}),
        ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
        ("a: >-\n  b\n  c\n", {"a": "b c"}),
        ("--- {a: b}\n...\n", {"a": "b"}),
    ],
)
def test_what_is_read(text: str, expected: object) -> None:
    """Anchors at keys and values, the last one of a name; quoted signs are text; escapes are what they say."""
    assert read(text) == (expected, [])


@pytest.mark.parametrize(("times", "ok"), [(MOST_ALIASED - 1, True), (MOST_ALIASED, True), (MOST_ALIASED + 1, False)])
def test_what_aliases_repeat_is_bounded(times: int, ok: bool) -> None:
    """As many values as allowed may be repeated, not one more."""
    assert [id_ for id_, *_ in read("- &x a\n" + "- *x\n" * times)[1]] == ([] if ok else ["YML004"])


@pytest.mark.parametrize(("times", "ok"), [(1, True), (MOST_ALIASED // 51, True), (MOST_ALIASED // 51 + 1, False)])
def test_long_text_counts_as_more(times: int, ok: bool) -> None:
    """Text of fifty times the measure counts as fifty-one values each time it is repeated."""
    said = read(f"- &x {'a' * 50 * CHARACTERS_A_NODE}\n" + "- *x\n" * times)[1]
    assert [id_ for id_, *_ in said] == ([] if ok else ["YML004"])


def test_as_long_as_a_value_may_be() -> None:
    """The longest value is read whole."""
    node, said = read(f"a: {'x' * MOST_CHARACTERS}")
    assert (node, said) == ({"a": "x" * MOST_CHARACTERS}, [])
