"""What would be believed if these failed: that no replaced file goes unseen, and no touch is taken for one."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from parclose.hooks.watched import Watched, looks_of


def read(path: str) -> bytes:
    """Read a file."""
    return Path(path).read_bytes()


def seen(folder: Path, name: str = "p") -> tuple[Watched, Path]:
    """Return what has read one file, and the file."""
    path = folder / name
    if not path.exists():
        path.write_text("one")
    watched = Watched(read)
    watched(str(path))
    return watched, path


def rename(path: Path) -> None:
    """Replace as editors do."""
    (path.parent / "new").write_text("two")
    (path.parent / "new").rename(path)


def same_time_and_size(path: Path) -> None:
    """Replace, keeping size and mtime."""
    before = path.stat()
    path.write_text("two")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize(
    "change",
    [lambda path: path.write_text("two"), rename, same_time_and_size, Path.unlink],
    ids=["write", "rename", "utime", "unlink"],
)
def test_changes_are_seen(tmp_path: Path, change: Callable[[Path], object]) -> None:
    """By looks first, then by content."""
    watched, path = seen(tmp_path)
    assert not watched.has_other_looks()
    assert not watched.has_other_content()
    change(path)
    assert watched.has_other_looks()
    assert watched.has_other_content()


def test_a_touch_is_no_change(tmp_path: Path) -> None:
    """Other looks, the same content: remembered, and quiet from then on."""
    watched, path = seen(tmp_path)
    os.utime(path, ns=(1, 1))
    assert watched.has_other_looks()
    assert not watched.has_other_content()
    assert not watched.has_other_looks()


def test_a_swapped_link_is_seen(tmp_path: Path) -> None:
    """As deployments swap whole folders."""
    for name, text in (("a", "one"), ("b", "two")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "p").write_text(text)
    (tmp_path / "now").symlink_to("a")
    watched, _ = seen(tmp_path, "now/p")
    (tmp_path / "next").symlink_to("b")
    (tmp_path / "next").rename(tmp_path / "now")
    assert watched.has_other_looks()
    assert watched.has_other_content()


def test_a_missing_file_may_appear(tmp_path: Path) -> None:
    """A policy refused for a missing file is looked at again when the file is there."""
    watched = Watched(read)
    path = tmp_path / "later"
    with pytest.raises(FileNotFoundError):
        watched(str(path))
    assert not watched.has_other_content()
    path.write_text("here")
    assert watched.has_other_looks()
    assert watched.has_other_content()


def test_databases_are_watched_by_their_looks(tmp_path: Path) -> None:
    """They are large, and read elsewhere."""
    watched, path = Watched(read), tmp_path / "db"
    path.write_text("one")
    watched.add([str(path)])
    assert not watched.has_other_content()
    rename(path)
    assert watched.has_other_content()
    assert looks_of("\0") is None


def test_a_new_file_is_seen(tmp_path: Path) -> None:
    """A file that appears under a pattern, or goes, is a change; another one is none."""
    (tmp_path / "a.yaml").write_text("a")
    watched = Watched(read)
    assert watched.list_files(str(tmp_path), "*.yaml") == ("a.yaml",)
    (tmp_path / "b.txt").write_text("b")
    assert not watched.has_other_looks()
    assert not watched.has_other_content()
    (tmp_path / "b.yaml").write_text("b")
    assert watched.has_other_looks()
    assert watched.has_other_content()
    (tmp_path / "b.yaml").unlink()
    assert not watched.has_other_looks()
    (tmp_path / "a.yaml").unlink()
    assert watched.has_other_content()


def test_a_folder_that_cannot_be_listed_is_looked_at_again(tmp_path: Path) -> None:
    """A pattern that could not be listed when the policy was read is a change as soon as it can be."""
    able = False

    def lists(folder: str, pattern: str) -> list[str]:
        if not able:
            raise PermissionError(13, "no", folder)
        return ["a.yaml"]

    watched = Watched(read, lists)
    with pytest.raises(PermissionError):
        watched.list_files(str(tmp_path), "*.yaml")
    assert not watched.has_other_looks()
    able = True
    assert watched.has_other_looks()
