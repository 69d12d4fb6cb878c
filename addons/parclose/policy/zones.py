"""All zones as sorted intervals: one bisect answers every zone at once, as a bit mask.

`union` and `except` are already worked in. An entry with `until` holds before that instant and no longer at it; zones
that depend on time have one table for each stretch between such instants, all others are in one table for all times.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from ipaddress import IPv4Address, IPv6Address

from parclose.policy.addresses import Prefix, prefix
from parclose.policy.intervals import Intervals, flatten, union, without

_ALL = ("0.0.0.0/0", "::/0")
_LOOPBACK = ("127.0.0.0/8", "::1/128")
_PRIVATE = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")
# Source: IANA special-purpose address registries (RFC 6890), multicast (RFC 5771, RFC 4291), and the addresses at
# which clouds serve their metadata: 169.254.169.254 and fd00:ec2::254 lie in ranges below, 168.63.129.16 does not.
_INTERNAL_4 = (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
    "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
)  # fmt: skip
# ::ffff:0:0:0/96 (SIIT), 2002::/16 (6to4), 2001::/32 (Teredo) and 64:ff9b:1::/48 wrap IPv4 addresses; nobody needs
# them as destinations.
_INTERNAL_6 = (
    "::/96", "::ffff:0:0:0/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
    "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8",
)  # fmt: skip
_NAT64 = 0x64_FF9B << 96  # 64:ff9b::/96 wraps every IPv4 address: only the internal ones are internal there
_MAPPED = 0xFFFF  # ::ffff:0:0/96 is IPv4 by another name


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One prefix of a zone; from `until` (epoch seconds) on it no longer holds."""

    prefix: Prefix
    until: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Zone:
    """A zone as written: its own entries, zones it takes in, and zones it leaves out; known, and without cycle."""

    name: str
    entries: tuple[Entry, ...] = ()
    union: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def built_in() -> tuple[Zone, ...]:
    """Return `any`, `private`, `loopback` and `internal`."""
    wrapped = tuple(
        Prefix(6, _NAT64 + inner.first, _NAT64 + inner.last) for inner in (prefix(text) for text in _INTERNAL_4)
    )
    internal = tuple(prefix(text) for text in (*_INTERNAL_4, *_INTERNAL_6)) + wrapped
    return (
        Zone(name="any", entries=tuple(Entry(prefix=prefix(text)) for text in _ALL)),
        Zone(name="private", entries=tuple(Entry(prefix=prefix(text)) for text in _PRIVATE)),
        Zone(name="loopback", entries=tuple(Entry(prefix=prefix(text)) for text in _LOOPBACK)),
        Zone(name="internal", entries=tuple(Entry(prefix=each) for each in internal)),
    )


BUILT_IN = ("any", "private", "loopback", "internal")


@dataclass(frozen=True, slots=True)
class Table:
    """Interval starts and their masks, for one family of addresses."""

    starts: list[int]
    masks: list[int]

    def at(self, number: int) -> int:
        """Return the mask that holds at an address."""
        return self.masks[bisect_right(self.starts, number) - 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class ZoneIndex:
    """Every zone by bit: bit i is `zones[i]`. `cuts` are the instants at which a timed entry stops to hold."""

    zones: tuple[str, ...]
    fixed: tuple[Table, Table]
    cuts: tuple[float, ...] = ()
    timed: tuple[tuple[Table, Table], ...] = field(default=(), repr=False)

    def mask(self, address: IPv4Address | IPv6Address, at: float) -> int:
        """Return the zones that hold `address` at `at` (epoch seconds), as a bit mask; mapped IPv6 is IPv4."""
        number = int(address)
        family = 0 if address.version == 4 else 1
        if family and number >> 32 == _MAPPED:
            family, number = 0, number & 0xFFFF_FFFF
        table = self.fixed[family]
        found = table.masks[bisect_right(table.starts, number) - 1]
        if self.cuts:
            found |= self.timed[bisect_right(self.cuts, at)][family].at(number)
        return found

    def mask_of(self, names: Iterable[str]) -> int:
        """Return the mask of known names."""
        found = 0
        for name in names:
            found |= 1 << self.zones.index(name)
        return found

    def names(self, mask: int) -> tuple[str, ...]:
        """Return the names of a mask, without `any` where it says nothing."""
        found = tuple(name for bit, name in enumerate(self.zones) if mask >> bit & 1)
        return tuple(name for name in found if name != "any") if len(found) > 1 else found

    def covers(self, outer: int, inner: int) -> bool:
        """Whether every address of a zone in `inner` is, at all times, in some zone of `outer`."""
        return all(not mask & inner or mask & outer for _, _, mask in self._cells())

    def common(self, one: int, other: int) -> IPv4Address | IPv6Address | None:
        """Return an address that is in a zone of `one` and in a zone of `other` at some time, or None."""
        for family, start, mask in self._cells():
            if mask & one and mask & other:
                return IPv4Address(start) if family == 0 else IPv6Address(start)
        return None

    def inside(self, every: Iterable[int], none: int) -> IPv4Address | IPv6Address | None:
        """Return an address that at some time is in a zone of each of `every` and in no zone of `none`, or None."""
        wanted = tuple(every)
        for family, start, mask in self._cells():
            if not mask & none and all(mask & each for each in wanted):
                return IPv4Address(start) if family == 0 else IPv6Address(start)
        return None

    def meetings(self) -> dict[tuple[int, int], IPv4Address | IPv6Address]:
        """Return each family and set of zones (a mask) in which some address is at some time, with one such address.

        They are few, however many prefixes there are: what is asked of all addresses is asked of them.
        """
        found: dict[tuple[int, int], IPv4Address | IPv6Address] = {}
        for family, start, mask in self._cells():
            if (family, mask) not in found:
                found[family, mask] = IPv4Address(start) if family == 0 else IPv6Address(start)
        return found

    def starts(self) -> Iterator[IPv4Address | IPv6Address]:
        """Yield the first address of each stretch in which nothing changes."""
        for family, start, _ in self._cells():
            yield IPv4Address(start) if family == 0 else IPv6Address(start)

    def ranges(self, mask: int) -> Iterator[tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address]]:
        """Yield first and last address of each stretch that at some time is in a zone of `mask`."""
        cells = sorted(self._cells())
        for at, (family, start, found) in enumerate(cells):
            ends = [first for other, first, _ in cells[at + 1 : at + 2] if other == family]
            last = (ends[0] if ends else 1 << (32 if family == 0 else 128)) - 1
            if found & mask and last >= start:
                kind = IPv4Address if family == 0 else IPv6Address
                yield kind(start), kind(last)

    def is_all(self, mask: int) -> bool:
        """Whether the zones of `mask` hold every address of a family."""
        cells: dict[int, bool] = {}
        for family, _, found in self._cells():
            cells[family] = cells.get(family, True) and bool(found & mask)
        return any(cells.values())

    def _cells(self) -> Iterator[tuple[int, int, int]]:
        """Yield family, first address and mask of every cell in which, at some stretch of time, nothing changes."""
        for family in (0, 1):
            fixed = self.fixed[family]
            if not self.cuts:
                yield from ((family, start, mask) for start, mask in zip(fixed.starts, fixed.masks, strict=True))
                continue
            for stretch in self.timed:
                for start in sorted({*fixed.starts, *stretch[family].starts}):
                    yield family, start, fixed.at(start) | stretch[family].at(start)


