"""What differs between two policies: grants, refusals, limits, and who takes whom; each shown by a request.

Every route whose requirement is not the same in both is tried with the callers that either policy would just let in,
and only what the two judge differently is a difference. A change that no tried request shows is said to be unshown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from parclose.analysis.apart import Apart
from parclose.analysis.home import at_home, pinned
from parclose.analysis.judge import judge, outcome
from parclose.analysis.plain import plain
from parclose.analysis.requirement import facets
from parclose.analysis.sample import Sample, samples
from parclose.policy.cells import Cell, Ground
from parclose.policy.model import Policy

GRANTS, REFUSES, LIMIT, MOVES, OTHERWISE = "GRANTS", "REFUSES", "LIMIT", "MOVES", "REASON"
UNSHOWN = "CHANGED"  # written otherwise, and no request that was tried is judged otherwise
LEANS = "what it leans on changed"  # issuers, keys, zones, roles, another segment
MOST_CALLERS = 40  # for one route of one policy: its alternatives, one at a time
MOST_ELSEWHERE = 4  # who come from where one policy alone takes them


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing that differs: what became of it, where, why, and a request that shows it.

    `before` and `after` are what comes of the request, each with its segment. `witness` is "" where none was found.
    """

    kind: str
    segments: tuple[str, ...]
    route: str
    what: str
    witness: str
    before: str = ""
    after: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Twin:
    """One route of one segment in both policies; None where it is not there. `key` is its route without types."""

    segment: str
    key: str
    old: Cell | None
    new: Cell | None


def differences(old: Policy, new: Policy) -> list[Difference]:
    """Return every difference of grants and refusals, merged over segments in which it is the same, in order."""
    found: dict[tuple[str, str, str], Difference] = {}
    apart = Apart(old, new)
    for twin in _twins(old, new):
        for made in _of(apart, twin):
            key = (made.kind, made.route, made.what)
            known = found.get(key)
            if known is None:
                found[key] = made
            elif made.segments[0] not in known.segments:
                found[key] = _merged(known, made)
    order = (GRANTS, REFUSES, MOVES, OTHERWISE, UNSHOWN)
    return sorted(found.values(), key=lambda each: (order.index(each.kind), each.segments, each.route, each.what))


def _merged(known: Difference, made: Difference) -> Difference:
    return Difference(
        kind=known.kind, segments=tuple(sorted((*known.segments, *made.segments))), route=known.route, what=known.what,
        witness=known.witness, before=known.before, after=known.after, where=known.where,
    )  # fmt: skip


def _twins(old: Policy, new: Policy) -> Iterator[Twin]:
    """Yield the routes that are not the same in both; all of them, where what they share is not."""
    cells: tuple[dict[tuple[str, str, str], Cell], ...] = ({}, {})
    grounds = Ground.of(old), Ground.of(new)
    for ground, held in zip(grounds, cells, strict=True):
        for cell in ground.touched():
            held.setdefault((cell.segment.name, _untyped(cell), cell.surface), cell)
    shared = _shared(old) == _shared(new)
    seen: dict[int, object] = {}
    for key in dict.fromkeys((*cells[0], *cells[1])):
        one, other = (held.get(key) for held in cells)
        if one is not None and other is not None and shared and _is_same(one, other, seen):
            continue
        left = [
            ground.left(cell) if cell is not None else None for ground, cell in zip(grounds, (one, other), strict=True)
        ]
        if any(left):
            yield Twin(segment=key[0], key=key[1], old=left[0], new=left[1])


def _is_same(one: Cell, other: Cell, seen: dict[int, object]) -> bool:
    """Whether two cells ask the same of the same callers, on the same surface."""
    for cell in (one, other):
        if id(cell.segment) not in seen:
            seen[id(cell.segment)] = plain(cell.segment)
    if seen[id(one.segment)] != seen[id(other.segment)] or plain(one.route) != plain(other.route):
        return False
    return [segment.name for segment in one.place.segments] == [segment.name for segment in other.place.segments]


