"""Recordings on the command line: several files are one recording, and what cannot be read ends the command."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from parclose.cli.recordings import judge_files, read_files
from tests.replay.kit import TEXT, ledger, policy


def test_several_files_are_one_recording(tmp_path: Path) -> None:
    """A ledger that was rotated is read on, and the limits go on with it."""
    lines = ledger().splitlines(keepends=True)
    (tmp_path / "a.jsonl").write_bytes(b"".join(lines[:3]))
    (tmp_path / "b.jsonl").write_bytes(b"".join(lines[3:]))
    judged = judge_files(policy(), [str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")], most=5)
    assert [one.verdict.status for one in judged] == [200, 200, 403, 200, 429]


def test_what_cannot_be_read_is_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the name of the file."""
    with pytest.raises(typer.Exit) as ended:
        read_files(policy(), [str(tmp_path / "gone.flows")])
    assert ended.value.exit_code == 3
    assert "gone.flows" in capsys.readouterr().err


def test_a_database_that_is_not_there_is_three(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Countries are not guessed."""
    (tmp_path / "a.jsonl").write_bytes(ledger())
    with pytest.raises(typer.Exit) as ended:
        judge_files(policy(TEXT + "    geo: {country_db: gone.mmdb, sets: {x: [KP]}}\n"), [f"{tmp_path}/a.jsonl"], 9)
    assert ended.value.exit_code == 3
    assert "gone.mmdb" in capsys.readouterr().err
