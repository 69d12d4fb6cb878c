"""Callers whom a cell lets in: for each alternative of what it asks, one who has just that and nothing more.

They are synthesised from the compiled requirement, not found; whoever needs to be sure has them judged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_address
from itertools import islice

from parclose.analysis.proofs import Asked, Wants, proofs_for
from parclose.cases.callers import NOBODY
from parclose.policy.addresses import COUNTRIES
from parclose.policy.cells import Cell
from parclose.policy.identity import KeyRecord
from parclose.policy.implied import ANONYMOUS, admitted, callers, countries, networks, role_clauses, scope_clauses
from parclose.policy.landing import Landing, landings, lands
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT, Persona

MOST_LANDINGS = 3  # paths that are tried for one cell


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A caller and a request that a cell should let in; `words` say who it is."""

    persona: Persona
    landing: Landing
    words: str

    @property
    def text(self) -> str:
        """The request and its caller for people."""
        return f"{self.landing.text} {self.words}"


def samples(policy: Policy, cell: Cell, *, address: str = "", country: str = "") -> Iterator[Sample]:
    """Yield callers for a cell: the plainest first, then one for each alternative. `address`, `country`: from there."""
    shown = (bool(address), bool(country))
    for landing in islice(landings(policy, cell), MOST_LANDINGS):
        for choice in _choices(policy, cell):
            for persona in _personas(policy, cell, landing, choice):
                placed = _placed(policy, cell, persona, address, country)
                if placed is None:
                    continue
                said = words(policy, cell, placed, choice, shown)
                for there in _fitting(policy, cell, landing, placed):
                    yield Sample(persona=replace(placed, listener=there.listener), landing=there, words=said)


def words(policy: Policy, cell: Cell, persona: Persona, choice: tuple[Wants, str], shown: tuple[bool, bool]) -> str:
    """Return a caller for people; `shown`: whether address and country matter although the cell does not ask."""
    wants, client = choice
    said = ["without credential" if client == ANONYMOUS else f"by client {client}"]
    if persona.api_key is not None:
        said.append(f"key {persona.api_key[1]}")
    said += [f"{name} {value}" for name, value in wants.attributes]
    said += [f"role {role}" for role in wants.roles] + [f"scope {scope}" for scope in wants.scopes]
    if persona.peer and (shown[0] or admitted(policy, cell)[0]):
        said.append(f"from {persona.peer}")
    asks = shown[1] or any(rule.asks_place for rule in networks(cell)) or cell.segment.audience.geo is not None
    said += [f"country {persona.country}"] if asks and persona.country else []
    return ", ".join(said)


def _choices(policy: Policy, cell: Cell) -> Iterator[tuple[Wants, str]]:
    """Yield what to hold and which client type to be: of each alternative the first, then one other at a time."""
    roles, scopes = list(role_clauses(cell)), list(scope_clauses(cell))
    values = [(name, tuple(sorted(taken))) for name, taken in cell.segment.audience.attributes]
    clients = sorted(callers(cell), key=lambda name: (name in (ANONYMOUS, "unrecognized"), name))
    if not clients:
        return

    def held(roles: list[tuple[str, ...]], scopes: list[tuple[str, ...]]) -> Wants:
        return Wants(
            roles=tuple(dict.fromkeys(clause[0] for clause in roles if clause)),
            scopes=tuple(dict.fromkeys(clause[0] for clause in scopes if clause)),
            attributes=tuple((name, taken[0]) for name, taken in values if taken),
        )

    plain = held(roles, scopes)
    yield from ((plain, client) for client in clients)
    for clauses, others in ((roles, scopes), (scopes, roles)):
        for at, clause in enumerate(clauses):
            for name in clause[1:]:
                changed = [*clauses[:at], (name,), *clauses[at + 1 :]]
                yield (held(changed, others) if clauses is roles else held(others, changed)), clients[0]
    for at, (name, taken) in enumerate(values):
        for value in taken[1:]:
            attributes = (*plain.attributes[:at], (name, value), *plain.attributes[at + 1 :])
            yield replace(plain, attributes=attributes), clients[0]


def _personas(policy: Policy, cell: Cell, landing: Landing, choice: tuple[Wants, str]) -> Iterator[Persona]:
    """Yield stand-ins of a client type that hold what is wanted."""
    wants, client = choice
    if client == ANONYMOUS:
        yield Persona()
        return
    yield from proofs_for(Asked(policy=policy, cell=cell, wants=wants, tied=_tied(cell, landing)), client)


def _tied(cell: Cell, landing: Landing) -> dict[str, str]:
    """Return what a caller must be called, by source, for the path's parameters to be its own."""
    params = dict(cell.route.path.params(landing.path))
    return {source: params[name] for name, source in cell.route.bind if name in params}


def _fitting(policy: Policy, cell: Cell, landing: Landing, persona: Persona) -> Iterator[Landing]:
    """Yield requests for a caller; where its name is given (a key's tenant), the path is made to fit it."""
    yield landing
    record = _record(policy, persona)
    if record is None or not cell.route.bind:
        return
    own = {"identity.subject": record.id, "identity.tenant": record.tenant, "identity.client": record.client}
    path = list(landing.path)
    for at, part in enumerate(cell.route.path.parts):
        source = dict(cell.route.bind).get(part.name, "")
        if source:
            path[at] = own.get(source, record.attributes.get(source.removeprefix("attribute."), "")) or path[at]
    there = replace(landing, path=tuple(path))
    if lands(policy, cell, there):
        yield there


def _record(policy: Policy, persona: Persona) -> KeyRecord | None:
    """Return what is known of a caller's key."""
    store, key = persona.api_key or ("", "")
    return policy.key_stores[store].records.get(key) if store in policy.key_stores else None


def _placed(policy: Policy, cell: Cell, persona: Persona, address: str, country: str) -> Persona | None:
    """Return a caller at a place that the cell takes, or None where there is none."""
    every, none = admitted(policy, cell)
    record = _record(policy, persona)
    if record is not None and record.zones is not None:
        every = (*every, record.zones)
    peer = address or NOBODY
    mask = policy.zones.mask(ip_address(peer), DEFAULT_AT)
    if not address and (mask & none or not all(mask & each for each in every)):
        found = policy.zones.inside(every, none)
        if found is None:
            return None
        peer = str(found)
    if policy.geo is None:
        return replace(persona, peer=peer)
    allowed, refused = countries(policy, cell)
    open_to = (COUNTRIES if allowed is None else allowed) - refused
    somewhere = country or ("DE" if "DE" in open_to else min(open_to, default=""))
    asn = None
    if not somewhere:
        sets = [each for rule in networks(cell) for each in rule.allow_geo or ()] + [*(cell.segment.audience.geo or ())]
        asn = min((number for each in sets for number in each.asn), default=None)
    return replace(persona, peer=peer, country=somewhere, asn=asn)
