"""A part of a policy on one line means what it meant where it was written."""

from __future__ import annotations

import pytest

from parclose.policy.flow import flow
from parclose.policy.nodes import Items, Mark, Node, Text
from parclose.policy.source import Source


def tree(text: str) -> Node:
    """Return the tree of a text."""
    source = Source(path="p.yaml", read=lambda path: b"")
    made = source.tree("p.yaml", text.encode())
    assert source.findings == []
    return made


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("a", "a"),
        ("[a, 'b c', {d: e}]", "[a, b c, {d: e}]"),
        ("a:\n  - b\n  - c: 5/s\n    d: ~", "{a: [b, {c: 5/s, d: null}]}"),
        ('"GET /v1/{id:int}": public', '{"GET /v1/{id:int}": public}'),
        ("key: subject|ip", "{key: subject|ip}"),
        ("['::1/128', '2001:db8::/32', '*', '~', null]", '["::1/128", 2001:db8::/32, "*", "~", null]'),
        ("['a, b', 'a: b', 'a #b', '', 'x:']", '["a, b", "a: b", "a #b", "", "x:"]'),
        ("[\"a\\nb\", 'null', NO]", '["a\\nb", "null", NO]'),
        ("[orders:read, 2%, 100MiB, 'système']", '[orders:read, 2%, 100MiB, "système"]'),
    ],
)
def test_one_line(written: str, told: str) -> None:
    """Quotes stand where YAML needs them."""
    assert flow(tree(written)) == told


@pytest.mark.parametrize(
    "text",
    ["a b", "a: b", "- a", "*a", "&a", "!a", "%a", "a#", "a #b", "[x", "x}", "a,b", "null", "~", "'", '"', "é", " a"],
)
def test_what_is_told_can_be_written(text: str) -> None:
    """A list of one text is read back as that text."""
    made, item = Items(), Text(text)
    item.mark = made.mark = Mark("p.yaml", 1, 1)
    item.plain = False
    made.append(item)
    assert tree(flow(made)) == [text]
