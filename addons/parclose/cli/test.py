"""`parclose test`: the policy's own tests, and what they leave unproven."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Annotated

import typer

from parclose.cases import CaseReport, Result, run_cases
from parclose.cases.coverage import Coverage, SegmentCoverage
from parclose.cli.output import Exit, Format, show, show_json, show_raw
from parclose.cli.policy_file import PolicyArgument, PolicyOption, as_json, find_policy, head, load_policy
from parclose.policy.model import Policy
from parclose.replay.report.junit import Case, suite

WIDTH = 80


def run_tests(
    *,
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    only: Annotated[str, typer.Option("-k", metavar="TEXT", help="Only tests whose name holds this text.")] = "",
    min_coverage: Annotated[
        str, typer.Option("--min-coverage", metavar="SHARE", help="Routes that must have a check, such as `80%`.")
    ] = "",
    form: Annotated[Format, typer.Option("--format", help="How to write the report.")] = Format.TEXT,
) -> None:
    """Check a policy, then run the tests that are written in it.

    Exits with 0 when all pass, 1 when a check fails or too few routes have one, 3 when the policy cannot be compiled.
    """
    loaded = load_policy(find_policy(where, policy), as_json=form is Format.JSON)
    minimum = _share(min_coverage) if min_coverage else None
    began = time.perf_counter()
    report = run_cases(loaded, only=only, min_coverage=minimum)
    took_s = time.perf_counter() - began
    code = Exit.FAILED if report.failed else Exit.OK
    if form is Format.JSON:
        show_json(_document(loaded, report, code))
    elif form is Format.JUNIT:
        show_raw(suite(loaded.path, [_case(result) for result in report.results]))
    else:
        show(_text(loaded, report, took_s, code))
    raise typer.Exit(code)


def _share(text: str) -> float:
    """Return a share written as `80%`."""
    number = text.strip().removesuffix("%")
    if not number.isdigit() or int(number) > 100:
        raise typer.BadParameter(f"`{text}` is no share; write one such as `80%`", param_hint="--min-coverage")
    return int(number) / 100


def _text(policy: Policy, report: CaseReport, took_s: float, code: Exit) -> str:
    """Return the report for people."""
    broken = [result for result in report.results if not result.passed]
    names = {result.test for result in broken}
    if broken:
        verdict = f"{_count(len(broken), 'check')} failed in {_count(len(names), 'test')}"
    elif report.results:
        verdict = f"all passed in {took_s * 1000:.0f} ms"
    else:
        verdict = "nothing was proven"
    told = f"{_count(report.tests, 'test')}, {_count(len(report.results), 'check')}"
    lines = [head(policy), "check      0 errors, 0 warnings", f"tests      {told:<30}  {verdict}"]
    lines += [f"skipped    {name}: {why}" for name, why in report.skipped]
    lines += [line for result in broken for line in ("", *_failure(result))]
    lines += ["", *_coverage(report.coverage)]
    return "\n".join([*lines, f"exit {int(code)}"] if code else lines)


def _failure(result: Result) -> list[str]:
    """Return one failed check: where it is written, what was wanted, what came, and what made it so."""
    head_line = f"FAIL  {result.test}"
    lines = [f"{head_line:<62}  {result.where}".rstrip(), f"      {result.request}", f"      want  {result.want}"]
    got = f"      got   {result.got}"
    needs = f"needs {result.needs}" if result.needs else ""
    lines.append(f"{got:<50}  {needs}  {result.rule}".rstrip() if needs or result.rule else got)
    for index, near in enumerate(result.near):
        route = f"      {'near' if index == 0 else '    '}  {near.route}"
        lines.append(f"{route:<50}  {near.where}  {near.words}")
    return [*lines, f"      note  {result.note}"] if result.note else lines


def _coverage(coverage: Coverage) -> list[str]:
    """Return the table of coverage: one line a segment, and what it most lacks."""
    wide = max([len("segment"), len("total"), *(len(one.segment) for one in coverage.segments)])
    lines = [f"coverage   {'segment':<{wide}}  {'routes':>10}  {'allowed side':>12}  {'refused side':>12}"]
    for one in coverage.segments:
        row = (
            f"           {one.segment:<{wide}}  {_of(len(one.reached), one.routes):>10}"
            f"  {_of(len(one.allowed), one.routes):>12}  {_of(len(one.refused), one.refusable):>12}"
        )
        lines += [f"{row}   {one.note}".rstrip()] if len(row) + len(one.note) + 3 <= WIDTH else [row, _aside(one)]
    allowed = sum(len(one.allowed) for one in coverage.segments)
    refused = sum(len(one.refused) for one in coverage.segments)
    refusable = sum(one.refusable for one in coverage.segments)
    total = (
        f"           {'total':<{wide}}  {_of(coverage.reached, coverage.routes, share=True):>10}"
        f"  {_of(allowed, coverage.routes, share=True):>12}  {_of(refused, refusable, share=True):>12}"
    )
    gate = f"gate: routes >= {coverage.minimum:.0%}  {'ok' if coverage.enough else 'FAILED'}"
    return [*lines, total, f"           {gate}"] if coverage.minimum else [*lines, total]


def _aside(one: SegmentCoverage) -> str:
    """Return a note on its own line, under its segment."""
    return f"             {one.note}"


def _of(part: int, whole: int, *, share: bool = False) -> str:
    """Return `3/4`, with the share where it is wanted."""
    return f"{part}/{whole} {part / whole:.0%}" if share and whole else f"{part}/{whole}"


def _count(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _document(policy: Policy, report: CaseReport, code: Exit) -> dict[str, object]:
    """Return the report as plain values."""
    coverage = report.coverage
    return {
        "policy": as_json(policy),
        "findings": [],
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
