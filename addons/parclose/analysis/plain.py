"""What a compiled part says, without where it was written: two that say the same are equal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

# Places, words for people, and what another part of a comparison looks at.
LEFT_OUT = frozenset({"where", "where_geo", "where_needs", "about", "owner", "routes", "route_list", "limits", "key"})


def plain(part: object) -> object:
    """Return a part as plain tuples, places and words for people left out."""
    if is_dataclass(part) and not isinstance(part, type):
        held = ((each.name, getattr(part, each.name)) for each in fields(part) if each.name not in LEFT_OUT)
        return (type(part).__name__, *((name, plain(value)) for name, value in held))
    if isinstance(part, Mapping):
        return tuple((key, plain(part[key])) for key in sorted(part, key=str))
    if isinstance(part, tuple | list):
        return tuple(plain(each) for each in part)
    return part
