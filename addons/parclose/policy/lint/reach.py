"""Segments that no request reaches (SEG002): nobody is meant, others win every time, or the env is another."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

from parclose.policy.audience import common, contains, narrower
from parclose.policy.desk import Desk
from parclose.policy.hosts import HostPattern
from parclose.policy.lint.bench import Bench, Look
from parclose.policy.lint.cited import named, spec_of
from parclose.policy.lint.witness import doors, find, sample, tries
from parclose.policy.model import Policy
from parclose.policy.nodes import Text
from parclose.policy.segment import Audience, Segment
from parclose.policy.surface import places

MOST_CELLS = 4_096  # kinds of callers that are told apart; beyond, only one winner that covers all is looked for

type _Group = tuple[str, tuple[Segment, ...]]  # method and members


def unreachable(bench: Bench) -> None:
    """Report segments that no request reaches (SEG002); those that are so only with what is in shadow as warnings."""
    said = _look(bench, frozenset(), bad="E")
    if bench.policy.shadow is not None:
        _look(replace(bench, policy=bench.policy.shadow), said, bad="W")


def _look(bench: Bench, said: frozenset[str], *, bad: str) -> frozenset[str]:
    """Report the unreachable segments of a policy but those in `said`, and return the names of all."""
    told = set(said)
    groups: dict[str, list[_Group]] = {}
    for place in places(bench.policy.segments.values()):
        for method, members in place.groups().items():
            for segment in members:
                groups.setdefault(segment.name, []).append((method, members))
    known: dict[tuple[str, frozenset[str]], bool] = {}
    for name, segment in named(bench):
        if name in said:
            continue
        told.add(segment.name)
        audience, desk = segment.audience, bench.desk
        if common(audience, audience, desk.attributes, desk.zones) is None:
            _nobody(bench, name, segment, bad)
        elif not any(_taken(desk, segment, members, known) for _, members in groups.get(segment.name, ())):
            _outdone(bench, name, segment, groups.get(segment.name, []), bad)
        elif not _other_env(bench, segment, bad):
            told.discard(segment.name)
    return frozenset(told)


def _taken(
    desk: Desk, segment: Segment, members: tuple[Segment, ...], known: dict[tuple[str, frozenset[str]], bool]
) -> bool:
    """Whether some caller is left to a segment by those that win over it in one group."""
    names = frozenset(other.name for other in members)
    if (segment.name, names) not in known:
        ahead = [
            other.audience
            for other in members
            if other is not segment
            and (segment.name in other.wins_over or narrower(other.audience, segment.audience, desk.zones))
        ]
        known[segment.name, names] = not ahead or not covered(desk, segment.audience, ahead)
    return known[segment.name, names]


def covered(desk: Desk, audience: Audience, others: list[Audience]) -> bool:
    """Whether `others` together take every caller of `audience`; may say no where that cannot be told."""
    if any(contains(other, audience, desk.zones) for other in others):
        return True
    cells = _cells(desk, audience, others)
    return cells is not None and all(_cell_covered(desk, cell, others) for cell in cells)


def _cell_covered(desk: Desk, cell: Audience, others: list[Audience]) -> bool:
    """Whether those that take this kind of caller, zones aside, have zones that together hold all of its own."""
    able = [other for other in others if contains(replace(other, zones=None), replace(cell, zones=None), desk.zones)]
    masks = 0
    for other in able:
        if other.zones is None:
            return True
        masks |= other.zones
    return masks != 0 and desk.zones.covers(masks, desk.zones.mask_of(["any"]) if cell.zones is None else cell.zones)


def _cells(desk: Desk, audience: Audience, others: list[Audience]) -> Iterator[Audience] | None:
    """Return one audience for each kind of caller that `others` tell apart, or None where there are too many."""
    held = dict(audience.attributes)
    names = sorted({*held, *(name for other in others for name, _ in other.attributes)})
    values: list[list[str | None]] = []
    count = len(audience.clients)
    for name in names:
        values.append([*sorted(held[name])] if name in held else [*_all_values(desk, name)])
        count *= len(values[-1])
    if count > MOST_CELLS:
        return None
    return (
        replace(
            audience,
            clients=frozenset({client}),
            attributes=tuple((n, frozenset({v})) for n, v in zip(names, chosen, strict=True) if v is not None),
        )
        for client, chosen in product(sorted(audience.clients), product(*values))
        if client != "anonymous" or _as_default(desk, names, chosen)
    )


def _as_default(desk: Desk, names: list[str], chosen: tuple[str | None, ...]) -> bool:
    """Whether values are those of somebody without credential: every attribute's default."""
    return all(desk.attributes[name].default == value for name, value in zip(names, chosen, strict=True))


