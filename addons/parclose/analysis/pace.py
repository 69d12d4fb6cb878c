"""What differs in limits: by the name of the counter, each shown by the first request that one policy refuses."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice

from parclose.analysis.compare import LIMIT, Difference
from parclose.analysis.home import at_home, pinned
from parclose.analysis.judge import judge, outcome
from parclose.analysis.requirement import limit_in_words
from parclose.analysis.sample import Sample, samples
from parclose.policy.cells import Cell, Ground
from parclose.policy.model import Policy
from parclose.policy.segment import Limit
from parclose.verdict import Verdict

MOST_SENT = 3_000  # requests to reach a limit: beyond, a difference is named but not shown
MOST_CALLERS = 3


@dataclass(slots=True)
class _Held:
    """One limit of one policy, with the cells that it holds for."""

    limit: Limit
    cells: list[Cell] = field(default_factory=list)


def limit_differences(old: Policy, new: Policy) -> list[Difference]:
    """Return every limit that is not the same in both, by its id."""
    before, after = _limits(old), _limits(new)
    found = []
    for name in sorted({*before, *after}):
        one, other = before.get(name), after.get(name)
        words = _words(one.limit if one else None, other.limit if other else None)
        if words:
            found.append(_shown(old, new, name, words, (one, other)))
    return found


def _limits(policy: Policy) -> dict[str, _Held]:
    found: dict[str, _Held] = {}
    for cell in Ground.of(policy).touched():
        for limit in cell.route.limits:
            found.setdefault(limit.id, _Held(limit)).cells.append(cell)
    return found


def _words(one: Limit | None, other: Limit | None) -> str:
    """Return what is written otherwise, without what is not; "" where nothing is."""
    before, after = (limit_in_words(limit) if limit is not None else "(none)" for limit in (one, other))
    if one is not None and other is not None:
        if before == after and one.when == other.when:
            return ""
        if before == after:
            return f"{before}: when it counts"
        ends = before.partition(" per ")[2].partition(",")[0], after.partition(" per ")[2].partition(",")[0]
        if ends[0] == ends[1]:
            before, after = (text.replace(f" per {ends[0]}", "") for text in (before, after))
    return f"{before} -> {after}"


def _shown(
    old: Policy, new: Policy, name: str, what: str, pair: tuple[_Held | None, _Held | None]
) -> Difference:  # fmt: skip
    """Return a difference with the first request that only one policy refuses, where that can be shown."""
    holder, cells = (new, pair[1].cells) if pair[1] is not None else (old, pair[0].cells if pair[0] is not None else [])
    bare = Difference(kind=LIMIT, segments=(name,), route="", what=what, witness="", where=_where(pair))
    limits = [each.limit for each in pair if each is not None]
    for cell in cells[:1]:
        count = min(_allowance(limit, cell) for limit in limits) + 1
        if count > MOST_SENT:
            continue
        others = [limit for limit in cell.route.limits if limit.kind == "rate" and limit.id != name]
        gap_s = max((limit.interval_ns * cell.route.cost / 1e9 for limit in others), default=0.0)
        every_s = gap_s if all(limit.kind != "rate" for limit in limits) else 0.0
        for sample in islice(samples(holder, cell), MOST_CALLERS):
            mine = pinned(holder, sample)
            runs = [_sent(policy, mine, count, every_s) for policy in (old, new)]
            for number, (one, other) in enumerate(zip(*runs, strict=False), 1):
                if one.allowed != other.allowed:
                    return replace(
                        bare, witness=f"request {number}: {sample.text}", before=outcome(one), after=outcome(other)
                    )
    return bare


def _allowance(limit: Limit, cell: Cell) -> int:
    """Return how many requests of a cell pass at once."""
    return limit.count if limit.kind == "concurrent" else limit.burst // cell.route.cost


def _sent(policy: Policy, sample: Sample, times: int, every_s: float) -> list[Verdict]:
    """Return what comes of so many requests; the rate of an address, which is nobody's in particular, aside."""
    admission = replace(policy.settings.admission, per_ip=None)
    free = replace(policy, settings=replace(policy.settings, admission=admission))
    return judge(free, at_home(free, sample.persona), sample.landing.text, times=times, every_s=every_s)


def _where(pair: tuple[_Held | None, _Held | None]) -> str:
    return next((each.limit.where for each in reversed(pair) if each is not None), "")
