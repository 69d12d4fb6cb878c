"""Which tests are meant: words that their names hold, joined by `and`, `or`, `not` and brackets."""

from __future__ import annotations

import re
from collections.abc import Callable

type Chosen = Callable[[str], bool]

_TOKEN = re.compile(r"\(|\)|\"[^\"]*\"|[^\s()]+")


class BadChoice(ValueError):
    """An expression cannot be read; its text says why."""


def choice(expression: str) -> Chosen:
    """Return whether a name is meant; `not` binds before `and`, `and` before `or`, and case does not matter.

    Words beside each other are one text with one blank between, as in a name.

    Raises:
        BadChoice: it cannot be read.
    """
    tokens = _TOKEN.findall(expression)
    if not tokens:
        return lambda name: True
    chosen = _either(tokens)
    if tokens:
        raise BadChoice(f"`{tokens[0]}` is one too many in `{expression}`")
    return chosen


def _either(tokens: list[str]) -> Chosen:
    """Read what `or` joins."""
    parts = [_both(tokens)]
    while tokens and tokens[0] == "or":
        del tokens[0]
        parts.append(_both(tokens))
    return lambda name: any(part(name) for part in parts)


def _both(tokens: list[str]) -> Chosen:
    """Read what `and` joins."""
    parts = [_one(tokens)]
    while tokens and tokens[0] == "and":
        del tokens[0]
        parts.append(_one(tokens))
    return lambda name: all(part(name) for part in parts)


def _one(tokens: list[str]) -> Chosen:
    """Read one text, a negation, or what stands in brackets."""
    first = tokens.pop(0) if tokens else ""
    if first == "not":
        inner = _one(tokens)
        return lambda name: not inner(name)
    if first == "(":
        inner = _either(tokens)
        if not tokens or tokens.pop(0) != ")":
            raise BadChoice("a bracket is not closed; write `)`")
        return inner
    if first in {"", ")", "and", "or"}:
        raise BadChoice(f"a word is missing before `{first}`" if first else "a word is missing at the end")
    words = [first.strip('"')]
    while tokens and tokens[0] not in {"and", "or", "not", "(", ")"}:
        words.append(tokens.pop(0).strip('"'))
    text = " ".join(words).casefold()
    return lambda name: text in name.casefold()
