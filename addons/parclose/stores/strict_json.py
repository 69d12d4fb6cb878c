"""JSON from strangers: one object, no duplicate names, no NaN, bounded depth and numbers, no broken characters.

Source: RFC 8725 section 2.4 and 3.10; python's own reader keeps the last duplicate, takes `NaN` and `1e999`, and
overflows its stack on deep nesting.
"""

from __future__ import annotations

import json
import math
import re

# Claims of the identity providers known to us nest to 4 (`resource_access.<client>.roles[]`).
MAX_DEPTH = 16
# Digits of a number: times in nanoseconds have 19; python refuses texts over 4,300 digits only.
MAX_DIGITS = 24


class NotStrict(ValueError):
    """The text is not what we take: the sender's fault."""


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Make an object of its members; a name that comes twice is refused."""
    made = dict(pairs)
    if len(made) != len(pairs):
        raise NotStrict("a name stands twice")
    return made


def _integer(text: str) -> int:
    """Read a whole number of sane length."""
    if len(text) > MAX_DIGITS:
        raise NotStrict("a number is too long")
    return int(text)


def _real(text: str) -> float:
    """Read a finite number."""
    number = float(text)
    if not math.isfinite(number):
        raise NotStrict("a number is too big")
    return number


def _constant(text: str) -> object:
    """Refuse `NaN` and `Infinity`, which JSON does not have."""
    raise NotStrict(f"`{text}` is no number")


_STRING_OR_BRACKET = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]', re.DOTALL)
_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_float=_real, parse_constant=_constant, strict=True
)


def read_object(raw: bytes) -> dict[str, object]:
    """Return the object that `raw` is.

    Raises:
        NotStrict: it is not UTF-8, not JSON, not an object, or one of the things above.
    """
    try:
        text = raw.decode("utf-8")
        _bound_depth(text)
        value = _DECODER.decode(text)
        if "\\u" in text:
            # Half a surrogate pair is a character that nothing further on can write down.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as wrong:  # bad UTF-8, bad JSON and unwritable characters are all of this kind
        raise NotStrict("not the JSON that is taken") from wrong
    if not isinstance(value, dict):
        raise NotStrict("not an object")
    return value


def _bound_depth(text: str) -> None:
    """Refuse deep nesting before the reader recurses into it."""
    if text.count("{") + text.count("[") <= MAX_DEPTH:
        return
    depth = 0
    for match in _STRING_OR_BRACKET.finditer(text):
        if match[0] in "{[":
            depth += 1
        elif match[0] in "}]":
            depth -= 1
        if depth > MAX_DEPTH:
            raise NotStrict("nested too deep")
