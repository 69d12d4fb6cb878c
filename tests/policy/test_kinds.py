"""Types of path parameters: what they take, and what they have in common."""

from __future__ import annotations

import pickle

import pytest

from parclose.policy.errors import ScalarError
from parclose.policy.kinds import Kind


@pytest.mark.parametrize(
    ("kind", "value", "takes"),
    [
        ("int", "7", True),
        ("int", "-7", True),
        ("int", "1" * 19, True),
        ("int", "1" * 20, False),
        ("int", "7a", False),
        ("int", "\N{ARABIC-INDIC DIGIT SEVEN}", False),
        ("uuid", "0F8FAD5B-d9cb-469f-a165-70867728950e", True),
        ("uuid", "0f8fad5bd9cb469fa16570867728950e", False),
        ("slug", "a-b-9", True),
        ("slug", "a--b", False),
        ("slug", "A", False),
        ("hex", "c0FFee", True),
        ("hex", "xyz", False),
        ("date", "2024-02-29", True),
        ("date", "2023-02-29", False),
        ("enum(a, b)", "b", True),
        ("enum(a,b)", "c", False),
        ("re([a-c]+)", "abc", True),
        ("re([a-c]+)", "abcd", False),
        ("re(a|bc)", "b", False),
        ("int", "7\n", False),
        ("re([a-c]+)", "abc\n", False),
    ],
)
def test_what_a_type_takes(kind: str, value: str, takes: bool) -> None:
    """Each type, anchored at both ends, with its bounds."""
    assert Kind.parse(kind).accepts(value) is takes


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("integer", "did you mean `int`?"),
        ("string", "leave the type out: a parameter without one takes any text"),
        ("uid", "did you mean `uuid`?"),
        ("enum(a,,b)", "write `enum(a,b)`"),
        ("enum(a,a)", "write `enum(a,b)`"),
        ("re(.*)", "a segment is never empty: use `+` for `*`"),
        ("re((?=a)b)", "use RE2 syntax: no look-around"),
        ("re(()", "use RE2 syntax: no look-around"),
    ],
)
def test_what_is_no_type(text: str, fix: str) -> None:
    """Each slip says what to write."""
    with pytest.raises(ScalarError) as caught:
        Kind.parse(text)
    assert caught.value.fix == fix


def test_samples_are_taken() -> None:
    """A type takes what it shows as a sample."""
    for text in ("int", "uuid", "slug", "hex", "date", "enum(b,a)", "re([0-9]{4})"):
        kind = Kind.parse(text)
        assert kind.accepts(kind.sample()), text


@pytest.mark.parametrize(
    ("one", "other", "competes"),
    [
        ("re(a+)", "re(b+)", True),
        ("re(a+)", "re(a+)", False),
        ("enum(a,b)", "enum(b,c)", True),
        ("enum(a,b)", "enum(c)", False),
        ("enum(a,b)", "enum(b,a)", False),
        ("int", "re(a+)", False),
    ],
)
def test_what_competes(one: str, other: str, competes: bool) -> None:
    """Only two expressions, or two enums with a common value, have no order."""
    assert Kind.parse(one).competes(Kind.parse(other)) is competes


def test_types_travel_and_fold() -> None:
    """A type survives pickling, its expression made anew; folded, it takes small letters."""
    kind = Kind.parse("re([A-C]+)")
    assert pickle.loads(pickle.dumps(kind)) == kind
    assert not kind.accepts("abc")
    folded = kind.folded()
    assert folded.accepts("abc")
    assert pickle.loads(pickle.dumps(folded)).accepts("abc")
    assert Kind.parse("enum(Prod)").folded().accepts("prod")


@pytest.mark.parametrize(
    ("one", "other", "within", "apart"),
    [
        ("enum(1,2)", "int", True, False),
        ("enum(a)", "int", False, True),
        ("date", "slug", True, False),
        ("uuid", "int", False, True),
        ("int", "hex", False, False),
        ("int", "int", True, False),
    ],
)
def test_what_types_have_in_common(one: str, other: str, within: bool, apart: bool) -> None:
    """Within and apart are sure where they say yes."""
    assert Kind.parse(one).within(Kind.parse(other)) is within
    assert Kind.parse(one).apart(Kind.parse(other)) is apart
