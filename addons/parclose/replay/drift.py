"""What a change of policy would have done to recorded requests: each difference, named by its kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from parclose.reasons import Reason
from parclose.replay.order import Judged
from parclose.replay.record import Record
from parclose.verdict import Verdict


class Kind(StrEnum):
    """How two verdicts on one request differ; the worst for a caller first."""

    NEWLY_DENIED = "newly denied"
    NEWLY_ALLOWED = "newly allowed"
    REASON_CHANGED = "reason changed"
    SEGMENT_MOVED = "segment moved"
    UNCHANGED = "unchanged"
    MAYBE = "maybe"
    UNJUDGED = "not judged"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One request under two policies. `note` says why it is a `maybe`, or why it is not judged."""

    record: Record
    kind: Kind
    base: Verdict
    new: Verdict
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """All requests of a replay, in the order recorded."""

    changes: tuple[Change, ...]

    @property
    def counts(self) -> Counter[Kind]:
        """How many requests there are of each kind."""
        return Counter(change.kind for change in self.changes)

    @property
    def differences(self) -> tuple[Change, ...]:
        """The requests whose verdict is surely another one."""
        same = (Kind.UNCHANGED, Kind.MAYBE, Kind.UNJUDGED)
        return tuple(change for change in self.changes if change.kind not in same)


def compare(base: Sequence[Judged], new: Sequence[Judged]) -> Drift:
    """Compare what two policies say of the same records."""
    return Drift(
        changes=tuple(
            _change(one.record, one.verdict, two.verdict, one.maybe or two.maybe)
            for one, two in zip(base, new, strict=True)
        )
    )


def compare_recorded(new: Iterable[Judged]) -> Drift:
    """Compare what a policy says now with the verdicts that were recorded."""
    return Drift(changes=tuple(_from_recorded(one) for one in new))


def _from_recorded(one: Judged) -> Change:
    """Compare one request with its recorded verdict."""
    recorded = one.record.verdict
    if recorded is None:
        note = "no verdict was recorded"
        return Change(record=one.record, kind=Kind.UNJUDGED, base=Verdict(), new=one.verdict, note=note)
    if recorded.reason is not None and recorded.reason.stage == "proxy":
        note = f"the proxy itself answered {recorded.reason}"
        return Change(record=one.record, kind=Kind.UNJUDGED, base=recorded, new=one.verdict, note=note)
    return _change(one.record, recorded, one.verdict, one.maybe)


def _change(record: Record, base: Verdict, new: Verdict, maybe: str) -> Change:
    """Name the difference of two verdicts."""
    return Change(record=record, kind=Kind.MAYBE if maybe else kind_of(base, new), base=base, new=new, note=maybe)


def kind_of(base: Verdict, new: Verdict) -> Kind:
    """Name how two verdicts differ: effect first, then status and reason, then segment and route."""
    if base.allowed and not new.allowed:
        return Kind.NEWLY_DENIED
    if new.allowed and not base.allowed:
        return Kind.NEWLY_ALLOWED
    if (base.status, base.reason) != (new.status, new.reason):
        return Kind.REASON_CHANGED
    if (base.segment, base.route) != (new.segment, new.route):
        return Kind.SEGMENT_MOVED
    return Kind.UNCHANGED


def reason_words(verdict: Verdict) -> str:
    """Return a verdict in two words: `allow`, or status and reason."""
    if verdict.allowed:
        return "allow"
    return f"{verdict.status} {verdict.reason or Reason.INTERNAL_ERROR}"
