"""What a cell asks of everybody whom it lets in, held against what a guardrail wants: inclusion, facet by facet.

Sound, and exact within each facet: zones as sets of addresses, roles and scopes as requirements closed over `implies`
and `grants`, client types and countries as finite sets. Facets are not played off against each other: that no caller
of a client type ever comes from elsewhere is no proof.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from parclose.policy.addresses import COUNTRIES
from parclose.policy.cells import Cell
from parclose.policy.model import Policy
from parclose.policy.segment import GeoSet, Need, Network

ANONYMOUS = "anonymous"

# Each set of zones in which some address is (`ZoneIndex.meetings`), with that address.
type Meetings = Mapping[tuple[int, int], IPv4Address | IPv6Address]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unless:
    """What a guardrail wants of whoever gets in: every facet that is not None; zones are a mask of the zone index.

    With no facet at all nobody may get in, whoever it is.
    """

    zones: int | None = None
    zone_names: tuple[str, ...] = ()
    roles: Need | None = None
    scopes: Need | None = None
    clients: frozenset[str] | None = None
    geo: tuple[GeoSet, ...] | None = None

    @property
    def nobody(self) -> bool:
        """Whether nothing makes a request right."""
        return (self.zones, self.roles, self.scopes, self.clients, self.geo) == (None,) * 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Missing:
    """One facet that a cell does not guarantee: what it is, what the cell has instead, and what would mend it.

    `address` and `country` are such that get in all the same.
    """

    facet: str
    wanted: str
    found: str
    fix: str
    address: str = ""
    country: str = ""


def missing(policy: Policy, cell: Cell, unless: Unless, meetings: Meetings | None = None) -> tuple[Missing, ...]:
    """Return the facets of `unless` that the requirements of a cell do not imply; where nobody gets in, none is.

    `meetings` are those of the policy's zones, for who asks of many cells: they may be made of 100,000 prefixes.
    """
    meetings = meetings if meetings is not None else policy.zones.meetings()
    if is_shut(policy, cell, meetings):
        return ()
    if unless.nobody:
        fix = f"remove `{cell.route.key}` from `{cell.segment.name}`, or say with `unless` who may"
        return (Missing(facet="route", wanted="nobody at all", found="there is a route", fix=fix),)
    found: list[Missing] = []
    found.extend(_zones(policy, cell, unless, meetings))
    for facet, need in (("roles", unless.roles), ("scopes", unless.scopes)):
        if need is not None:
            found.extend(_needs(policy, cell, facet, need))
    found.extend(_clients(cell, unless))
    found.extend(_geo(policy, cell, unless))
    return tuple(found)


def is_shut(policy: Policy, cell: Cell, meetings: Meetings) -> bool:
    """Whether nobody at all gets in: there is no such client type, address or country."""
    every, none = admitted(policy, cell)
    if not callers(cell) or (every and _inside_of(meetings, every, none) is None):
        return True
    allowed, refused = countries(policy, cell)
    by_network = any(each.asn for sets in _places(policy, cell) for each in sets)
    return allowed is not None and not by_network and not allowed - refused


def _inside_of(meetings: Meetings, every: tuple[int, ...], none: int) -> str | None:
    """Return an address in a zone of each of `every` and in none of `none`, or None."""
    return next(
        (str(found) for (_, mask), found in meetings.items() if not mask & none and all(mask & each for each in every)),
        None,
    )


def networks(cell: Cell) -> tuple[Network, ...]:
    """Return the network rules that hold for a cell: the segment's, and the route's own."""
    one, other = cell.segment.network, cell.route.network
    return (one,) if one is other else (one, other)


def admitted(policy: Policy, cell: Cell) -> tuple[tuple[int, ...], int]:
    """Return the masks of which an address must be in each, and the mask in which it must not be."""
    every = [rule.allow for rule in networks(cell) if rule.allow is not None]
    every += [cell.segment.audience.zones] if cell.segment.audience.zones is not None else []
    none = policy.settings.admission.deny
    for rule in networks(cell):
        none |= rule.deny
    return tuple(every), none


def callers(cell: Cell) -> frozenset[str]:
    """Return the client types that can get in; nobody without a credential where the route asks for one."""
    clients = cell.segment.audience.clients
    return clients - {ANONYMOUS} if cell.route.access == "caller" else clients


def role_clauses(cell: Cell) -> Iterator[tuple[str, ...]]:
    """Yield alternatives of roles: of each, whoever gets in holds one."""
    if cell.segment.audience.roles is not None:
        yield tuple(sorted(cell.segment.audience.roles))
    yield from _clauses(cell.route.roles if cell.route.access == "caller" else None)


def scope_clauses(cell: Cell) -> Iterator[tuple[str, ...]]:
    """Yield alternatives of scopes: of each, whoever gets in holds one."""
    yield from _clauses(cell.route.scopes if cell.route.access == "caller" else None)


def countries(policy: Policy, cell: Cell) -> tuple[frozenset[str] | None, frozenset[str]]:
    """Return the countries of which a caller's is one (None: any), and those of which it is none."""
    allowed: frozenset[str] | None = None
    for sets in _places(policy, cell):
        held = frozenset().union(*(each.countries for each in sets))
        allowed = held if allowed is None else allowed & held
    return allowed, frozenset().union(*(each.countries for rule in networks(cell) for each in rule.deny_geo))


