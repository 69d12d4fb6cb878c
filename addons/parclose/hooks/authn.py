"""The concern `authn`: who is calling, proven, and by which credential."""

from __future__ import annotations

from typing import ClassVar

from parclose.hooks.stage import StageAddon


class Authn(StageAddon):
    """Takes the stages that authenticate and judge the credential."""

    concern: ClassVar[str] = "authn"
