"""Safe corrections: what a finding knows was meant is written in its place, and nothing else in the file changes.

Only what cannot be meant otherwise is corrected: a name with one near enough, host bits, a country's code, quotes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from parclose.policy.errors import Finding

_LINE_END = re.compile("(\r\n|\r|\n)")


@dataclass(frozen=True, slots=True, order=True)
class Edit:
    """`text` in place of what stands on a line from `start` to `end`; the line counts from 1, the columns from 0."""

    file: str
    line: int
    start: int
    end: int
    text: str


def edit_of(finding: Finding) -> Edit | None:
    """Return the correction of a finding, or None where there is none or its text does not stand at its place."""
    found, start = finding.found, finding.column - 1
    if not finding.meant or not found:
        return None
    if finding.source[start : start + 1] in {'"', "'"} and not found.startswith(finding.source[start]):
        start += 1
    end = start + len(found)
    if finding.source[start:end] != found:
        return None
    return Edit(finding.file, finding.line, start, end, finding.meant)


def edits_of(findings: Iterable[Finding]) -> tuple[Edit, ...]:
    """Return the corrections of all findings, of two for one place the first."""
    chosen: list[Edit] = []
    for edit in sorted({edit for finding in findings if (edit := edit_of(finding)) is not None}):
        last = chosen[-1] if chosen else None
        if last is None or (last.file, last.line) != (edit.file, edit.line) or edit.start >= last.end:
            chosen.append(edit)
    return tuple(chosen)


def corrected(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a file with the edits of its lines made; every other byte, line ends and a mark at its head stay."""
    mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
    parts = _LINE_END.split(content[len(mark) :].decode("utf-8"))
    for edit in sorted(edits, reverse=True):
        at = 2 * (edit.line - 1)  # between two lines stands what ends the first
        if at < len(parts):
            line = parts[at]
            parts[at] = line[: edit.start] + edit.text + line[edit.end :]
    return mark + "".join(parts).encode("utf-8")
