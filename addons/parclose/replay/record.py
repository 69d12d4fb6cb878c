"""One recorded request, wherever it was recorded."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.facts import Facts
from parclose.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A request as it was recorded: its facts, and the verdict it got then (None when that was not kept).

    `source` is `file:number` of the flow or line, from 1. `doubt` says what was not kept, so that a verdict which
    turns on it is only a `maybe`; "" for a complete record. `took_s` is how long the exchange lasted, None when that
    was not kept: it then gives its concurrency slots back at once.
    """

    facts: Facts
    source: str
    verdict: Verdict | None = None
    doubt: str = ""
    took_s: float | None = None

    @property
    def is_complete(self) -> bool:
        """Whether everything that a decision may ask was kept."""
        return self.facts.kept is not None and not self.doubt
