"""`parclose check`: is this policy one that would be taken up, and what in it will bite? Says it all in one run."""

from __future__ import annotations

import time
from dataclasses import replace
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Annotated

import typer

from parclose.analysis.usage import DAY_S, usage_findings, usage_of
from parclose.analysis.witness import witness
from parclose.cases import case_findings
from parclose.cli.findings import Tally, as_allowed, as_github, as_sarif, as_text, exit_of
from parclose.cli.mending import Read, difference, mend
from parclose.cli.output import Exit, show, show_json, show_raw
from parclose.cli.policy_file import PolicyArgument, PolicyOption, as_json, find_policy, head
from parclose.cli.progress import told
from parclose.cli.recordings import judge_records, read_files
from parclose.policy.errors import ordered
from parclose.policy.load import Examined, examine
from parclose.stores.age import made_at
from parclose.stores.files import list_files, read
from parclose.stores.replace import replace_file


class CheckFormat(StrEnum):
    """How findings are written."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"
    SARIF = "sarif"


def check(  # noqa: PLR0917  options, not positions: the command line names them
    where: PolicyArgument = "",
    policy: PolicyOption = "",
    strict: Annotated[bool, typer.Option("--strict", help="Fail on any warning, as with --max-warnings 0.")] = False,
    max_warnings: Annotated[
        int | None, typer.Option("--max-warnings", min=0, help="Fail on more warnings than this.", metavar="N")
    ] = None,
    allowed: Annotated[bool, typer.Option("--allowed", help="List what comments allow, each with its reason.")] = False,
    fix: Annotated[bool, typer.Option("--fix", help="Correct what cannot be meant otherwise, and look again.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what --fix would change, and change nothing.")
    ] = False,
    usage: Annotated[
        list[str] | None,
        typer.Option("--usage", help="Recorded traffic: name the routes that it never reaches.", metavar="RECORDING"),
    ] = None,
    usage_days: Annotated[
        int, typer.Option("--usage-days", min=1, help="How long unused is too long, with --usage.", metavar="N")
    ] = 30,
    form: Annotated[
        list[CheckFormat] | None, typer.Option("--format", help="How to write the report; may be given several times.")
    ] = None,
) -> None:
    """Parse, resolve and compile a policy, exactly as a reload does, and name what will bite.

    Exits with 0 when nothing fails it, 1 for errors or too many warnings, and 3 when it cannot be compiled.
    """
    path = find_policy(where, policy)
    with told(read) as reading:
        examined = _mended(path, reading, keep=not dry_run) if fix or dry_run else _look(path, reading)
    if usage:
        examined = _with_usage(examined, usage, usage_days)
    code = exit_of(examined.findings, 0 if strict else max_warnings)
    for each in dict.fromkeys(form or [CheckFormat.TEXT]):
        _report(each, examined, path, code, allowed=allowed)
    raise typer.Exit(code)


def _look(path: str, reading: Read) -> Examined:
    examined = examine(path, reading, now=time.time(), list_files=list_files, made_at=made_at, witness=witness)
    if examined.policy is None or examined.desk is None:
        return examined
    said = case_findings(examined.policy, examined.desk)
    return replace(examined, findings=ordered((*examined.findings, *said)))


def _with_usage(examined: Examined, recordings: list[str], days: int) -> Examined:
    """Add what recorded traffic shows of the routes; it is judged by this policy, whatever it reached then."""
    if examined.policy is None or examined.desk is None:
        return examined
    judged = judge_records(examined.policy, read_files(examined.policy, recordings), "judging")
    usage = usage_of((one.record.facts.at, one.verdict.segment, one.verdict.route) for one in judged)
    if not usage.covers(days):
        covered = (usage.until - usage.since) / DAY_S
        few = f"too few to say what was unused for {days} (--usage-days)"
        show(f"the recordings cover {covered:.1f} days, {few}", error=True)
    said = usage_findings(examined.policy, examined.desk, usage, days)
    return replace(examined, findings=ordered((*examined.findings, *said)))


def _mended(path: str, reading: Read, *, keep: bool) -> Examined:
    """Correct what is safe to correct, and return what is left to be said; without `keep` only show it."""
    mended = mend(path, reading, lambda read_: _look(path, read_))
    if mended.files:
        show(difference(mended.files), error=True)
    for name, (_, content) in mended.files.items() if keep else ():
        try:
            replace_file(name, content)
        except OSError as wrong:
            show(f"`{name}` cannot be written: {(wrong.strerror or 'unknown').lower()}", error=True)
            raise typer.Exit(Exit.USAGE) from wrong
    word = "corrected" if keep else "would correct"
    show(f"{word} {mended.places} place{'' if mended.places == 1 else 's'} in {len(mended.files)} files", error=True)
    return mended.left if keep else _look(path, reading)


def _report(form: CheckFormat, examined: Examined, path: str, code: Exit, *, allowed: bool) -> None:
    found, folder = examined.findings, str(PurePosixPath(path).parent)
    if form is CheckFormat.TEXT:
        _say(examined, allowed=allowed)
    elif form is CheckFormat.JSON:
        told_of = {"path": path} if examined.policy is None else as_json(examined.policy)
        said: dict[str, object] = {"policy": told_of, "findings": [finding.to_json() for finding in found]}
        show_json(said | {"unenforced": list(_unenforced(examined)), "exit": int(code)})
    elif form is CheckFormat.SARIF:
        show_raw(as_sarif(found, folder))
    else:
        lines = as_github(found, folder)
        if lines:
            show_raw(lines)


def _unenforced(examined: Examined) -> tuple[str, ...]:
    """Return what is read but not enforced; it fails no check, since tests and explanations hold."""
    return () if examined.policy is None else examined.policy.unenforced


def _say(examined: Examined, *, allowed: bool) -> None:
    """Print the report for people: to standard error where the policy would be refused."""
    found, tally = examined.findings, Tally.of(examined.findings)
    silenced = [finding for finding in found if finding.allowed]
    body = as_allowed(silenced) if allowed else as_text([finding for finding in found if not finding.allowed])
    about = head(examined.policy) if examined.policy is not None else ""
    notes = [f"note  {place}: a proxy of this version refuses to start with it" for place in _unenforced(examined)]
    text = "\n".join(part for part in (body, *notes, about) if part)
    show(f"{text}\n{tally.text}" if text else tally.text, error=bool(tally.errors))
