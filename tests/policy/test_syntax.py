"""Syntax errors: known traps get their own words, at the place where the trap is."""

from __future__ import annotations

import time

import pytest

from parclose.policy.syntax import explain_syntax, unreadable_character
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
        ("a: `x`", 1, 4, "``` cannot start an unquoted value", "quote the value"),
        ("a: {b: 1\n", 1, 4, "`{` is never closed", "close it, or quote it if it belongs to the text"),
        ("a: [it's, b]\nb: {x\n", 2, 4, "`{` is never closed", "close it, or quote it if it belongs to the text"),
        ("a: [ # [\n", 1, 4, "`[` is never closed", "close it, or quote it if it belongs to the text"),
        ("- *.a.example", 1, 3, "`*` at the start of an unquoted value is an alias", 'quote it: "*.a.example"'),
    ],
)
def test_traps(text: str, line: int, column: int, message: str, fix: str) -> None:
    """Each trap: where, what, and what to write."""
    found = one(text)
    assert (found.id, found.line) == ("YML001", line)
    if message:
        assert (found.column, found.message, found.fix) == (column, message, fix)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", None),
        ("a: b\tc\n", None),
        ("caf\xe9 \u2027\u202a \ud7ff\ue000\ufffd\U00010000\U0010ffff", None),
        ("a\n\x00", (2, 1, "\x00")),
        ("a\x1f", (1, 2, "\x1f")),
        ("a\x7f", (1, 2, "\x7f")),
        ("a\x84", (1, 2, "\x84")),
        ("a\x85", (1, 2, "\x85")),
        ("a\x9f", (1, 2, "\x9f")),
        ("a\u2028", (1, 2, "\u2028")),
        ("a\u2029", (1, 2, "\u2029")),
        ("a\ufffe", (1, 2, "\ufffe")),
    ],
)
def test_what_cannot_stand_in_a_policy(text: str, place: tuple[int, int, str] | None) -> None:
    """Controls, and what ends a line for libyaml but for no editor; each at its place."""
    assert unreadable_character(text) == place


@pytest.mark.parametrize(
    "text",
    [
        "a:" + " " * 300_000 + "'",
        'a: "' + '\\"' * 300_000,
        ("\\" + '"' * 400 + "\n") * 20_000 + "'",
        "a: " + "[, " * 100_000,
        "a" + ": " * 300_000,
    ],
)
def test_looking_for_a_trap_takes_no_time(text: str) -> None:
    """However long a line of garbage is, what is said about it is said at once."""
    started = time.process_time()
    explain_syntax(text, text.count("\n") + 1, 1, "found unexpected end of stream")
    assert time.process_time() - started < 2
