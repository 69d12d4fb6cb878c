"""Decision ids: 26 characters that sort by time and cannot be guessed (ULID)."""

from __future__ import annotations

from parclose.hooks.randomness import Pool

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U
LENGTH = 26
_TIME_MASK = 0xFFFFFFFFFFFF  # 48 bits
# Two digits at a time, and never a number of more than 64 bits: long division is what costs.
_PAIRS = tuple(high + low for high in ALPHABET for low in ALPHABET)


def digits(number: int, pairs: int) -> str:
    """Return so many pairs of digits of a number, the most significant first."""
    return "".join([_PAIRS[number >> shift & 0x3FF] for shift in range(10 * pairs - 10, -1, -10)])


class DecisionIds:
    """Makes ids: 48 bits of milliseconds, then 80 random ones."""

    __slots__ = ("_at_ms", "_pool", "_time")

    def __init__(self) -> None:
        """Start with randomness of its own."""
        self._pool = Pool()
        self._at_ms = -1
        self._time = ""

    def make(self, at: float) -> str:
        """Make the id of a decision at `at`, in epoch seconds."""
        at_ms = int(at * 1000) & _TIME_MASK
        if at_ms != self._at_ms:  # several requests share a millisecond
            self._time = digits(at_ms, 5)
            self._at_ms = at_ms
        random = self._pool.take(10)
        first, second = int.from_bytes(random[:5]), int.from_bytes(random[5:])
        return self._time + digits(first, 4) + digits(second, 4)
