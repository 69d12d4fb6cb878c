"""Random bytes by the handful: one call to the kernel for hundreds of ids instead of one each.

The bytes are the kernel's own, used once, and never leave the process: an id is as hard to guess as before.
"""

from __future__ import annotations

import os
from collections.abc import Callable

POOL_BYTES = 4096  # one page; what is left of it when the process ends was never used


class Pool:
    """Hands out random bytes, each once; `draw` is where they come from."""

    __slots__ = ("_at", "_draw", "_held")

    def __init__(self, draw: Callable[[int], bytes] = os.urandom) -> None:
        """Start empty: the first id fills the pool, in the process that uses it."""
        self._draw = draw
        self._held = b""
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return `count` random bytes, at most `POOL_BYTES`."""
        end = self._at + count
        if end > len(self._held):
            self._held, self._at, end = self._draw(POOL_BYTES), 0, count
        taken = self._held[self._at : end]
        self._at = end
        return taken

    def uuid4(self) -> str:
        """Return a random UUID in its text form.

        Source: RFC 9562 section 5.4: version 4 in the upper half of octet 6, variant 10 in the upper bits of octet 8.
        """
        octets = bytearray(self.take(16))
        octets[6] = octets[6] & 0x0F | 0x40
        octets[8] = octets[8] & 0x3F | 0x80
        digits = octets.hex()
        return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
