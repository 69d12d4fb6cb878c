"""What was found in a policy, for people, for GitHub's annotations, and for code scanning (SARIF)."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from parclose import __version__
from parclose.cli.output import Exit
from parclose.policy.catalog import CATALOG
from parclose.policy.errors import Finding

# Source: POLICY.md 5.2. With one of these a policy cannot be compiled at all.
_CANNOT_COMPILE = ("YML", "TYP", "REF", "INC")
_WORDS = {"E": "error", "W": "warning", "I": "notice"}
_SARIF_LEVELS = {"E": "error", "W": "warning", "I": "note"}
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """How many findings of each kind count, and how many a comment allows."""

    errors: int
    warnings: int
    advice: int
    allowed: int

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> Tally:
        """Return the tally of these findings."""
        count = {"E": 0, "W": 0, "I": 0, "allowed": 0}
        for finding in findings:
            count["allowed" if finding.allowed else finding.severity] += 1
        return cls(errors=count["E"], warnings=count["W"], advice=count["I"], allowed=count["allowed"])

    @property
    def text(self) -> str:
        """The totals for people: `0 errors, 2 warnings, 1 advice`."""
        words = [_many(self.errors, "error"), _many(self.warnings, "warning"), f"{self.advice} advice"]
        return ", ".join(words) + (f"   ({self.allowed} allowed: see --allowed)" if self.allowed else "")


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def exit_of(findings: Sequence[Finding], most_warnings: int | None) -> Exit:
    """Return how a look at a policy ends; `most_warnings` None: warnings never fail it."""
    blocking = [finding for finding in findings if finding.blocks]
    if any(finding.id.startswith(_CANNOT_COMPILE) for finding in blocking):
        return Exit.INVALID
    over = most_warnings is not None and Tally.of(findings).warnings > most_warnings
    return Exit.FAILED if blocking or over else Exit.OK


def as_text(findings: Sequence[Finding]) -> str:
    """Return errors with the line and a caret, then warnings and advice, one a line; "" for none."""
    errors = [finding.render() for finding in findings if finding.blocks]
    rows = [finding for finding in findings if not finding.blocks]
    wide = max((len(_place(finding)) for finding in rows), default=0)
    lines = [f"{_place(row):<{wide}}   {row.id}  {row.severity}  {row.message}" for row in rows]
    return "\n".join([*errors, *([""] if errors and lines else []), *lines])


def as_allowed(findings: Iterable[Finding]) -> str:
    """Return what comments allow, each with its reason."""
    return "\n".join(
        f"{_place(each)}   {each.id}  {each.severity}  {each.message}\n    because {each.allowed}" for each in findings
    )


def _place(finding: Finding) -> str:
    return f"{finding.file}:{finding.line}:{finding.column}"


def _path(finding: Finding, folder: str) -> str:
    """Return the path of a finding's file as the folder of the policy was named: what annotations go by."""
    return str(PurePosixPath(folder) / finding.file)


def as_github(findings: Iterable[Finding], folder: str) -> str:
    """Return one workflow command a finding; what comments allow is left out.

    Source: GitHub Docs, workflow commands: `%`, CR and LF are escaped, in properties `:` and `,` too.
    """
    lines = []
    for finding in findings:
        if finding.allowed:
            continue
        file = _escaped(_path(finding, folder)).replace(":", "%3A").replace(",", "%2C")
        message = finding.message + (f"; {finding.fix}" if finding.fix else "")
        place = f"file={file},line={finding.line},col={finding.column},title={finding.id}"
        lines.append(f"::{_WORDS[finding.severity]} {place}::{_escaped(message)}")
    return "\n".join(lines)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def as_sarif(findings: Sequence[Finding], folder: str) -> str:
    """Return a SARIF 2.1.0 log; rule ids are those of the catalogue, what comments allow is suppressed in source."""
    ids = sorted({finding.id for finding in findings})
    driver = {
        "name": "parclose",
        "version": __version__,
        "rules": [{"id": known, "shortDescription": {"text": CATALOG[known].detects}} for known in ids],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, folder) for each in findings],
    }
    return json.dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(finding: Finding, folder: str) -> dict[str, object]:
    region = {
        "startLine": finding.line,
        "startColumn": finding.column,
        "endColumn": finding.column + finding.width,
    }
    place = {"artifactLocation": {"uri": _path(finding, folder)}, "region": region}
    made: dict[str, object] = {
        "ruleId": finding.id,
        "level": _SARIF_LEVELS[finding.severity],
        "message": {"text": finding.message + (f"; {finding.fix}" if finding.fix else "")},
        "locations": [{"physicalLocation": place}],
    }
    if finding.allowed:
        made["suppressions"] = [{"kind": "inSource", "justification": finding.allowed}]
    return made
