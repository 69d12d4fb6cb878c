"""A replay for people: a table of verdicts, then each difference with what it came from and what it would be."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

from parclose.facts import Facts
from parclose.replay.drift import Change, Drift, Kind, reason_words
from parclose.verdict import Verdict

SHOWN = 50  # of the differences of one kind; JSON has all
ASIDE = (Kind.MAYBE, Kind.UNJUDGED)


def render(drift: Drift, *, base: str, new: str) -> str:
    """Return the report as text for 80 columns."""
    return "\n".join([*_head(drift, base, new), "", *_table(drift), *_differences(drift), *_asides(drift)])


def _head(drift: Drift, base: str, new: str) -> list[str]:
    """Return how much was replayed, and the sums."""
    times = [change.record.facts.at for change in drift.changes]
    span = f"  {_instant(min(times))} - {_instant(max(times))}" if times else ""
    counts = drift.counts
    sums = [f"{kind} {counts[kind]:,}" for kind in Kind if counts[kind] or kind not in ASIDE]
    requests = f"{len(times):,} request{'' if len(times) == 1 else 's'}"
    return [f"{requests}{span}  base {base}  new {new}", *_wrapped(sums)]


def _wrapped(parts: list[str], width: int = 80) -> list[str]:
    """Return parts joined by blanks, on as many lines as they need."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}   {part}" if lines[-1] else part
        if len(joined) > width:
            lines.append(part)
        else:
            lines[-1] = joined
    return lines


def _table(drift: Drift) -> list[str]:
    """Return how many requests get which verdict, and how many got it before."""
    new = Counter((change.new.segment or "-", _verdict(change)) for change in drift.changes)
    old = Counter(
        (change.base.segment or "-", reason_words(change.base))
        for change in drift.changes
        if change.kind is not Kind.UNJUDGED
    )
    wide = max([len("segment"), *(len(segment) for segment, _ in {**new, **old})])
    lines = [f"{'segment':<{wide}}  {'verdict':<30}  {'base':>9}  {'new':>9}"]
    for segment, verdict in sorted({**new, **old}):
        key = (segment, verdict)
        lines.append(f"{segment:<{wide}}  {verdict:<30}  {old[key]:>9,}  {new[key]:>9,}")
    return lines


def _verdict(change: Change) -> str:
    """Return the new verdict in words; one that is only a guess says so."""
    return "maybe" if change.kind is Kind.MAYBE else reason_words(change.new)


def _differences(drift: Drift) -> list[str]:
    """Return each difference under its kind, the worst first."""
    lines: list[str] = []
    for kind in Kind:
        changes = [change for change in drift.differences if change.kind is kind]
        if not changes:
            continue
        lines += ["", kind.upper()]
        for change in changes[:SHOWN]:
            lines += _difference(change)
        if len(changes) > SHOWN:
            lines.append(f" and {len(changes) - SHOWN:,} more; --format json has all")
    return lines


def _difference(change: Change) -> list[str]:
    """Return one difference: the request, both verdicts, and the rule behind the new one."""
    facts = change.record.facts
    lines = [f" {request_words(facts)}    {change.record.source}"]
    lines.append(f"   {_full(change.base)}  ->  {_full(change.new)}")
    why = "  ".join(part for part in (change.new.needs and f"needs {change.new.needs}", change.new.where) if part)
    return [*lines, f"   {why}"] if why else lines


def request_words(facts: Facts) -> str:
    """Return a request in words; what a caller wrote is escaped."""
    where = facts.target if not facts.connect else str(facts.port)
    return ascii(f"{facts.method} {facts.scheme}://{facts.host}{':' if facts.connect else ''}{where}")[1:-1]


def _full(verdict: Verdict) -> str:
    """Return a verdict with its segment and route."""
    parts = [reason_words(verdict)]
    parts += [f"@{verdict.segment}"] if verdict.segment else []
    parts += [f'via "{verdict.route}"'] if verdict.route else []
    return " ".join(parts)


def _asides(drift: Drift) -> list[str]:
    """Return why some verdicts are not sure, and how many."""
    notes = Counter((change.kind, change.note) for change in drift.changes if change.kind in ASIDE)
    lines = [f" {kind} {count:,}: {note}" for (kind, note), count in sorted(notes.items())]
    return ["", *lines] if lines else []


def _instant(at: float) -> str:
    """Return an instant to the second, UTC."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
