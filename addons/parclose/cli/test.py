"""`parclose test`: the policy's own tests, and what they leave unproven."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parclose.analysis.witness import witness
from parclose.cases import BadChoice, CaseReport, Result, case_findings, run_cases
from parclose.cases.coverage import Coverage, SegmentCoverage
from parclose.cli.case_forms import as_github, as_junit, document
from parclose.cli.output import SCHEMA, Exit, show, show_raw
from parclose.cli.policy_file import PolicyArgument, PolicyOption, find_policy, head, load_policy
from parclose.policy.errors import Finding, ordered
from parclose.policy.load import Examined, examine
from parclose.policy.model import Policy
from parclose.stores.files import list_files, read

WIDTH = 80
FORMS = ("text", "json", "junit", "github")
BAR_FROM = 200  # tests; fewer are run before a bar could be read


def run_tests(
    *,
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    only: Annotated[
        str, typer.Option("-k", metavar="EXPR", help="Only tests whose name holds this; `and`, `or`, `not`.")
    ] = "",
    min_coverage: Annotated[
        str, typer.Option("--min-coverage", metavar="SHARE", help="Routes that must have a check, such as `80%`.")
    ] = "",
    form: Annotated[
        list[str] | None,
        typer.Option(
            "--format",
            metavar="FORM[=FILE]",
            help="How to write the report: text, json, junit or github, each to a file where one is named; repeatable.",
        ),
    ] = None,
) -> None:
    """Check a policy, then run the tests that are written in it.

    Exits with 0 when all pass, 1 when a check fails or too few routes have one, 3 when the policy cannot be compiled.
    """
    forms = [_form(text) for text in form or ["text"]]
    path = find_policy(where, policy)
    examined = examine(path, read, list_files=list_files, witness=witness)
    loaded = examined.policy or load_policy(path, as_json=("json", "") in forms)
    minimum = _share(min_coverage) if min_coverage else None
    began = time.perf_counter()
    report = _run(loaded, only, minimum)
    took_s = time.perf_counter() - began
    code = Exit.FAILED if report.failed else Exit.OK
    found = _findings(examined, None if only else report)
    for name, file in forms:
        if name == "text":
            _write(file, _text(loaded, report, took_s, code, warnings=_warnings(found)))
        elif name == "json":
            text = json.dumps({"schema": SCHEMA, **document(loaded, report, code, found)}, indent=2, default=str)
            _write(file, text, raw=True)
        else:
            _write(file, as_junit(loaded, report) if name == "junit" else as_github(loaded, report), raw=True)
    raise typer.Exit(code)


def _form(text: str) -> tuple[str, str]:
    """Return a form and the file it goes to, "" for the standard output."""
    name, _, file = text.partition("=")
    if name not in FORMS:
        known = ", ".join(f"`{one}`" for one in FORMS)
        raise typer.BadParameter(f"`{name}` is no form; there are {known}", param_hint="--format")
    return name, file


def _write(file: str, text: str, *, raw: bool = False) -> None:
    """Write one report to its file, or print it; a form that has nothing to say prints nothing."""
    if file:
        try:
            Path(file).write_text(f"{text}\n" if text else "", encoding="utf-8")
        except OSError as wrong:
            raise typer.BadParameter(f"`{file}`: {wrong.strerror}", param_hint="--format") from wrong
    elif raw:
        if text:
            show_raw(text)
    else:
        show(text)


def _run(policy: Policy, only: str, minimum: float | None) -> CaseReport:
    """Run the tests, with a bar on a terminal when there are many."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    disabled = not console.is_terminal or len(policy.tests) < BAR_FROM
    try:
        with Progress(*columns, console=console, transient=True, disable=disabled) as progress:
            task = progress.add_task("testing", total=len(policy.tests))
            return run_cases(policy, only=only, min_coverage=minimum, on_run=lambda: progress.advance(task))
    except BadChoice as wrong:
        raise typer.BadParameter(str(wrong), param_hint="-k") from wrong


def _findings(examined: Examined, report: CaseReport | None) -> tuple[Finding, ...]:
    """Return what `parclose check` lists, but for what depends on today's date, and without `report` on its tests."""
    if examined.policy is None or examined.desk is None or report is None:
        return examined.findings
    return ordered((*examined.findings, *case_findings(examined.policy, examined.desk, report)))


def _warnings(found: Iterable[Finding]) -> int:
    """Return how many warnings there are that no comment allows."""
    return sum(finding.severity == "W" and not finding.allowed for finding in found)


def _share(text: str) -> float:
    """Return a share written as `80%`."""
    number = text.strip().removesuffix("%")
    if not number.isdigit() or int(number) > 100:
        raise typer.BadParameter(f"`{text}` is no share; write one such as `80%`", param_hint="--min-coverage")
    return int(number) / 100


def _text(policy: Policy, report: CaseReport, took_s: float, code: Exit, *, warnings: int) -> str:
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
    listed = "            (parclose check to list them)" if warnings else ""
    lines = [head(policy), f"check      0 errors, {_count(warnings, 'warning')}{listed}"]
    lines += [f"guardrails {len(policy.guardrails)} proven"] if policy.guardrails else []
    lines.append(f"tests      {told:<30}  {verdict}")
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
        lines.append(f"{route:<42}  {near.where:<22}  {near.words}".rstrip())
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
