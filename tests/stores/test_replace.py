"""A file is replaced whole or not at all: if these fail, a crash leaves half a policy, or a secret readable."""

from __future__ import annotations

from pathlib import Path

import pytest

from parclose.stores.replace import replace_file


def test_content_is_new_and_mode_is_old(tmp_path: Path) -> None:
    """Nothing else is left in the folder."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"old")
    path.chmod(0o640)
    replace_file(str(path), b"new")
    assert (path.read_bytes(), path.stat().st_mode & 0o7777) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_one(tmp_path: Path) -> None:
    """What it points to is replaced."""
    target, link = tmp_path / "real.yaml", tmp_path / "policy.yaml"
    target.write_bytes(b"old")
    link.symlink_to(target)
    replace_file(str(link), b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"


def test_what_does_not_exist_is_not_made(tmp_path: Path) -> None:
    """It was gone in between: said, and nothing is left behind."""
    with pytest.raises(OSError, match="No such file"):
        replace_file(str(tmp_path / "gone.yaml"), b"new")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk: the old content stays, the half-written file goes."""
    path = tmp_path / "policy.yaml"
    path.write_bytes(b"old")

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("parclose.stores.replace.os.fsync", full)
    with pytest.raises(OSError, match="No space"):
        replace_file(str(path), b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
