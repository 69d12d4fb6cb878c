"""Where two policies differ in whom they let in by place: an address, or a country, that only one of both takes."""

from __future__ import annotations

from dataclasses import dataclass, field

from parclose.policy.addresses import COUNTRIES
from parclose.policy.cells import Cell
from parclose.policy.implied import admitted, countries
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT

type _Masks = tuple[tuple[int, ...], int]


@dataclass(slots=True)
class Apart:
    """What is known of the places of two policies; most routes share theirs, and each is looked for once."""

    old: Policy
    new: Policy
    _found: dict[tuple[_Masks, _Masks], tuple[str, ...]] = field(default_factory=dict)

    def addresses(self, old: Cell, new: Cell) -> tuple[str, ...]:
        """Return an address that only the old cell takes, and one that only the new one does, where there are such.

        Both sets of addresses change only where a zone of either policy begins or ends, so only there it is looked.
        """
        masks = admitted(self.old, old), admitted(self.new, new)
        if masks not in self._found:
            found: dict[bool, str] = {}
            for address in (*self.old.zones.starts(), *self.new.zones.starts()):
                inside = [
                    _takes(policy.zones.mask(address, DEFAULT_AT), held)
                    for policy, held in zip((self.old, self.new), masks, strict=True)
                ]
                if inside[0] != inside[1]:
                    found.setdefault(inside[0], str(address))
                if len(found) > 1:
                    break
            self._found[masks] = tuple(found.values())
        return self._found[masks]

    def countries(self, old: Cell, new: Cell) -> tuple[str, ...]:
        """Return a country that only the old cell takes, and one that only the new one does, where there are such."""
        held = []
        for policy, cell in ((self.old, old), (self.new, new)):
            allowed, refused = countries(policy, cell)
            held.append((COUNTRIES if allowed is None else allowed) - refused)
        return tuple(min(only) for only in (held[0] - held[1], held[1] - held[0]) if only)


def _takes(mask: int, held: _Masks) -> bool:
    every, none = held
    return not mask & none and all(mask & each for each in every)
