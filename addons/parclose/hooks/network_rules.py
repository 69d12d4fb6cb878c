"""The concern `network`: whose address it is, whether it may come from there and go where it wants."""

from __future__ import annotations

from typing import ClassVar

from parclose.hooks.stage import StageAddon


class NetworkRules(StageAddon):
    """Takes the stages that judge addresses, countries and destinations."""

    concern: ClassVar[str] = "network"
