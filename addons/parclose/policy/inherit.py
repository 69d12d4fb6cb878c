"""What holds for a segment: its own, else its profiles' from the last, else the profile `default`.

Mappings (`network`, `authn`, `audit`, `forward`, `errors`, `limits`) merge one level deep by key; scalars and lists
replace; null removes what would be inherited.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.nodes import Text
from parclose.policy.schema_base import Written
from parclose.policy.schema_segment import LimitSpec, ProfileSpec, SegmentSpec


@dataclass(frozen=True, slots=True)
class Layers:
    """The parts that make up a segment, the strongest first; `names` are the profiles among them, "" the segment."""

    specs: tuple[ProfileSpec, ...]
    names: tuple[str, ...] = ()

    def owner(self, key: str) -> ProfileSpec | None:
        """Return the part whose `key` holds, or None when none writes it or it is removed."""
        for spec in self.specs:
            if spec.has(key):
                return spec if getattr(spec, key) is not None else None
        return None

    def sections(self, key: str) -> tuple[Written, ...]:
        """Return the mappings under `key`, the strongest first, none below one that is null."""
        found: list[Written] = []
        for spec in self.specs:
            if spec.has(key):
                section = getattr(spec, key)
                if section is None:
                    break
                found.append(section)
        return tuple(found)

    def limits(self) -> dict[str, tuple[Text, LimitSpec]]:
        """Return the limits that hold, by name, each with its key as written."""
        found: dict[str, tuple[Text, LimitSpec] | None] = {}
        for spec in self.specs:
            if spec.has("limits") and spec.limits is None:
                break
            for name, limit in (spec.limits or {}).items():
                found.setdefault(str(name), (name, limit) if limit is not None else None)
        return {name: found_ for name, found_ in found.items() if found_ is not None}


def pick(sections: Sequence[Written], key: str) -> Written | None:
    """Return the strongest mapping that writes `key`, or None when none does or it is removed."""
    for section in sections:
        if section.has(key):
            return section if getattr(section, key) is not None else None
    return None


def layers_of(desk: Desk, spec: SegmentSpec) -> Layers:
    """Return what makes up a segment; unknown profiles are reported."""
    profiles = desk.spec.profiles
    used = [name for name in spec.use or () if desk.knows(name, profiles, "profile", section="profiles")]
    base = Text("default")
    if base in profiles and base not in used:
        used.insert(0, base)
    used.reverse()
    return Layers((spec, *(profiles[name] for name in used)), ("", *map(str, used)))