def _all_values(desk: Desk, name: str) -> Iterator[str | None]:
    attribute = desk.attributes[name]
    yield from sorted(attribute.values or ())
    if attribute.on_unknown == "other":
        yield "other"
    if attribute.default is None:
        yield None  # a caller without the claim has no value at all


def _nobody(bench: Bench, name: Text, segment: Segment, bad: str) -> None:
    match = spec_of(bench, segment).match
    why = "its facets exclude each other"
    fix = "take one facet out of `match`: whoever has no credential has no role, and of attributes only the default"
    if not segment.audience.clients:
        why, fix = "there is no client type", "define one under `clients`, or write `clients: [anonymous]`"
    bench.desk.report(
        "SEG002", match.mark if match else name.mark, f"segment `{name}` takes nobody: {why}", fix=fix, bad=bad
    )


def _outdone(bench: Bench, name: Text, segment: Segment, groups: list[_Group], bad: str) -> None:
    shown, who = next(_lost(bench, segment), ("", ""))
    others = sorted({other.name for _, members in groups for other in members} - {segment.name} or {who} - {""})
    listed = ", ".join(f"`{other}`" for other in others) + (" wins" if len(others) == 1 else " win")
    bench.desk.report(
        "SEG002", name.mark, f"segment `{name}` is never reached: {listed} over it for every request{shown}", bad=bad,
        text=name, fix="remove it, or narrow the others: an audience of its own, or other methods",
    )  # fmt: skip


def _lost(bench: Bench, segment: Segment) -> Iterator[tuple[str, str]]:
    """Yield requests that a segment has routes for, in words, and who takes them."""
    for route in segment.route_list:
        path = sample(route.path)
        for method in sorted(route.methods.methods) if path is not None else ():
            for sent in tries(bench.policy, segment, path or (), method):
                group = find(bench.policy, sent)
                if group is None:
                    continue
                if segment not in group.segments:
                    yield f"; {sent.text} goes to `{group.segments[0].name}`", group.segments[0].name
                for winner in group.ordered:
                    caller = common(winner.audience, segment.audience, bench.desk.attributes, bench.desk.zones)
                    if winner is not segment and caller is not None:
                        yield f"; {sent.text} {caller.text} goes to `{winner.name}`", winner.name


def _other_env(bench: Bench, segment: Segment, bad: str) -> bool:
    """Report a host of a segment that lies in another env than the one it says, and return whether there is one."""
    match, wanted = spec_of(bench, segment).match, segment.surface.env
    if match is None or match.env is None:
        return False
    for listener, _ in doors(bench.policy, segment):
        for host in segment.surface.hosts:
            found = env_of(bench.policy, listener, host)
            if found != wanted:
                bench.desk.report(
                    "SEG002", match.value_at("env"), text=match.env, bad=bad,
                    message=f"segment `{segment.name}` is said to be in env `{wanted}`, but its host `{host}` is in "
                    f"`{found}`",
                    fix=f"write `env: {found}`, or name hosts of `{wanted}`: {_hosts(bench.policy, wanted)}",
                )  # fmt: skip
                return True
    return False


def env_of(policy: Policy, listener: str, host: HostPattern) -> str:
    """Return the env in which a host lies: of those that hold all of it the most particular, else the default one."""
    best: tuple[tuple[int, ...], str] | None = None
    default = ""
    for name, parts in policy.settings.envs.items():
        default = default if parts else name
        for part in parts:
            rank: tuple[int, ...] | None = None
            if part.startswith("listener "):
                rank = (0,) if part.removeprefix("listener ") == listener else None
            elif _holds(pattern := HostPattern.parse(part), host):
                rank = (1, *pattern.rank)
            if rank is not None and (best is None or rank < best[0]):
                best = rank, name
    return best[1] if best is not None else default


def _holds(outer: HostPattern, inner: HostPattern) -> bool:
    if outer.kind == "all" or outer == inner:
        return True
    return outer.kind == "suffix" and inner.kind != "all" and inner.name.endswith("." + outer.name)


def _hosts(policy: Policy, env: str) -> str:
    return ", ".join(f"`{part}`" for part in policy.settings.envs.get(env, ())) or "whatever no other env names"


LOOKS = (Look(ids=("SEG002",), at=unreachable, blocks=True),)
