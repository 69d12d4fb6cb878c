"""The concern `scope`: whether the caller may do this: roles, scopes, bindings."""

from __future__ import annotations

from typing import ClassVar

from parclose.hooks.stage import StageAddon


class ScopeEnforcement(StageAddon):
    """Takes the stage that judges permissions."""

    concern: ClassVar[str] = "scope"
