"""`parclose replay`: recorded traffic, judged again, and what differs."""

from __future__ import annotations

from typing import Annotated

import typer

from parclose.cli.output import Exit, Format, show, show_json, show_raw
from parclose.cli.policy_file import PolicyOption, as_json, find_policy, load_policy
from parclose.cli.recordings import judge_records, read_files
from parclose.replay.drift import compare, compare_recorded
from parclose.replay.report import document, junit, text

RECORDED = "recorded"


def replay(
    flows: Annotated[list[str], typer.Argument(metavar="FLOWS...", help="mitmproxy's flow files, or audit lines.")],
    policy: PolicyOption = "",
    base: Annotated[str, typer.Option("--base", metavar="recorded|POLICY", help="What to compare with.")] = RECORDED,
    form: Annotated[Format, typer.Option("--format", help="How to write the report.")] = Format.TEXT,
) -> None:
    """Judge recorded requests at their recorded instant, and say what differs from the base.

    Exits with 0 when nothing differs, 4 when something does, 3 when a policy cannot be compiled or a file not be read.
    """
    wants_json = form is Format.JSON
    loaded = load_policy(find_policy(policy), as_json=wants_json)
    other = None if base == RECORDED else load_policy(find_policy(base), as_json=wants_json)
    records = read_files(loaded, flows)
    new = judge_records(loaded, records, "judging")
    drift = compare_recorded(new) if other is None else compare(judge_records(other, records, "judging the base"), new)
    name = RECORDED if other is None else other.revision
    code = Exit.CHANGED if drift.differences else Exit.OK
    if form is Format.JSON:
        show_json({"policy": as_json(loaded), "replay": document.render(drift, name), "exit": int(code)})
    elif form is Format.JUNIT:
        show_raw(junit.render(drift, loaded.path))
    else:
        show(text.render(drift, base=name, new=loaded.revision) + (f"\nexit {int(code)}" if code else ""))
    raise typer.Exit(code)
