"""Instants as text that loses nothing: RFC 3339, UTC, as many digits as it takes to read the same float again."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache


def write(at: float) -> str:
    """Return epoch seconds (from 1970 to 9999) as text, with milliseconds and more only where the float has more."""
    whole, _, digits = repr(at).partition(".")
    return f"{_second(int(whole))}.{digits:0<3}Z"


def read(text: str) -> float:
    """Return the epoch seconds that `write` wrote, or that any RFC 3339 text with an offset says.

    Raises:
        ValueError: it is no such text.
    """
    if text.endswith("Z") and text[19:20] == ".":
        second = datetime.fromisoformat(text[:19]).replace(tzinfo=UTC)
        digits = text[20:-1]
        if digits.isascii() and digits.isdecimal():
            return float(f"{int(second.timestamp())}.{digits}")
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant without an offset from UTC")
    return moment.timestamp()


@lru_cache(maxsize=64)
def _second(whole: int) -> str:
    """Return a second as text; most requests of a second share it."""
    return datetime.fromtimestamp(whole, UTC).strftime("%Y-%m-%dT%H:%M:%S")
