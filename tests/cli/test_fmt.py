"""`parclose fmt`: if these fail, a file is changed by a look, or left half-written."""

from __future__ import annotations

from pathlib import Path

from tests.cli.kit import folder, run

LOOSE = (("version: 1", "version:    1   # of the language"),)


def test_check_changes_nothing_and_fails(tmp_path: Path) -> None:
    """For CI: which files, and the code."""
    path = folder(tmp_path, "", *LOOSE)
    before = Path(path).read_bytes()
    ran = run("fmt", path, "--check")
    assert (ran.code, Path(path).read_bytes()) == (1, before)
    assert f"would format {path}" in ran.err


def test_diff_shows_and_changes_nothing(tmp_path: Path) -> None:
    """The lines, as `diff -u` writes them."""
    path = folder(tmp_path, "", *LOOSE)
    before = Path(path).read_bytes()
    ran = run("fmt", path, "--diff")
    assert (ran.code, Path(path).read_bytes()) == (1, before)
    assert "+version: 1  # of the language" in ran.out


def test_it_formats_once_and_for_all(tmp_path: Path) -> None:
    """Then there is nothing left to do, and the policy is as valid as it was."""
    path = folder(tmp_path, "", *LOOSE)
    assert run("fmt", path).code == 0
    assert "version: 1  # of the language" in Path(path).read_text()
    ran = run("fmt", path, "--check")
    assert (ran.code, ran.err.strip().splitlines()[-1]) == (0, "0 of 1 file to change")
    assert run("check", path).code == 0


def test_what_cannot_be_read_stays(tmp_path: Path) -> None:
    """With the finding, and the code of what cannot be compiled."""
    path = folder(tmp_path, "", ("version: 1", "version: [1"))
    before = Path(path).read_bytes()
    ran = run("fmt", path)
    assert (ran.code, Path(path).read_bytes()) == (3, before)
    assert "YML001" in ran.err


def test_a_migration_says_that_there_is_none(tmp_path: Path) -> None:
    """One version so far."""
    ran = run("fmt", folder(tmp_path), "--migrate")
    assert (ran.code, "version 1 is the newest" in ran.err) == (0, True)
