"""Syntax errors: known traps get their own words, at the place where the trap is."""

from __future__ import annotations

import pytest

from tests.policy.shop import one


@pytest.mark.parametrize(
    ("text", "line", "column", "message", "fix"),
    [
        (
            "a: [::1/128]",
            1,
            5,
            "`:` cannot start an unquoted value inside [ ]",
            'quote IPv6 prefixes in lists: ["::1/128"]',
        ),
        ("a: [x, ::1]", 1, 8, "`:` cannot start an unquoted value inside [ ]", 'quote IPv6 prefixes in lists: ["::1"]'),
        ("a:\n\tb: 1", 2, 1, "a tab cannot indent", "indent with blanks"),
        ("a: @x", 1, 4, "`@` cannot start an unquoted value", "quote the value"),
        ("a: [%x]", 1, 5, "`%` cannot start an unquoted value", "quote the value"),
        ("a: *.x", 1, 4, "`*` at the start of an unquoted value is an alias", 'quote it: "*.x"'),
        ("a: *", 1, 4, "`*` at the start of an unquoted value is an alias", 'quote it: "*"'),
        ("a: b: c", 1, 5, "a second `: ` in one unquoted value", "quote the value"),
        ("a: [1, 2\nb: 3", 1, 4, "`[` is never closed", "close it, or quote it if it belongs to the text"),
        ('a: "x', 1, 4, '`"` is never closed', "close it, or quote it if it belongs to the text"),
        (
            "a: 1\n  b: 2",
            2,
            4,
            "a `:` where no key can be",
            "compare the indentation and quotes of this line and the one before",
        ),
        ("a:\n  - 1\n b: 2", 3, 2, "", ""),
    ],
)
def test_traps(text: str, line: int, column: int, message: str, fix: str) -> None:
    """Each trap: where, what, and what to write."""
    found = one(text)
    assert (found.id, found.line) == ("YML001", line)
    if message:
        assert (found.column, found.message, found.fix) == (column, message, fix)
