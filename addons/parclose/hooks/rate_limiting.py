"""The concern `rate`: whether it is within the limits, and the charging of them."""

from __future__ import annotations

from typing import ClassVar

from parclose.hooks.stage import StageAddon


class RateLimiting(StageAddon):
    """Takes the stage that looks at the counters and charges them."""

    concern: ClassVar[str] = "rate"
