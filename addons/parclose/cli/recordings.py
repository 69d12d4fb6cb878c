"""Recordings on the command line: read, judged in the recorded order, with a bar for who waits."""

from __future__ import annotations

from collections.abc import Sequence

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from parclose.cli.output import Exit, show
from parclose.policy.model import Policy
from parclose.replay.corpus import BadRecording
from parclose.replay.flows import read_recording
from parclose.replay.order import Judged, judge_all
from parclose.replay.record import Record
from parclose.replay.world import world_of
from parclose.stores.geoip import DatabaseError

BAR_FROM = 2_000  # requests; fewer are judged before a bar could be read


def read_files(policy: Policy, paths: Sequence[str], most: int | None = None) -> list[Record]:
    """Return the records of all files, at most `most`, or say what cannot be read and end the command."""
    records: list[Record] = []
    try:
        for path in paths:
            for record in read_recording(path, policy):
                records.append(record)
                if most is not None and len(records) >= most:
                    return records
    except BadRecording as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.INVALID) from None
    return records


def judge_records(policy: Policy, records: Sequence[Record], what: str) -> list[Judged]:
    """Judge all records, with a bar on a terminal when there are many."""
    try:
        world = world_of(policy)
    except (DatabaseError, ValueError) as wrong:
        show(str(wrong), error=True)
        raise typer.Exit(Exit.INVALID) from None
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    disabled = not console.is_terminal or len(records) < BAR_FROM
    with Progress(*columns, console=console, transient=True, disable=disabled) as progress:
        task = progress.add_task(what, total=len(records))
        return judge_all(policy, records, world.of, on_judged=lambda: progress.advance(task))


def judge_files(policy: Policy, paths: Sequence[str], most: int) -> list[Judged]:
    """Read and judge the first `most` requests of the files."""
    return judge_records(policy, read_files(policy, paths, most), "judging")
