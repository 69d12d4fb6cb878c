"""Path patterns: what they take, their order, and templates that are refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.errors import ScalarError
from parclose.policy.paths import MOST_CHARACTERS, MOST_PARTS, PathPattern, covers, meets, narrow


def split(path: str) -> tuple[str, ...]:
    """Return a path as the stages hand it in."""
    return () if path == "/" else tuple(path[1:].split("/"))


@pytest.mark.parametrize(
    ("pattern", "path", "takes"),
    [
        ("/", "/", True),
        ("/", "/a", False),
        ("/**", "/", True),
        ("/**", "/a/b", True),
        ("/v1/**", "/v1", True),
        ("/v1/**", "/v1/", True),
        ("/v1/**", "/v1/a/b", True),
        ("/v1/**", "/v10", False),
        ("/v1/{id}", "/v1/7", True),
        ("/v1/{id}", "/v1/", False),
        ("/v1/{id}", "/v1/7/8", False),
        ("/v1/{id:int}", "/v1/x", False),
        ("/a/", "/a/", True),
        ("/a/", "/a", False),
        ("/caf%C3%A9", "/café", True),
        ("/{x:re(a/b|c)}", "/c", True),
    ],
)
def test_what_a_pattern_takes(pattern: str, path: str, takes: bool) -> None:
    """`/**` takes nothing or more; a parameter one segment, never an empty one."""
    assert PathPattern.parse(pattern).matches(split(path)) is takes


@pytest.mark.parametrize(
    "best_first",
    [
        ["/shops/{id}/pets/_search", "/shops/{id}/pets/{pet}"],
        ["/resource/{id}/new", "/{a}/{b}/{c}"],
        ["/a/b", "/a/{x:int}", "/a/{x}", "/a/**"],
        ["/a", "/a/**"],
        ["/{x:enum(a,b)}", "/{x:uuid}", "/{x:int}", "/{x:date}", "/{x:hex}", "/{x:slug}", "/{x:re(a+)}", "/{x}"],
        ["/{x}/y", "/{x}/**", "/**"],
    ],
)
def test_the_order_of_patterns(best_first: list[str]) -> None:
    """Literal, typed, any text, `/**`, position by position from the left."""
    worst_first = best_first[::-1]
    worst_first.sort(key=lambda text: PathPattern.parse(text).rank)
    assert worst_first == best_first


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("v1", "write `/v1`"),
        ("/a//b", "write `/a/b`"),
        ("/**/a", "move `**` to the end, or write `{name}` for one segment"),
        ("/a*", "write `{name}` for a whole segment, `/**` at the end"),
        ("/*", "write `{name}` for a whole segment, `/**` at the end"),
        ("/:id", "write `{id}`"),
        ("/{a}/{a}", "call one of them `a2`"),
        ("/{a:integer}", "did you mean `int`?"),
        ("/a?b=c", "write the path alone, without a query"),
        ("/a/../b", "remove it"),
        ("/a%2Fb", "remove it"),
        ("/a%zz", "write `%25` for a percent sign"),
        ("/%FF", "write the characters themselves"),
        ("/" + "a/" * 64 + "a", "write a shorter one"),
        ("/" + "a" * MOST_CHARACTERS, "write a shorter one"),
        ("/{}", "write `{name}` for a whole segment, `/**` at the end"),
    ],
)
def test_bad_templates(text: str, fix: str) -> None:
    """Each is RTE008 and says what to write."""
    with pytest.raises(ScalarError) as caught:
        PathPattern.parse(text)
    assert (caught.value.id, caught.value.fix) == ("RTE008", fix)


@pytest.mark.parametrize("text", ["/" + "a" * (length - 1) for length in (MOST_CHARACTERS - 1, MOST_CHARACTERS)])
def test_as_long_as_a_path_may_be(text: str) -> None:
    """What a path may be a pattern may be."""
    assert PathPattern.parse(text).matches((text[1:],))


@pytest.mark.parametrize("end", ["", "/**"])
@pytest.mark.parametrize("parts", [MOST_PARTS - 1, MOST_PARTS])
def test_as_many_segments_as_a_path_may_have(parts: int, end: str) -> None:
    """`/**` is not counted: it may match nothing."""
    assert PathPattern.parse("/a" * parts + end).matches(("a",) * parts)


def test_spellings() -> None:
    """A `/` at the end can be dropped, ASCII capitals folded, and parameters read back."""
    assert PathPattern.parse("/a/").without_slash().matches(("a",))
    assert PathPattern.parse("/A/{Id:enum(X)}").folded().matches(("a", "x"))
    assert PathPattern.parse("/{a}/x/{b}").params(("1", "x", "2")) == (("a", "1"), ("b", "2"))


def test_a_near_miss_names_the_type() -> None:
    """Only typed parameters make a near miss; a wrong literal is no near miss."""
    pattern = PathPattern.parse("/orders/{id:int}")
    assert pattern.misfits(("orders", "x")) == (("{id:int}", "x"),)
    assert pattern.misfits(("order", "x")) is None
    assert pattern.misfits(("orders", "7")) is None


WORDS = st.sampled_from(["a", "b", "{p}", "{p:int}", "{p:enum(a,7)}", "{p:slug}", "{p:re([ab]+)}"])


@st.composite
def patterns(draw: st.DrawFn) -> PathPattern:
    """A pattern of few words, so that patterns meet often."""
    words = [
        word.replace("p", f"p{at}", 1) if "{" in word else word
        for at, word in enumerate(draw(st.lists(WORDS, max_size=3)))
    ]
    return PathPattern.parse("/" + "/".join([*words, *(["**"] if draw(st.booleans()) else [])]))


PATHS = st.lists(st.sampled_from(["a", "b", "7", "x", ""]), max_size=4).map(tuple)


@given(patterns(), patterns(), PATHS)
def test_covering_and_meeting_never_lie(one: PathPattern, other: PathPattern, path: tuple[str, ...]) -> None:
    """Where one covers the other it takes what the other takes; where they do not meet no path is both's."""
    if other.matches(path):
        assert one.matches(path) or not covers(one, other)
        assert not one.matches(path) or meets(one, other)


@given(patterns())
def test_a_sample_is_taken(pattern: PathPattern) -> None:
    """A pattern takes what it shows as a sample."""
    assert pattern.matches(split(pattern.sample()))


@given(patterns(), patterns(), PATHS)
def test_narrowing_holds_what_both_take(one: PathPattern, other: PathPattern, path: tuple[str, ...]) -> None:
    """No path that both take is lost; and none is won, unless two types do not compare."""
    both = narrow(one, other)
    if one.matches(path) and other.matches(path):
        assert both is not None
        assert both.matches(path)
    elif both is not None and both.matches(path):
        kinds = [part.kind for pattern in (one, other) for part in pattern.parts if part.kind is not None]
        assert len(kinds) > 1


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        ("/a/**", "/{x}/b", "/a/b"),
        ("/a/**", "/**", "/a/**"),
        ("/{x}/**", "/{n:int}/y/{z}", "/{n:int}/y/{z}"),
        ("/{s:slug}", "/{e:enum(a,b)}", "/{e:enum(a,b)}"),
        ("/a", "/a/**", "/a"),
        ("/a", "/b", None),
        ("/a/b", "/a", None),
        ("/{n:int}", "/{u:uuid}", None),
    ],
)
def test_what_is_narrower(one: str, other: str, both: str | None) -> None:
    """Literals before types before any text; written as a policy writes it."""
    found = narrow(PathPattern.parse(one), PathPattern.parse(other))
    assert (None if found is None else str(found)) == both
