"""Comments that allow nothing, which only look as if somebody had thought about a finding."""

from __future__ import annotations

from collections.abc import Iterator

from parclose.policy.allow import Allowance, allowances
from parclose.policy.catalog import CATALOG
from parclose.policy.nodes import Mark
from parclose.policy.source import Source

# What is found with something else in hand than the policy (recordings, tests, the start of a proxy, a database's age):
# nobody can say from the policy alone that a comment about it is about nothing.
_ELSEWHERE = frozenset({"RTE011", "LIM004", "GEO002", "TST003", "TST005"})
# What is found at some dates and not at others.
_DATED = frozenset({"SEG011", "RTE012", "NET005", "KEY003"})


def look_at_allowances(source: Source, *, dated: bool) -> None:
    """Report comments that allow nothing: without reason, of an error, or of what is not found on their line.

    `dated`: whether today's date was known, so that what depends on it would have been found.
    """
    found = {(finding.file, finding.line, finding.id) for finding in source.findings}
    unknown = _ELSEWHERE if dated else _ELSEWHERE | _DATED
    for mark, each in list(_written(source)):
        entry = CATALOG.get(each.id)
        if not each.id:
            source.report(
                "ALW001", mark, "this allows nothing: it names no finding, or gives no reason",
                fix="write `# parclose: allow SEG007 because ...`",
            )  # fmt: skip
        elif entry is None or entry.severity == "E":
            what = "there is no such finding" if entry is None else "an error cannot be allowed"
            source.report("ALW001", mark, f"`allow {each.id}`: {what}", fix="remove the comment")
        elif (mark.file, mark.line, each.id) not in found and each.id not in unknown:
            source.report(
                "ALW001", mark, f"`allow {each.id}`: nothing of the kind is found on this line",
                fix="remove the comment, or move it to the line that the finding names",
            )  # fmt: skip


def _written(source: Source) -> Iterator[tuple[Mark, Allowance]]:
    for file, lines in source.texts.items():
        for number, line in enumerate(lines, 1):
            if "parclose:" in line:
                for each in allowances(line):
                    yield Mark(file, number, each.column), each
