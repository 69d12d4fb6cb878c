"""Test results for machines: one JSON object, JUnit, and annotations of a workflow."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import PurePosixPath

from parclose.cases import CaseReport, Result
from parclose.cli.output import Exit
from parclose.cli.policy_file import as_json
from parclose.policy.errors import Finding
from parclose.policy.model import Policy
from parclose.replay.report.junit import Case, suite


def document(policy: Policy, report: CaseReport, code: Exit, findings: Iterable[Finding] = ()) -> dict[str, object]:
    """Return the report as plain values."""
    coverage = report.coverage
    return {
        "policy": as_json(policy),
        "findings": [finding.to_json() for finding in findings],
        "tests": [asdict(result) for result in report.results],
        "skipped": [{"test": name, "because": why} for name, why in report.skipped],
        "coverage": {
            "routes": coverage.routes,
            "reached": coverage.reached,
            "minimum": coverage.minimum,
            "segments": [
                {
                    "segment": one.segment,
                    "routes": one.routes,
                    "reached": sorted(one.reached),
                    "allowed": sorted(one.allowed),
                    "refused": sorted(one.refused),
                    "note": one.note,
                }
                for one in coverage.segments
            ],
        },
        "exit": int(code),
    }


def as_junit(policy: Policy, report: CaseReport) -> str:
    """Return one suite for the policy, one case a check or sequence; coverage below its gate is a case that fails."""
    gate = [] if report.coverage.enough else list(report.failed[-1:])
    return suite(policy.path, [_case(result) for result in (*report.results, *gate)])


def as_github(policy: Policy, report: CaseReport) -> str:
    """Return an annotation for each failure, at the line of the test, without a line break at the end.

    Source: GitHub Docs, workflow commands: `%`, CR and LF are escaped, in properties `:` and `,` too.
    """
    folder = PurePosixPath(policy.path).parent
    return "\n".join(_annotation(result, folder) for result in report.failed)


def _annotation(result: Result, folder: PurePosixPath) -> str:
    """Return one failure as an annotation."""
    file, _, line = result.where.rpartition(":")
    place = f"file={_property(str(folder / file))},line={line}," if file else ""
    said = ", ".join(part for part in (f"want {result.want}", f"got {result.got}", result.note) if part)
    return f"::error {place}title={_property(result.test)}::{_escaped(said)}"


def _escaped(text: str) -> str:
    """Return text as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    """Return text as a property of a workflow command."""
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")


def _case(result: Result) -> Case:
    """Return one result as JUnit knows it."""
    file, _, line = result.where.rpartition(":")
    return Case(
        group=result.segment or "no segment",
        name=f"{result.test} / {result.request}",
        failure="" if result.passed else f"want {result.want} got {result.got}",
        file=file,
        line=line,
    )
