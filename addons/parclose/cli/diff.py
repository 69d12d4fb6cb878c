"""`parclose diff`: what another policy grants and refuses, without any traffic."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from typing import Annotated

import typer

from parclose.analysis.compare import GRANTS, LIMIT, REFUSES, Difference, differences
from parclose.analysis.pace import limit_differences
from parclose.analysis.told_diff import UNCONFIRMED, tell
from parclose.cli.output import Exit, show, show_json, show_raw
from parclose.cli.policy_file import as_json
from parclose.cli.refs import load_ref

GATED = (GRANTS, REFUSES, LIMIT)  # a limit that differs refuses or grants, too: only later


class DiffForm(StrEnum):
    """How differences are written; `github` as annotations of a pull request."""

    TEXT = "text"
    JSON = "json"
    GITHUB = "github"


def diff(
    old: Annotated[str, typer.Argument(metavar="OLD", help="A policy: a path, or `git:REV`.")],
    new: Annotated[str, typer.Argument(metavar="NEW", help="Another: a path, or `git:REV`.")] = ".",
    form: Annotated[DiffForm, typer.Option("--format", help="How to write it.")] = DiffForm.TEXT,
) -> None:
    """Say what NEW grants and refuses that OLD does not, each shown by a request that the two judge differently.

    Exits with 0 when nothing is granted, refused or limited otherwise, 4 when something is, 3 when one of the policies
    cannot be compiled.
    """
    wants_json = form is DiffForm.JSON
    before, after = load_ref(old, new, as_json=wants_json), load_ref(new, old, as_json=wants_json)
    found = [*differences(before, after), *limit_differences(before, after)]
    code = Exit.CHANGED if any(each.kind in GATED for each in found) else Exit.OK
    if wants_json:
        rows = [asdict(each) for each in found]
        show_json({"policy": as_json(after), "base": as_json(before), "diff": rows, "exit": int(code)})
    elif form is DiffForm.GITHUB:
        show_raw("\n".join(map(_annotation, found)) + "\n" if found else "")
    else:
        show(tell(found, old=f"{old} ({before.revision})", new=f"{new} ({after.revision})"))
    raise typer.Exit(code)


def _annotation(each: Difference) -> str:
    """Return a difference as a workflow command; of data and properties what would end them is escaped."""
    file, _, line = each.where.rpartition(":")
    shown = f"{each.witness}: {each.before} -> {each.after}" if each.witness else UNCONFIRMED
    text = f"{', '.join(each.segments)} {each.route}: {each.what}; {shown}".replace("%", "%25")
    return f"::notice file={file or 'policy.yaml'},line={line or 1},title={each.kind}::{' '.join(text.split())}"
