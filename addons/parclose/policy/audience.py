"""Who wins where two segments share a surface: disjoint, narrower, `wins_over`; else a witness that fits both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from parclose.policy.identity import Attribute
from parclose.policy.segment import Audience, GeoSet
from parclose.policy.zones import ZoneIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """One concrete caller: a client type, values of attributes, a role, an address, a country or network."""

    client: str
    attributes: tuple[tuple[str, str], ...] = ()
    roles: tuple[str, ...] = ()
    address: str = ""
    country: str = ""
    asn: int | None = None

    @property
    def text(self) -> str:
        """The caller for people."""
        words = ["without credential" if self.client == "anonymous" else f"by client {self.client}"]
        words += [f"{name} {value}" for name, value in self.attributes]
        words += [f"role {role}" for role in self.roles]
        words += [f"from {self.address}"] if self.address else []
        words += [f"country {self.country}"] if self.country else []
        words += [f"network AS{self.asn}"] if self.asn is not None else []
        return ", ".join(words)


def common(one: Audience, other: Audience, attributes: Mapping[str, Attribute], zones: ZoneIndex) -> Caller | None:
    """Return a caller whom both accept, or None: then they are disjoint."""
    address = ""
    if one.zones is not None or other.zones is not None:
        every = zones.mask_of(["any"])
        found = zones.common(every if one.zones is None else one.zones, every if other.zones is None else other.zones)
        if found is None:
            return None
        address = str(found)
    place = _common_place(one.geo, other.geo)
    if place is None:
        return None
    roles = () if one.roles is None and other.roles is None else _common_roles(one, other)
    for client in sorted(one.clients & other.clients, key=lambda name: (name == "anonymous", name)):
        if client == "anonymous" and roles:
            continue
        values = _common_values(one, other, attributes, anonymous=client == "anonymous")
        if values is not None:
            return Caller(
                client=client, attributes=values, roles=roles, address=address, country=place[0], asn=place[1]
            )
    return None


def _common_roles(one: Audience, other: Audience) -> tuple[str, ...]:
    """Return roles with which both are content; a caller may hold several."""
    sets = [roles for roles in (one.roles, other.roles) if roles is not None]
    both = frozenset.intersection(*sets)
    return (min(both),) if both else tuple(sorted({min(roles) for roles in sets if roles}))


def _common_values(
    one: Audience, other: Audience, attributes: Mapping[str, Attribute], *, anonymous: bool
) -> tuple[tuple[str, str], ...] | None:
    left, right = dict(one.attributes), dict(other.attributes)
    found = []
    for name in sorted({*left, *right}):
        values = left.get(name, right.get(name, frozenset())) & right.get(name, left.get(name, frozenset()))
        default = attributes[name].default
        # Nobody without credential has anything but the default.
        value = default if default in values else None if anonymous or not values else min(values)
        if value is None:
            return None
        found.append((name, value))
    return tuple(found)


def _common_place(one: tuple[GeoSet, ...] | None, other: tuple[GeoSet, ...] | None) -> tuple[str, int | None] | None:
    """Return country and network that both take ("" and None where neither asks), or None."""
    sets = [geo for geo in (one, other) if geo is not None]
    if not sets:
        return "", None
    countries = [frozenset().union(*(each.countries for each in geo)) for geo in sets]
    networks = [frozenset().union(*(each.asn for each in geo)) for geo in sets]
    both, both_asn = frozenset.intersection(*countries), frozenset.intersection(*networks)
    if both:
        return min(both), None
    if both_asn:
        return "", min(both_asn)
    if len(sets) == 2 and countries[0] and networks[1]:
        return min(countries[0]), min(networks[1])
    if len(sets) == 2 and countries[1] and networks[0]:
        return min(countries[1]), min(networks[0])
    return None


def contains(outer: Audience, inner: Audience, zones: ZoneIndex) -> bool:
    """Whether each facet of `inner` lies within that of `outer`; an absent facet is any."""
    if not inner.clients <= outer.clients:
        return False
    values = dict(inner.attributes)
    if any(name not in values or not values[name] <= taken for name, taken in outer.attributes):
        return False
    if outer.roles is not None and (inner.roles is None or not inner.roles <= outer.roles):
        return False
    if outer.zones is not None and (inner.zones is None or not zones.covers(outer.zones, inner.zones)):
        return False
    return outer.geo is None or (inner.geo is not None and _within(inner.geo, outer.geo))


def _within(inner: Iterable[GeoSet], outer: tuple[GeoSet, ...]) -> bool:
    countries = frozenset().union(*(each.countries for each in outer))
    asn = frozenset().union(*(each.asn for each in outer))
    return all(each.countries <= countries and each.asn <= asn for each in inner)


def narrower(one: Audience, other: Audience, zones: ZoneIndex) -> bool:
    """Whether each facet of `one` is contained in that of `other`, and one strictly."""
    return contains(other, one, zones) and not contains(one, other, zones)
