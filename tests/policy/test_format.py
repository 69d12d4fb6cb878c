"""`parclose fmt` changes the looks and nothing else: if these fail, a formatted policy decides something else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.format import NotFormatted, formatted
from tests.house.tree import ROOT, label
from tests.policy.reading import plain, tree_of
from tests.policy.shop import BASE, load_text

EXAMPLES = sorted((ROOT / "policies").rglob("*.yaml"))


def text(written: str) -> str:
    """Return written text as it is formatted."""
    return formatted("policy.yaml", written.encode()).decode()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a: [DE, NO, SE]\n", 'a: [DE, "NO", SE]\n'),
        (
            "version: 1.10\nmode: 0600\nat: 12:30\nflag: on\n",
            'version: "1.10"\nmode: "0600"\nat: "12:30"\nflag: "on"\n',
        ),
        ("NO: x\n", '"NO": x\n'),
        ("a:\n  - ::1/128\n", 'a:\n  - "::1/128"\n'),
        ("a: null\nb: ~\nc: true\nd: 8443\n", "a: null\nb: ~\nc: true\nd: 8443\n"),
        ("a: 'NO'\n", "a: 'NO'\n"),
        ("claims: {level: 1.5, plan: NO}\nother: 1.5\n", 'claims: {level: 1.5, plan: "NO"}\nother: "1.5"\n'),
        ("a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n"),
    ],
)
def test_what_others_would_misread_is_quoted(written: str, expected: str) -> None:
    """By the text alone; null, true, false and numbers that are numbers stay as they are."""
    assert text(written) == expected


@pytest.mark.parametrize("written", ["a: [1\n", "a: 1\na: 2\n", "a: !x 1\n", "", "a: *b\n"])
def test_what_cannot_be_read_stays(written: str) -> None:
    """And it is said why."""
    with pytest.raises(NotFormatted) as wrong:
        text(written)
    assert wrong.value.findings


def test_another_meaning_is_never_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """A layout that loses a value is refused."""
    monkeypatch.setattr("parclose.policy.format.Layout.write", lambda self: "a: 2\n")
    with pytest.raises(NotFormatted) as wrong:
        text("a: 1\n")
    assert wrong.value.findings == ()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a: 1\n", "a: null\n"),
        ("a: [1, 2]\n", "a: [1]\n"),
        ("a: [1]\n", "a: {b: 1}\n"),
        ("a: 1\nb: 2\n", "b: 2\na: 1\n"),
        ("claims: {a: 1}\n", 'claims: {a: "1"}\n'),
    ],
)
def test_every_kind_of_difference_is_seen(before: str, after: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Null, length, kind, order, and a number in quotes where a token has a number."""
    monkeypatch.setattr("parclose.policy.format.Layout.write", lambda self: after)
    with pytest.raises(NotFormatted):
        text(before)


@pytest.mark.parametrize("path", EXAMPLES, ids=label)
def test_an_example_keeps_its_tree_and_its_comments(path: Path) -> None:
    """Once formatted, it stays."""
    before = path.read_text()
    after = text(before)
    assert plain(tree_of(after)) == plain(tree_of(before))
    assert text(after) == after
    assert [line.partition("# ")[2] for line in after.splitlines() if line.lstrip().startswith("# ")] == [
        line.partition("# ")[2] for line in before.splitlines() if line.lstrip().startswith("# ")
    ]


def test_a_formatted_policy_compiles_to_the_same() -> None:
    """But for its revision and the places of its lines, which do not move here."""
    loose = BASE.replace("}", " }").replace("{", "{  ").replace(": ", ":   ")
    before, after = load_text(loose), load_text(text(loose))
    assert replace(
        before, revision="", segments={}, surfaces=after.surfaces, resources=after.resources, zones=after.zones
    ) == replace(after, revision="", segments={})
    told = [
        [
            (name, each.route_list, each.audience, each.network, each.authn, each.limits)
            for name, each in made.segments.items()
        ]
        for made in (before, after)
    ]
    assert told[0] == told[1]


WORDS = st.sampled_from(
    ["a", "NO", "1.10", "on", "x y", "0600", "::1", "it's", 'say "x"', "#no", "a: b", "", "- x", "null"]
)
TREES = st.recursive(
    WORDS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3), max_leaves=8
)


@settings(max_examples=150, deadline=None)
@given(
    tree=st.dictionaries(WORDS, TREES, min_size=1, max_size=4),
    indent=st.integers(2, 6),
    flow=st.sampled_from([True, False, None]),
    width=st.sampled_from([20, 200]),
)
def test_formatting_twice_is_formatting_once(
    tree: dict[str, object], indent: int, flow: bool | None, width: int
) -> None:
    """Whatever a writer of YAML makes: the meaning stays, and what is formatted stays."""
    written = yaml.safe_dump(tree, indent=indent, default_flow_style=flow, width=width)
    once = text(written)
    assert plain(tree_of(once)) == plain(tree_of(written))
    assert text(once) == once