def _zones(policy: Policy, cell: Cell, unless: Unless, meetings: Meetings) -> Iterator[Missing]:
    if unless.zones is None:
        return
    every, none = admitted(policy, cell)
    stranger = _inside_of(meetings, every, none | unless.zones)
    # Without an `allow` an address that cannot be read gets in too, and lies in no zone.
    if stranger is None and every:
        return
    names = ", ".join(unless.zone_names)
    log_only = "network" in cell.segment.log_only | cell.route.log_only
    yield Missing(
        facet="zones",
        wanted=f"an address in {_listed(unless.zone_names)}",
        found="`network` is log-only here, and refuses nobody" if log_only else f"it lets in {stranger or 'any'}",
        fix=f"take `network` out of `log_only` of `{cell.segment.name}`"
        if log_only
        else f"write `network: {{allow: [{names}]}}` in `{cell.segment.name}`",
        address=stranger or "",
    )


def _needs(policy: Policy, cell: Cell, facet: str, wanted: Need) -> Iterator[Missing]:
    """Yield what is missing of roles or scopes: of each alternative wanted, one that the cell asks for must suffice."""
    held = [
        *(tuple(_stands_for(policy, facet, role=role) for role in clause) for clause in role_clauses(cell)),
        *(
            tuple(policy.scopes.get(scope, frozenset({scope})) for scope in clause)
            for clause in scope_clauses(cell)
            if facet == "scopes"
        ),
    ]
    for clause in _clauses(wanted):
        if any(all(not each.isdisjoint(clause) for each in alternatives) for alternatives in held):
            continue
        kind = facet.removesuffix("s")
        log_only = "scopes" in cell.segment.log_only | cell.route.log_only
        yield Missing(
            facet=facet,
            wanted=f"{kind} {' or '.join(f'`{name}`' for name in clause)}",
            found=_asked(cell, facet, log_only=log_only),
            fix=f"take `scopes` out of `log_only` of `{cell.segment.name}`"
            if log_only
            else f"write `{facet}: {{any: [{', '.join(clause)}]}}` at `{cell.route.key}` in `{cell.segment.name}`",
        )


def _stands_for(policy: Policy, facet: str, *, role: str) -> frozenset[str]:
    return frozenset({role}) if facet == "roles" else policy.roles.get(role, frozenset())


