"""The concern `segment`: which segment a request belongs to, and which route of it."""

from __future__ import annotations

from typing import ClassVar

from parclose.hooks.stage import StageAddon


class SegmentClassifier(StageAddon):
    """Takes the stages that find surface, route and audience."""

    concern: ClassVar[str] = "segment"