def build_zones(written: Iterable[Zone]) -> ZoneIndex:
    """Return the index of the built-in zones and `written` (names known, no cycles)."""
    zones = {zone.name: zone for zone in (*built_in(), *written)}
    names = tuple(zones)
    # A zone after those it is made of: following them instead would be as deep as they are chained.
    order = tuple(TopologicalSorter({name: _parts(zone) for name, zone in zones.items()}).static_order())
    timed = _timed_names(zones, order)
    cuts = tuple(sorted({entry.until for zone in zones.values() for entry in zone.entries if entry.until is not None}))
    bits = {name: bit for bit, name in enumerate(names)}
    fixed = _tables(zones, order, {name: bits[name] for name in names if name not in timed}, at=None)
    stretches = (float("-inf"), *cuts) if cuts else ()
    tables = tuple(_tables(zones, order, {name: bits[name] for name in timed}, at=at) for at in stretches)
    return ZoneIndex(zones=names, fixed=fixed, cuts=cuts, timed=tables)


def _parts(zone: Zone) -> tuple[str, ...]:
    return (*zone.union, *zone.without)


def _timed_names(zones: Mapping[str, Zone], order: tuple[str, ...]) -> frozenset[str]:
    """Return the zones whose addresses change with time, by themselves or through others, which `order` has first."""
    timed: set[str] = set()
    for name in order:
        zone = zones[name]
        if timed.intersection(_parts(zone)) or any(entry.until is not None for entry in zone.entries):
            timed.add(name)
    return frozenset(timed)


def _tables(
    zones: Mapping[str, Zone], order: tuple[str, ...], bits: Mapping[str, int], at: float | None
) -> tuple[Table, Table]:
    """Return the tables of both families for the zones in `bits`; of their timed entries those that hold at `at`."""
    needed = set(bits)
    for name in reversed(order):
        if name in needed:
            needed.update(_parts(zones[name]))
    made: list[Table] = []
    for version in (4, 6):
        known: dict[str, Intervals] = {}
        for name in order:
            if name in needed:
                known[name] = _resolve(zones[name], version, at, known)
        starts, masks = flatten({bit: known[name] for name, bit in bits.items()})
        if starts[-1] >> (32 if version == 4 else 128):  # one past the last address
            del starts[-1], masks[-1]
        made.append(Table(starts, masks))
    return made[0], made[1]


def _resolve(zone: Zone, version: int, at: float | None, known: Mapping[str, Intervals]) -> Intervals:
    parts = [
        (entry.prefix.first, entry.prefix.last)
        for entry in zone.entries
        if entry.prefix.version == version and (entry.until is None or at is None or at < entry.until)
    ]
    for other in zone.union:
        parts.extend(known[other])
    found = union(parts)
    taken = [part for other in zone.without for part in known[other]]
    return without(found, union(taken)) if taken else found
