"""A replay for machines: the sums, and each difference as plain values."""

from __future__ import annotations

from parclose.audit.record import verdict_part
from parclose.replay.drift import Change, Drift, Kind


def render(drift: Drift, base: str) -> dict[str, object]:
    """Return the report as plain values. Groups will stand beside the single differences."""
    counts = drift.counts
    return {
        "base": base,
        "requests": len(drift.changes),
        "counts": {kind.value.replace(" ", "_"): counts[kind] for kind in Kind},
        "differences": [_change(change) for change in drift.differences],
        "maybe": [
            {"source": change.record.source, "because": change.note}
            for change in drift.changes
            if change.kind is Kind.MAYBE
        ],
    }


def _change(change: Change) -> dict[str, object]:
    """Return one difference."""
    facts = change.record.facts
    return {
        "source": change.record.source,
        "decision": facts.decision,
        "kind": change.kind.value.replace(" ", "_"),
        "method": facts.method,
        "host": facts.host,
        "path": facts.target,
        "at": facts.at,
        "base": verdict_part(change.base),
        "new": verdict_part(change.new) | ({"needs": change.new.needs} if change.new.needs else {}),
    }
