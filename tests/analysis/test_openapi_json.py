"""JSON documents read as YAML: if these fail, a sound document is refused, or says something else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.analysis.openapi_json import as_yaml
from parclose.policy.source import Source


def read_back(text: str) -> tuple[object, list[str]]:
    """Return the tree of a JSON text as our reader sees it, and what it found wrong."""
    source = Source(path="x.json", read=lambda _: b"")
    tree = source.tree("x.json", as_yaml(text.encode()))
    return tree, [finding.message for finding in source.findings]


@pytest.mark.parametrize(
    "value",
    ["\U0001f600", "\\ud83d\\ude00", "\\\U0001f600", "\\\\ud83d", "a/b", 'say "x"', "tab\tand\nline", "\U0010ffff"],
)
@pytest.mark.parametrize("indent", [None, 1, "\t"])
def test_text_is_what_it_was(value: str, indent: int | str | None) -> None:
    """Escaped in halves, behind backslashes, and under tabs."""
    assert read_back(json.dumps({"k": value}, indent=indent)) == ({"k": value}, [])


@given(some.text(some.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_is_what_it_was(value: str) -> None:
    """Whatever JSON can say."""
    assert read_back(json.dumps({"k": value})) == ({"k": value}, [])


def test_a_slash_may_be_escaped_and_yaml_is_left_alone() -> None:
    """As some programs do; a document that is no JSON object keeps its tabs and backslashes."""
    assert read_back('{"k": "\\/a"}') == ({"k": "/a"}, [])
    assert as_yaml(b'k: "\t\\ud83d\\ude00"') == b'k: "\t\\ud83d\\ude00"'
