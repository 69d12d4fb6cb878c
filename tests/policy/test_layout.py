"""Where pieces stand: if these fail, a comment is lost or moves away from its line, or a list changes its level."""

from __future__ import annotations

import pytest

from parclose.policy.layout import Layout


def laid_out(text: str) -> str:
    """Return text in the layout of policies, every scalar as written."""
    return Layout(lines=text.split("\n"), spell=lambda word, line, column: word).write()


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("a:   1   # one\n", "a: 1  # one\n"),
        ("a:\n    b:\n        c: 1\n", "a:\n  b:\n    c: 1\n"),
        ("a:\n- x\n-   y\n", "a:\n  - x\n  - y\n"),
        ("a:\n- b: 1\n  c: 2\n-     b: 3\n      c: 4\nd: 5\n", "a:\n  - b: 1\n    c: 2\n  - b: 3\n    c: 4\nd: 5\n"),
        ("- - a\n  -   b\n-\n    c: 1\n", "- - a\n  - b\n-\n  c: 1\n"),
        ("a: [1,2 ,  3]\n", "a: [1, 2, 3]\n"),
        ("a: { b : c,d: [ x ] }\n", "a: {b: c, d: [x]}\n"),
        ("a: {b: , c: }\n", "a: {b: , c: }\n"),
        ("\"a\" : 'b'\n", "\"a\": 'b'\n"),
        ("a: [\n      1,   # one\n      2\n     ]\n", "a: [\n      1,  # one\n      2\n     ]\n"),
        ("\n\n# head\n\n\n\na: 1\n\n\n", "# head\n\na: 1\n"),
        ("a:\n    # of b\n    b: 1\n# of c\nc: 1\n    # after\n", "a:\n  # of b\n  b: 1\n# of c\nc: 1\n# after\n"),
        ("a:\n    b: 1\n    # last of a\nc: 1\n", "a:\n  b: 1\n  # last of a\nc: 1\n"),
        (
            "a:\n      b: |\n          x\n\n            y  \n      c: 1\n",
            "a:\n  b: |\n      x\n\n        y  \n  c: 1\n",
        ),
        ("a: >-\n  x\n  y\n", "a: >-\n  x\n  y\n"),
        ("a:\n    b: some\n      more\n", "a:\n  b: some\n    more\n"),
        ('a:\n    "b\n     c"   # d\n', 'a:\n  "b\n     c"  # d\n'),
        ("a: &x {b: 1}\nc:   *x\n", "a: &x {b: 1}\nc: *x\n"),
        ("*x : 1\n", "*x : 1\n"),
        ("---\na: 1\n", "---\na: 1\n"),
        ("# only\n", "# only\n"),
        ("", ""),
        ("a", "a\n"),
    ],
)
def test_a_file_in_its_layout(written: str, expected: str) -> None:
    """Every piece and comment stays; and what is laid out stays as it is."""
    assert laid_out(written) == expected
    assert laid_out(expected) == expected
