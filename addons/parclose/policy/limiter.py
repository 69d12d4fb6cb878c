"""Where counters live, and what follows when that is gone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a segment holds one of these; importing it here would close a circle
    from parclose.policy.segment import SecretRef


@dataclass(frozen=True, slots=True, kw_only=True)
class Limiter:
    """A store of counters: this process's own, or the Redis whose URL is kept at `redis`.

    `deadline_s` is the longest wait for it, `prefix` begins its keys, `lease` hits are taken ahead with each round trip
    (0: none). `on_error` is `local` (count in this process meanwhile), `allow` or `deny` (503 `limiter_unavailable`).
    """

    redis: SecretRef | None = None
    deadline_s: float = 0.05
    prefix: str = "parclose"
    lease: int = 0
    on_error: str = "local"
