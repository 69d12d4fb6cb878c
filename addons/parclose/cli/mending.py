"""`parclose check --fix`: safe corrections, made in memory until nothing more can be corrected, then shown and kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import unified_diff
from itertools import groupby
from pathlib import PurePosixPath

from parclose.policy.errors import Finding
from parclose.policy.fix import corrected, edits_of
from parclose.policy.load import Examined

type Read = Callable[[str], bytes]

MOST_ROUNDS = 200  # a quote that is missing hides the next one; more of them than this are a file of another kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """What was corrected: by path the file before and after, how many places, and what is left to be said."""

    files: Mapping[str, tuple[bytes, bytes]]
    places: int
    left: Examined


def mend(path: str, read: Read, look: Callable[[Read], Examined]) -> Mended:
    """Return the policy with its safe corrections made; nothing is written.

    `look` examines the policy through the `read` that it is handed.
    """
    before: dict[str, bytes] = {}
    after: dict[str, bytes] = {}
    folder, places = PurePosixPath(path).parent, 0

    def reading(name: str) -> bytes:
        return after[name] if name in after else read(name)

    found = look(reading)
    for _ in range(MOST_ROUNDS):
        edits = edits_of(_safe(found.findings))
        for file, group in groupby(edits, key=lambda edit: edit.file):
            name, mine = str(folder / file), tuple(group)
            content = reading(name)
            before.setdefault(name, content)
            after[name] = corrected(content, mine)
            places += len(mine)
        if not edits:
            break
        found = look(reading)
    changed = {name: (before[name], after[name]) for name in sorted(after) if before[name] != after[name]}
    return Mended(files=changed, places=places, left=found)


def _safe(findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
    """Return what may be corrected unasked: what is allowed by a comment is left as it is."""
    return tuple(finding for finding in findings if not finding.allowed)


def difference(files: Mapping[str, tuple[bytes, bytes]]) -> str:
    """Return what changed, as `diff -u` would."""
    lines: list[str] = []
    for name, (old, new) in files.items():
        parts = (old.decode(errors="replace").splitlines(), new.decode(errors="replace").splitlines())
        lines.extend(unified_diff(*parts, fromfile=name, tofile=name, lineterm="", n=1))
    return "\n".join(lines)