def _asked(cell: Cell, facet: str, *, log_only: bool) -> str:
    """Return what a cell asks instead, for a sentence."""
    if log_only:
        return "`scopes` is log-only here, and refuses nobody"
    if cell.route.access != "caller":
        return f"the route is {cell.route.access}"
    clauses = tuple(role_clauses(cell) if facet == "roles" else scope_clauses(cell))
    words = " and ".join(" or ".join(f"`{name}`" for name in clause) for clause in clauses)
    return f"it asks for {facet.removesuffix('s')} {words}" if words else f"it asks for no {facet.removesuffix('s')}"


def _clients(cell: Cell, unless: Unless) -> Iterator[Missing]:
    others = callers(cell) - (unless.clients if unless.clients is not None else callers(cell))
    if others:
        yield Missing(
            facet="clients",
            wanted=f"client type {_listed(sorted(unless.clients or ()))}",
            found=f"it takes {_listed(sorted(others))} too",
            fix=f"take {_listed(sorted(others))} out of `match.clients` of `{cell.segment.name}`",
        )


def _geo(policy: Policy, cell: Cell, unless: Unless) -> Iterator[Missing]:
    if unless.geo is None:
        return
    denied = tuple(each for rule in networks(cell) for each in rule.deny_geo)
    rules = tuple(_places(policy, cell))
    known = all(not each.asn for sets in rules for each in sets)
    if any(_inside(sets, denied, unless.geo) for sets in rules) or (
        rules and known and _meet(policy, cell, unless.geo)
    ):
        return
    allowed, refused = countries(policy, cell)
    mine = frozenset().union(*(each.countries for each in unless.geo))
    candidates = allowed if allowed is not None else COUNTRIES
    country = min(candidates - refused - mine, default="")
    loose = not rules and any(rule.allow_geo is not None for rule in networks(cell))
    names = [each.name for each in unless.geo]
    yield Missing(
        facet="geo",
        wanted=f"a country in {_listed(names)}",
        found="it lets in addresses of which nobody knows the country (`geo.on_unknown: allow`)"
        if loose
        else f"it lets in country {country}"
        if country
        else "it lets in networks, whose country nobody has checked",
        fix="write `on_unknown: deny` under `geo`"
        if loose
        else f"write `network: {{allow_geo: [{', '.join(names)}]}}` in `{cell.segment.name}`",
        country=country,
    )


def _places(policy: Policy, cell: Cell) -> Iterator[tuple[GeoSet, ...]]:
    """Yield the sets of countries and networks of which a caller is in each, at whatever place it is."""
    if cell.segment.audience.geo is not None:
        yield cell.segment.audience.geo
    if policy.geo is None or policy.geo.on_unknown == "deny":
        yield from (rule.allow_geo for rule in networks(cell) if rule.allow_geo is not None)


def _inside(sets: tuple[GeoSet, ...], denied: tuple[GeoSet, ...], wanted: tuple[GeoSet, ...]) -> bool:
    """Whether each place of `sets`, those denied aside, is one of `wanted`."""
    countries_of = frozenset().union(*(each.countries for each in sets)) - _countries(denied)
    networks_of = frozenset().union(*(each.asn for each in sets)) - frozenset().union(*(each.asn for each in denied))
    return countries_of <= _countries(wanted) and networks_of <= frozenset().union(*(each.asn for each in wanted))


def _meet(policy: Policy, cell: Cell, wanted: tuple[GeoSet, ...]) -> bool:
    allowed, refused = countries(policy, cell)
    return allowed is not None and allowed - refused <= _countries(wanted)


def _countries(sets: Iterable[GeoSet]) -> frozenset[str]:
    return frozenset().union(*(each.countries for each in sets))


def _clauses(need: Need | None) -> Iterator[tuple[str, ...]]:
    if need is not None:
        yield from ((name,) for name in need.all)
        if need.any:
            yield need.any


def _listed(names: Iterable[str]) -> str:
    return " or ".join(f"`{name}`" for name in names) or "none"
