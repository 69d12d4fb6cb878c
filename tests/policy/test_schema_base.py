"""What all parts of the written policy share: strict keys, typed scalars, kept places, short forms."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import pytest
from pydantic import Field

from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Entries, Items, Mark, Text
from parclose.policy.schema_base import (
    SHORT,
    Bool,
    DurationOrOff,
    Free,
    Str,
    Url,
    Written,
    noun,
    number,
    one_of,
    refuse,
    where,
    wrapped,
)
from tests.policy.reading import decoded, found_in, mistakes, source_of, text, tree_of


class Part(Written):
    """A part with a field of each kind."""

    later: ClassVar[tuple[str, ...]] = ("quota",)
    short: ClassVar[type[Text] | type[Items] | None] = Text
    list_fix: ClassVar[str] = "write one"
    brief: Str | None = Field(None, alias=SHORT)
    count: Annotated[int, number(1, 3)] | None = None
    word: Annotated[str, one_of("on", "off", later=("auto",))] | None = None
    source: Str | None = Field(None, alias="from")
    free: Free | None = None
    flag: Bool | None = None
    url: Url | None = None
    wait: DurationOrOff = 1.0
    names: list[Str] | None = None
    part: Part | None = None


@pytest.mark.parametrize(
    ("content", "expected"),
    [("~", "null"), ("[]", "a list"), ("{}", "a mapping"), ("''", "nothing"), ("a b", "`a b`")],
)
def test_what_a_node_is_called(content: str, expected: str) -> None:
    """People are told what they wrote, not what a library made of it."""
    assert noun(None if content == "~" else tree_of(content)) == expected


@pytest.mark.parametrize(
    ("content", "field", "expected"),
    [
        ("count: 1", "count", 1),
        ("count: 3", "count", 3),
        ("word: on", "word", "on"),
        ("from: NO", "source", "NO"),
        ("from: 0600", "source", "0600"),
        ("free: ''", "free", ""),
        ("flag: 'true'", "flag", True),
        ("url: http://x", "url", "http://x"),
        ("wait: off", "wait", None),
        ("wait: 0s", "wait", 0.0),
        ("{}", "wait", 1.0),
        ("count: ~", "count", None),
        ("names: []", "names", []),
        ("short", "brief", "short"),
        ("x-note: {any: [thing]}", "count", None),
    ],
)
def test_what_a_field_makes_of_its_text(content: str, field: str, expected: object) -> None:
    """Text means what its field says; keys with `x-` mean nothing."""
    assert getattr(decoded(Part, content), field) == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("count: 0", [("TYP002", 1, 8)]),
        ("count: 4", [("TYP002", 1, 8)]),
        ("count: 1.0", [("TYP002", 1, 8)]),
        ("count: [1]", [("TYP002", 1, 8)]),
        ("word: auto", [("TYP005", 1, 7)]),
        ("word: On", [("TYP002", 1, 7)]),
        ("from: ''", [("TYP002", 1, 7)]),
        ("source: x", [("TYP001", 1, 1)]),
        ("flag: yes", [("TYP002", 1, 7)]),
        ("url: ftp://x", [("TYP002", 1, 6)]),
        ("url: http://x y", [("TYP002", 1, 6)]),
        ("names: x", [("TYP002", 1, 8)]),
        ("names: [x, ~]", [("TYP002", 1, 8)]),
        ("names: [x, '', {}]", [("TYP002", 1, 12), ("TYP002", 1, 16)]),
        ("quota: 1", [("TYP005", 1, 1)]),
        ("cuont: 1", [("TYP001", 1, 1)]),
        ("part:\n  part:\n    cuont: 1\n    count: 9", [("TYP001", 3, 5), ("TYP002", 4, 12)]),
        ("part: {part: {=: x}}", [("TYP002", 1, 14)]),
        ("[x]", [("TYP002", 1, 1)]),
        ("'': 1", [("TYP001", 1, 1)]),
    ],
)
def test_each_mistake_at_its_place(content: str, expected: list[tuple[str, int, int]]) -> None:
    """All mistakes are found at once, and each at the word that is wrong."""
    assert mistakes(Part, content) == expected


def test_places_can_be_asked_for() -> None:
    """A part knows where it, its keys, its values and the values of its lists stand."""
    part = decoded(Part, "count: 1\nnames:\n  - a\n  - b\npart: ~\n")
    main = part.mark.file
    assert part.mark == Mark(main, 1, 1)
    assert part.at("names") == Mark(main, 2, 1)
    assert part.value_at("names") == Mark(main, 3, 3)
    assert part.item_at("names", 1) == Mark(main, 4, 5)
    assert part.item_at("names", 2) == Mark(main, 3, 3)
    assert part.value_at("part") == Mark(main, 5, 1)
    assert part.at("missing") == part.value_at("missing") == part.item_at("missing", 0) == part.mark
    assert (part.has("part"), part.has("missing")) == (True, False)
    assert part.node is not None
    assert where(part.at("names")) == f"{main}:2"


def test_a_short_form_stands_where_it_was_written() -> None:
    """The mapping made of a short form has its place, and keeps the text's own."""
    made = wrapped(text("x", line=4, column=7))
    assert isinstance(made, Entries)
    assert (made.mark.line, made.mark.column, made[Text(SHORT)]) == (4, 7, "x")
    assert decoded(Part, "part: brief").part is not None
    assert (decoded(Part, "part: brief").part or wrapped(text("y"))).mark.column == 7


def test_an_error_carries_its_finding() -> None:
    """What the author must know survives the decoder: id, sentence, way out; braces in it are only text."""
    made = refuse(ScalarError("`{x}` is wrong", id="NET006", fix="write `{y}`", expected="{z}"))
    assert made.message() == "`{x}` is wrong"
    wanted = {"id": "NET006", "text": "`{x}` is wrong", "fix": "write `{y}`", "expected": "{z}", "meant": ""}
    assert made.context == wanted


def test_an_unknown_key_names_the_nearest_or_all() -> None:
    """A slip is shown what was meant, also when that is not supported yet."""
    source = source_of("cuont: 1\nqouta: 1\nzzzzzz: 1\n")
    Part.model_validate(source.open(), context=source)
    assert [finding.fix for finding in source.findings][:2] == ["did you mean `count`?", "did you mean `quota`?"]
    assert source.findings[2].fix.startswith("known keys are `count`, `flag`, `free`, `from`, `names`")
    assert not Part.keys() & {SHORT}


def test_editors_are_offered_both_forms() -> None:
    """The JSON Schema knows the short form and the mapping, and no other key than those that can be written."""
    shown: dict[str, Any] = Part.model_json_schema(by_alias=True)
    brief, long = shown["$defs"]["Part"]["anyOf"]
    assert brief == {"type": "string"}
    assert set(long["properties"]) == Part.keys()
    assert (long["additionalProperties"], long["patternProperties"]) == (False, {"^x-": {}})
    assert found_in("version: 1\n") == ()
