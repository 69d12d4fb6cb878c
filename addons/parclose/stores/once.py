"""What was shown once and must not count again: the ids of DPoP proofs, for as long as a proof could be shown again.

Two generations of a set: the old one is dropped when everything in it is over. INVARIANT: nothing is forgotten before
its time; a store that is full takes nothing new, so that a flood of proofs costs their senders, and lets no copy in.
"""

from __future__ import annotations

from typing import Final

from parclose.ports import AskOnce

# Some 150 bytes each: 60 MB at the most. A thousand good proofs a second fill a quarter of it.
MAX_NAMES: Final = 400_000


class MemoryOnce:
    """The names of this process. Time is the askers' own, and never goes back."""

    def __init__(self, maxsize: int = MAX_NAMES) -> None:
        """Hold at most `maxsize` names."""
        self._maxsize = maxsize
        self._young: dict[str, float] = {}
        self._old: dict[str, float] = {}
        self._old_until = 0.0  # when everything in `_old` is over
        self._young_until = 0.0
        self._now = 0.0

    def first(self, ask: AskOnce) -> bool:
        """Return whether a name is new; it is over at `until`, that instant included."""
        self._now = now = max(self._now, ask.at)
        if now >= self._old_until:
            self._old, self._old_until = self._young, self._young_until
            self._young, self._young_until = {}, 0.0
        for held in (self._young, self._old):
            if now < held.get(ask.name, now):
                return False
        if len(self._young) + len(self._old) >= self._maxsize:
            return False
        self._young[ask.name] = ask.until
        self._young_until = max(self._young_until, ask.until)
        return True