def _shared(policy: Policy) -> object:
    """Return what every route leans on."""
    settings = policy.settings
    return plain(
        (
            policy.zones, policy.scopes, policy.roles, policy.attributes, policy.clients, policy.issuers, policy.geo,
            policy.key_stores, settings.listeners, settings.paths, settings.sni, settings.admission.deny,
        )
    )  # fmt: skip


def _untyped(cell: Cell) -> str:
    """Return a route's key without the types of its parameters."""
    parts = [f"{{{part.name}}}" if part.name else part.text for part in cell.route.path.parts]
    return f"{cell.route.methods.text} /{'/'.join([*parts, '**'] if cell.route.path.tail else parts)}"


def _of(apart: Apart, twin: Twin) -> Iterator[Difference]:
    """Yield what the callers of one route, as either policy has it, show."""
    what = _what(apart.old, apart.new, twin)
    kinds: dict[str, Difference] = {}
    for policy, sample in _callers(apart, twin):
        made = _shown(apart.old, apart.new, twin, pinned(policy, sample), what or LEANS)
        if made is not None:
            kinds.setdefault(made.kind, made)
        if kinds.keys() >= {GRANTS, REFUSES}:
            break
    # Another reason for a refusal says nothing beside what is refused or granted anew.
    if kinds.keys() & {GRANTS, REFUSES}:
        kinds.pop(OTHERWISE, None)
    if not kinds and what:
        cell = twin.new or twin.old
        where = cell.route.where if cell is not None else ""
        yield Difference(kind=UNSHOWN, segments=(twin.segment,), route=twin.key, what=what, witness="", where=where)
    yield from kinds.values()


def _callers(apart: Apart, twin: Twin) -> Iterator[tuple[Policy, Sample]]:
    """Yield callers of both policies, those first who come from where only one of them lets them in."""
    sides = [(policy, cell) for policy, cell in ((apart.old, twin.old), (apart.new, twin.new)) if cell is not None]
    places = [("", "")]
    if twin.old is not None and twin.new is not None:
        places += [(address, "") for address in apart.addresses(twin.old, twin.new)]
        places += [("", country) for country in apart.countries(twin.old, twin.new)]
    for address, country in reversed(places):
        for policy, cell in sides:
            most = MOST_CALLERS if (address, country) == ("", "") else MOST_ELSEWHERE
            for sample in islice(samples(policy, cell, address=address, country=country), most):
                yield policy, sample


def _shown(old: Policy, new: Policy, twin: Twin, sample: Sample, what: str) -> Difference | None:
    """Return the difference that a request shows, or None where both policies say the same."""
    said = []
    for policy in (old, new):
        verdicts = judge(policy, at_home(policy, sample.persona), sample.landing.text)
        if not verdicts:
            return None
        said.append(verdicts[0])
    before, after = said
    if before.allowed == after.allowed:
        if before.segment == after.segment and before.reason is after.reason:
            return None
        kind = MOVES if before.allowed or before.reason is after.reason else OTHERWISE
    else:
        kind = GRANTS if after.allowed else REFUSES
    cell = twin.new or twin.old
    return Difference(
        kind=kind,
        segments=(twin.segment,),
        route=twin.key,
        what=what,
        witness=sample.text,
        before=_worded(outcome(before), before.segment),
        after=_worded(outcome(after), after.segment),
        where=cell.route.where if cell is not None else "",
    )


def _worded(said: str, segment: str) -> str:
    return f"{said} @{segment}" if segment else said


def _what(old: Policy, new: Policy, twin: Twin) -> str:
    """Return what is written otherwise, in words; "" where only what the route leans on is."""
    if twin.old is None or twin.new is None:
        gone, other = ("removed", new) if twin.new is None else ("added", old)
        return f"{'route' if twin.segment in other.segments else 'segment'} {gone}"
    before, after = facets(old, twin.old), facets(new, twin.new)
    changed = [
        f"{name} {before[name] or '(none)'} -> {after[name] or '(none)'}"
        for name in before
        if before[name] != after[name]
    ]
    return "; ".join(changed)
