"""`parclose check --fix`: if these fail, a file is changed where nobody asked, or a slip stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from parclose.cli.mending import difference, mend
from parclose.policy.load import Examined, examine
from parclose.stores.files import read
from tests.cli.kit import folder, run

SLIPS = (
    ("version: 1", "versoin: 1  # stays"),
    ("orders:read\n", "order:read\n"),
    ("segments:", "zones: {here: [10.1.2.3/16, ::1/128, ::2/128]}\nsegments:"),
)
FIXED = '[10.1.0.0/16, "::1/128", "::2/128"]'


def test_all_that_is_safe_is_corrected_in_one_run(tmp_path: Path) -> None:
    """One slip hides the next; every other byte stays, and the policy is valid in the end."""
    path = folder(tmp_path, "", *SLIPS)
    before = Path(path).read_text()
    ran = run("check", path, "--fix")
    after = Path(path).read_text()
    assert (ran.code, "corrected 5 places in 1 files" in ran.err) == (0, True)
    undone = after.replace("version: 1  # stays", "versoin: 1  # stays").replace(
        FIXED, "[10.1.2.3/16, ::1/128, ::2/128]"
    )
    assert undone.replace("orders:read\n", "order:read\n") == before.replace("orders:read\n", "order:read\n")


def test_a_dry_run_shows_and_changes_nothing(tmp_path: Path) -> None:
    """The difference, and the exit code of the policy as it is."""
    path = folder(tmp_path, "", *SLIPS)
    before = Path(path).read_bytes()
    ran = run("check", path, "--fix", "--dry-run")
    assert (ran.code, Path(path).read_bytes()) == (3, before)
    assert "would correct 5 places" in ran.err
    assert f"+zones: {{here: {FIXED}}}" in ran.err


def test_what_nobody_knows_stays(tmp_path: Path) -> None:
    """No guess: the file is as it was, and the finding is told."""
    path = folder(tmp_path, "", ("segments:", "frobnicate:"))
    before = Path(path).read_bytes()
    ran = run("check", path, "--fix")
    assert (ran.code, Path(path).read_bytes()) == (3, before)
    assert "corrected 0 places" in ran.err
    assert "TYP001" in ran.err


def test_a_file_that_cannot_be_written_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a traceback; the policy is as it was."""

    def full(path: str, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    path = folder(tmp_path, "", *SLIPS)
    monkeypatch.setattr("parclose.cli.check.replace_file", full)
    ran = run("check", path, "--fix")
    assert (ran.code, "policy.yaml` cannot be written: no space left on device" in ran.err) == (2, True)


def test_files_that_the_policy_names_are_corrected_too(tmp_path: Path) -> None:
    """A list of prefixes is one of them."""
    path = folder(tmp_path, "", ("segments:", "zones: {here: {files: [list.txt]}}\nsegments:"))
    (tmp_path / "list.txt").write_text("# ours\n10.1.2.3/16   # pool\n")

    def look(reading: object) -> Examined:
        return examine(path, reading)  # type: ignore[arg-type]  # any reader will do here

    mended = mend(path, read, look)
    (changed,) = mended.files
    assert changed == str(tmp_path / "list.txt")
    assert mended.files[changed][1] == b"# ours\n10.1.0.0/16   # pool\n"
    assert "+10.1.0.0/16   # pool" in difference(mended.files)
