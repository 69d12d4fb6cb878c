"""What a YAML syntax error most likely comes from, and what to write instead."""

from __future__ import annotations

import re
from typing import NamedTuple

# What YAML 1.1 lets stand in a stream, section 5.1, but U+0085, U+2028 and U+2029: they end a line for libyaml and for
# no editor, so that what stands behind them is one thing to the proxy and another to whoever reads the file.
_UNREADABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# The searches below are quadratic in the length of a line that only garbage has.
MOST_CHARACTERS = 500  # of one line that are looked at
MOST_LINES = 10_000  # that are searched for a bracket or quote that is never closed


class Syntax(NamedTuple):
    """A syntax error for people: `line` and `column` count from 1.

    Where quotes alone are missing, `found` is what stands there and `meant` the same in quotes.
    """

    line: int
    column: int
    message: str
    fix: str
    found: str = ""
    meant: str = ""


def unreadable_character(text: str) -> tuple[int, int, str] | None:
    """Return line, column and the first character that cannot stand in a policy, or None."""
    match = _UNREADABLE.search(text)
    if match is None:
        return None
    before = text[: match.start()]
    return before.count("\n") + 1, match.start() - (before.rfind("\n") + 1) + 1, match[0]


def explain_syntax(text: str, line: int, column: int, problem: str) -> Syntax:
    """Return what is wrong around a place at which libyaml gave up; known traps get their own words."""
    lines = [part[:MOST_CHARACTERS] for part in text.splitlines()] or [""]
    for number in (line, line - 1):
        if 1 <= number <= len(lines):
            known = _trap(lines[number - 1], number)
            if known is not None:
                return known
    if problem.startswith("did not find expected <document start>"):
        return Syntax(line, column, "text after the end of the document", "indent it like the lines before")
    ends = ("stream end", "unexpected end", "',' or ']'", "',' or '}'")
    if line > len(lines) or any(end in problem for end in ends):
        opened = _unclosed(lines[: max(line - 1, 1)] if "expected ','" in problem else lines)
        if opened is not None:
            number, at, char = opened
            return Syntax(number, at, f"`{char}` is never closed", "close it, or quote it if it belongs to the text")
    number = max(1, min(line, len(lines)))
    return Syntax(number, column, _words(problem), "compare the indentation and quotes of this line and the one before")


def _trap(line: str, number: int) -> Syntax | None:
    tab = re.match(r" *\t", line)
    if tab:
        return Syntax(number, len(tab[0]), "a tab cannot indent", "indent with blanks")
    colon = re.search(r"[\[,] *(::[0-9A-Fa-f:.]*(?:/[0-9]+)?)", line)
    if colon:
        fix = f'quote IPv6 prefixes in lists: ["{colon[1]}"]'
        message = "`:` cannot start an unquoted value inside [ ]"
        return Syntax(number, colon.start(1) + 1, message, fix, colon[1], f'"{colon[1]}"')
    reserved = re.search(r"(?:^\s*(?:- )?|: +|[\[{,] *)([@`%])", line)
    if reserved:
        char = reserved[1]
        return Syntax(number, reserved.start(1) + 1, f"`{char}` cannot start an unquoted value", "quote the value")
    star = re.search(r"(?:: +|[\[,] *|- )(\*(?:\.[\w.-]+)?)(?=[\s,\]}]|$)", line)
    if star:
        return Syntax(
            number, star.start(1) + 1, "`*` at the start of an unquoted value is an alias", f'quote it: "{star[1]}"',
            star[1], f'"{star[1]}"',
        )  # fmt: skip
    twice = re.search(r"^\s*[\w-]+: +[^\"'\[{#&*!|>][^\"'#]*?(: )", line)
    if twice:
        return Syntax(number, twice.start(1) + 1, "a second `: ` in one unquoted value", "quote the value")
    return None


def _unclosed(lines: list[str]) -> tuple[int, int, str] | None:
    opened: list[tuple[int, int, str]] = []
    for number, line in enumerate(lines[:MOST_LINES], 1):
        bare = re.sub(r"\"(?:\\.|[^\"\\])*\"|'[^']*'", lambda match: " " * len(match[0]), line)
        for at, char in enumerate(re.split(r"(?:^|\s)#", bare)[0], 1):
            if char in "[{\"'" and (char not in "\"'" or not opened):
                opened.append((number, at, char))
            elif char in "]}" and opened:
                opened.pop()
    return opened[-1] if opened else None


def _words(problem: str) -> str:
    known = {
        "mapping values are not allowed in this context": "a `:` where no key can be",
        "could not find expected ':'": "a line that is neither `key: value` nor part of a list",
        "did not find expected key": "this does not line up with the keys before it",
        "did not find expected '-' indicator": "this does not line up with the list before it",
        "did not find expected ',' or ']'": "a list in `[ ]` goes on without a comma, or is not closed",
        "did not find expected ',' or '}'": "a mapping in `{ }` goes on without a comma, or is not closed",
    }
    return known.get(problem, f"cannot be read as YAML: {problem}")
