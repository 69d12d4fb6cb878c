"""Who can: every route that a set of requests reaches, with what it asks; and what one caller can, route by route."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from parclose.analysis.judge import judge, outcome
from parclose.analysis.requirement import clients_in_words, facets, limit_in_words, prefixes, scopes_granted, zone_names
from parclose.policy.cells import Cell, Ground
from parclose.policy.landing import Landing, land, lands
from parclose.policy.model import Policy
from parclose.policy.requests import RequestPattern
from parclose.policy.scenario import Persona
from parclose.ports import Atlas
from parclose.reasons import Reason
from parclose.verdict import Verdict

UNTOLD = "?"  # in place of an outcome: the persona does not say where it is, and there is no database to ask

CHOSEN = ("network", "credential", "scope", "destination", "rate")  # stages that know whose segment it is


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """One route of one segment, and what it asks: pairs of a word (`must be`, `from`) and a line."""

    segment: str
    route: str
    where: str
    surfaces: tuple[str, ...]
    methods: tuple[str, ...]
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What one caller gets at one route: `outcome` is `allow` or status and reason, for the sample `request`.

    `taken_by` is the segment that takes the caller instead, where several share the surface.
    """

    segment: str
    route: str
    request: str
    outcome: str
    needs: str = ""
    taken_by: str = ""


def who_can(policy: Policy, asked: RequestPattern) -> list[Admission]:
    """Return every route that a request of the set reaches, by segment, each once."""
    found = []
    for cells in _by_route(Ground.of(policy).reached(asked)):
        cell = cells[0]
        found.append(
            Admission(
                segment=cell.segment.name,
                route=cell.route.key,
                where=cell.route.where,
                surfaces=tuple(dict.fromkeys(each.surface for each in cells)),
                methods=tuple(sorted(frozenset().union(*(each.methods for each in cells)))),
                lines=tuple(_lines(policy, cell)),
            )
        )
    return found


def standing(policy: Policy, asked: RequestPattern) -> list[str]:
    """Return the segments that stand where some request of the set goes, routes or none."""
    ground = Ground.of(policy)
    return sorted({name for place in ground.under(asked) for name in (each.name for each in place.segments)})


def reach_of(
    policy: Policy, persona: Persona, asked: RequestPattern | None = None, *, atlas: Atlas | None = None
) -> list[Reach]:  # fmt: skip
    """Return what a caller gets at each route, by deciding one request for each; a bound path is made its own."""
    ground = Ground.of(policy)
    cells = ground.reached(asked) if asked is not None else filter(None, map(ground.left, ground.touched()))
    found = []
    for each in _by_route(cells):
        cell = next((one for one in each if not persona.listener or one.place.listener == persona.listener), each[0])
        landing = land(policy, cell)
        if landing is None:
            found.append(Reach(segment=cell.segment.name, route=cell.route.key, request="", outcome=UNTOLD))
            continue
        caller = persona if persona.listener else replace(persona, listener=landing.listener)
        said = judge(policy, caller, landing.text, atlas=atlas)
        own = _made_own(policy, cell, landing, said[0]) if said else None
        if own is not None:
            landing = own
            said = judge(policy, caller, landing.text, atlas=atlas)
        found.append(
            Reach(
                segment=cell.segment.name,
                route=cell.route.key,
                request=landing.text,
                outcome=outcome(said[0]) if said else UNTOLD,
                needs=said[0].needs if said and not said[0].allowed else "",
                taken_by=_taken_by(cell, said[0]) if said else "",
            )
        )
    return found


def _by_route(cells: Iterable[Cell]) -> list[list[Cell]]:
    """Return cells that are one route of one segment together, by segment, routes as they are written."""
    found: dict[tuple[str, str], list[Cell]] = {}
    for cell in cells:
        found.setdefault((cell.segment.name, cell.route.key), []).append(cell)
    return [found[key] for key in sorted(found, key=lambda key: key[0])]


def _taken_by(cell: Cell, verdict: Verdict) -> str:
    """Return the segment that takes a caller instead of the cell's own, "" where none does."""
    chosen = verdict.allowed or verdict.stage in CHOSEN
    return verdict.segment if chosen and verdict.segment != cell.segment.name else ""


def _made_own(policy: Policy, cell: Cell, landing: Landing, verdict: Verdict) -> Landing | None:
    """Return the request with the caller's own names in its path, where it was refused for another's."""
    principal = verdict.principal
    if verdict.reason is not Reason.BIND_MISMATCH or principal is None:
        return None
    held = {
        "identity.subject": principal.subject, "identity.tenant": principal.tenant, "identity.client": principal.client,
    }  # fmt: skip
    held |= {f"attribute.{name}": value for name, value in principal.attributes.items()}
    sources = dict(cell.route.bind)
    path = list(landing.path)
    for at, part in enumerate(cell.route.path.parts):
        path[at] = held.get(sources.get(part.name, ""), "") or path[at]
    own = replace(landing, path=tuple(path))
    return own if lands(policy, cell, own) else None


def _lines(policy: Policy, cell: Cell) -> Iterator[tuple[str, str]]:
    """Yield what a cell asks, in the order in which it is judged."""
    said = facets(policy, cell)
    if cell.route.access == "open":
        yield "open", "credentials are not looked at"
    elif cell.route.access == "public":
        yield "public", "no credential is needed; one that is presented must be good"
    for client, way in clients_in_words(policy, cell):
        yield "must be" if cell.route.access == "caller" else "may be", f"client {client}   ({way})"
    if said["attributes"]:
        yield "with", said["attributes"]
    if said["credential"]:
        yield "proof", said["credential"]
    yield from _places(policy, cell, said)
    yield from _needs(policy, cell, said)
    limits = "; ".join(limit_in_words(limit) for limit in cell.route.limits)
    cost = f", cost {cell.route.cost}" if cell.route.cost != 1 else ""
    yield "limited", f"{limits}{cost}" if limits else "not at all"


def _places(policy: Policy, cell: Cell, said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield from where a caller must come."""
    names = zone_names(policy, cell)
    if len(names) == 1:
        yield "from", f"{names[0]}   {prefixes(policy.zones, names[0])}"
    elif names:
        yield "from", said["zones"]
        yield from (("", f"{name}   {prefixes(policy.zones, name)}") for name in names)
    if said["not zones"]:
        yield "not from", said["not zones"]
    if said["countries"]:
        yield "country", said["countries"]


def _needs(policy: Policy, cell: Cell, said: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Yield which roles, scopes and bindings are asked for."""
    needs = [f"role {said['roles']}"] if said["roles"] else []
    if said["scopes"] and not said["scopes"].startswith("("):
        by = sorted({f"granted by role {role}" for role in scopes_granted(policy, cell).values()})
        needs.append(f"scope {said['scopes']}" + (f" ({', '.join(by)})" if by else ""))
    if needs:
        yield "with", "   and   ".join(needs)
    if said["bind"]:
        yield "bound", said["bind"]
