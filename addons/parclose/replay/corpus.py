"""Records from lines: the audit's ledger, or the same lines alone. Scrubbed corpora will be read here too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import cast

from parclose.audit.corpus import CorpusError, facts_from, holds_facts, read_line
from parclose.reasons import Reason
from parclose.replay.record import Record
from parclose.verdict import Charged, Effect, Verdict

REASONS = {reason.value: reason for reason in Reason}
SHORT = "only a short line was kept of it"
# What the policy's `audit.redact` took away, and a decision may have turned on.
DECISIVE = frozenset({"ip", "xff"})


class BadRecording(ValueError):
    """A recording cannot be read; the text names the file, and the line or flow."""


def records_of_lines(path: str, lines: Iterable[bytes]) -> Iterator[Record]:
    """Yield the decisions of a ledger, in the order written, with how long each took where its outcome is there too.

    Raises:
        BadRecording: a line is not what it should be. A last line without its end was being written, and is left out.
    """
    records: list[Record] = []
    took_s: dict[str, float] = {}
    for number, text in enumerate(lines, start=1):
        if not text.endswith(b"\n"):
            break
        try:
            line = read_line(text)
            if holds_facts(line):
                records.append(record_of(line, f"{path}:{number}"))
            elif line.get("type") == "outcome":
                took_s[str(line.get("decision"))] = _took_s(line) or 0.0
        except CorpusError as wrong:
            raise BadRecording(f"{path}:{number}: {wrong}") from wrong
    for record in records:
        ended = record.took_s is None and record.facts.decision in took_s
        yield replace(record, took_s=took_s[record.facts.decision]) if ended else record


def _took_s(line: Mapping[str, object]) -> float | None:
    """Return how long an exchange lasted, in seconds, or None where the line does not say."""
    took_ms = line.get("dur_ms")
    return took_ms / 1000 if isinstance(took_ms, int | float) else None


def record_of(line: Mapping[str, object], source: str) -> Record:
    """Return the record that a decision's line holds.

    Raises:
        CorpusError: it holds none.
    """
    redacted = DECISIVE & set(cast("list[str]", line.get("redacted", ())))
    doubt = f"the audit keeps {', '.join(sorted(redacted))} redacted" if redacted else ""
    return Record(
        facts=facts_from(line), source=source, verdict=verdict_of_line(line), doubt=doubt, took_s=_took_s(line)
    )


def verdict_of_line(line: Mapping[str, object]) -> Verdict:
    """Return the verdict that a decision's line holds, as far as a replay compares it.

    Raises:
        CorpusError: it holds none, or one with a reason that is not known.
    """
    said = line.get("verdict")
    if not isinstance(said, Mapping):
        raise CorpusError("holds no verdict")
    try:
        reason = REASONS[str(said["reason"])] if "reason" in said else None
        charges = zip(
            cast("list[int]", line.get("seq", [])), cast("list[float]", line.get("limit_at", [])), strict=True
        )
        return Verdict(
            effect=Effect(str(said["action"])),
            reason=reason,
            status=int(str(said["status"])),
            stage=str(said.get("stage", "")),
            detail=str(said.get("detail", "")),
            where=str(said.get("where", "")),
            segment=str(said["segment"]),
            route=str(said["route"]),
            decision=str(line.get("decision", "")),
            revision=str(said["rev"]),
            concealed=bool(said.get("concealed")),
            preflight=bool(said.get("preflight")),
            charges=tuple(Charged(seq=seq, at=at) for seq, at in charges),
        )
    except (KeyError, TypeError, ValueError) as wrong:
        raise CorpusError("its verdict is not one that this version knows") from wrong
