"""Where a value comes from, in the words of `show --effective`."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.policy.nodes import Mark
from parclose.policy.schema_base import where

BUILT_IN = "built-in default"


@dataclass(frozen=True, slots=True, kw_only=True)
class Value:
    """One value that holds: its path of keys, the value as YAML writes it, and where it comes from."""

    key: str
    value: str
    origin: str


def origin(mark: Mark, via: str = "") -> str:
    """Return a place, and through what it holds: `policy.yaml:127 via customer-facing`."""
    return f"{where(mark)} via {via}" if via else where(mark)


def removed(mark: Mark) -> str:
    """Return what is said of a value that a null takes away."""
    return f"removed at {where(mark)}"
