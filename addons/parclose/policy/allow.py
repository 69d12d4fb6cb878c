"""Comments that let a finding stand: `# parclose: allow SEG007 because the partner has no fixed address`."""

from __future__ import annotations

import re
from typing import NamedTuple

_COMMENT = re.compile(r"#\s*parclose:\s*allow\b")
_REASON = re.compile(r"\s+([A-Z]{3}\d{3})\s+because\s+(\S.*)")


class Allowance(NamedTuple):
    """One comment on a line; `id` and `reason` are "" where it says none. `column` counts from 1."""

    id: str
    reason: str
    column: int


def allowances(line: str) -> tuple[Allowance, ...]:
    """Return what the comments on a line allow; a line may hold several."""
    starts = [match.span() for match in _COMMENT.finditer(line)]
    ends = [*(begin for begin, _ in starts[1:]), len(line)][: len(starts)]
    found = []
    for (begin, after), end in zip(starts, ends, strict=True):
        said = _REASON.fullmatch(line[after:end].rstrip())
        found.append(Allowance(said[1] if said else "", said[2].strip() if said else "", begin + 1))
    return tuple(found)


def reason_on(line: str, id: str) -> str:  # noqa: A002
    """Return the reason that a comment on the line gives for leaving a finding as it is, or ""."""
    return next((each.reason for each in allowances(line) if each.id == id), "")
