"""Decision ids: 26 characters that sort by time and cannot be guessed (ULID)."""

from __future__ import annotations

import os

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH = 26
# Two digits at a time: half the steps of the one place where a request needs long division.
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)


def decision_id(at: float) -> str:
    """Make the id of a decision at `at` (epoch seconds): 48 bits of milliseconds, then 80 random ones."""
    number = (int(at * 1000) & 0xFFFFFFFFFFFF) << 80 | int.from_bytes(os.urandom(10))
    parts = []
    for _ in range(LENGTH // 2):
        parts.append(_PAIRS[number & 0x3FF])
        number >>= 10
    return "".join(reversed(parts))
