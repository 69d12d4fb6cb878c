"""What would be believed if these failed: that an earlier policy can be had back, byte for byte."""

from __future__ import annotations

import io
import stat
import tarfile
from pathlib import Path

import pytest

from parclose.stores.history import (
    FOLDER,
    MOST,
    SUFFIX,
    History,
    HistoryError,
    contents_of,
    inside,
    unsafe,
    write_whole,
)

FILES = {"policy.yaml": b"version: 1\n", "teams/web.yaml": b"segments: {}\n"}


def history(folder: Path) -> History:
    """Return the history of a policy in a folder."""
    return History(str(folder / "policy.yaml"))


def test_a_revision_is_had_back(tmp_path: Path) -> None:
    """All its files, with when and what; nobody else may read them."""
    held = history(tmp_path)
    held.keep("aaaaaaaaaaaa", 1_000.5, ("shop",), FILES)
    (kept,) = held.kept()
    assert (kept.revision, kept.at, kept.main, kept.segments) == ("aaaaaaaaaaaa", 1_000.5, "policy.yaml", ("shop",))
    assert contents_of(kept) == FILES
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(held.folder.stat().st_mode) == 0o700


def test_the_newest_is_not_kept_twice(tmp_path: Path) -> None:
    """A restart is no revision; going back to an earlier one is."""
    held = history(tmp_path)
    for at, revision in enumerate(("a", "a", "b", "b", "a")):
        held.keep(revision, float(at), (), FILES)
    assert [kept.revision for kept in held.kept()] == ["a", "b", "a"]


def test_only_the_last_are_kept(tmp_path: Path) -> None:
    """The oldest goes first."""
    held = history(tmp_path)
    for number in range(MOST + 3):
        held.keep(f"r{number}", float(number), (), FILES)
    assert [kept.revision for kept in held.kept()] == [f"r{number}" for number in range(3, MOST + 3)]


def test_what_is_set_aside_is_no_revision(tmp_path: Path) -> None:
    """It lies beside them."""
    held = history(tmp_path)
    aside = held.set_aside(5.0, FILES)
    assert aside.is_file()
    assert held.kept() == ()


def test_no_history_is_an_empty_one(tmp_path: Path) -> None:
    """A policy that was never served has none."""
    assert history(tmp_path).kept() == ()


@pytest.mark.parametrize("spoil", ["cut", "garbage", "empty", "climbs", "no words"])
def test_a_damaged_archive_is_passed_over(tmp_path: Path, spoil: str) -> None:
    """The others can still be had."""
    held = history(tmp_path)
    held.keep("good", 1.0, (), FILES)
    (kept,) = held.kept()
    whole = kept.path.read_bytes()
    other = kept.path.with_name(f"20990101T000000.000000Z-bad{SUFFIX}")
    other.write_bytes({"cut": whole[:40], "garbage": b"x" * 99, "empty": b""}.get(spoil, whole))
    if spoil in {"climbs", "no words"}:
        words = b'{"revision": "r", "at": 1, "main": "../policy.yaml", "segments": [], "files": {"../x": ""}}'
        with tarfile.open(other, "w:gz") as archive:
            member = tarfile.TarInfo(".revision.json")
            member.size = len(words) if spoil == "climbs" else 2
            archive.addfile(member, io.BytesIO(words if spoil == "climbs" else b"[]"))
    assert [one.revision for one in held.kept()] == ["good"]


def test_an_altered_file_is_not_written_back(tmp_path: Path) -> None:
    """Its digest was kept with it."""
    held = history(tmp_path)
    held.keep("good", 1.0, (), FILES)
    (kept,) = held.kept()
    with tarfile.open(kept.path) as archive:
        members = [(member, archive.extractfile(member)) for member in archive]
        contents = [(member, file.read() if file else b"") for member, file in members]
    with tarfile.open(kept.path, "w:gz") as archive:
        for member, content in contents:
            archive.addfile(member, io.BytesIO(content.replace(b"version: 1", b"version: 9")))
    with pytest.raises(HistoryError, match=r"policy\.yaml"):
        contents_of(kept)


def test_a_file_in_place_of_the_folder_is_said(tmp_path: Path) -> None:
    """With its name."""
    (tmp_path / FOLDER.parts[0]).write_text("")
    with pytest.raises(HistoryError, match=FOLDER.parts[0]):
        history(tmp_path).keep("a", 1.0, (), FILES)


def test_only_files_of_the_folder_are_kept() -> None:
    """What lies elsewhere (secrets, databases) is not."""
    found = inside("/p/policy.yaml", ("/p/policy.yaml", "/p/teams/a.yaml", "/run/secrets/key", "/p/../etc/x"))
    assert found == {"policy.yaml": "/p/policy.yaml", "teams/a.yaml": "/p/teams/a.yaml"}


@pytest.mark.parametrize(
    ("name", "bad"),
    [
        ("policy.yaml", False),
        ("teams/a.yaml", False),
        ("", True),
        ("/etc/x", True),
        ("../x", True),
        ("a/../../x", True),
    ],
)
def test_names_that_lead_out_are_unsafe(name: str, bad: bool) -> None:
    """They would be written over something else."""
    assert unsafe(name) is bad


def test_a_file_is_written_whole(tmp_path: Path) -> None:
    """With its mode, over the old one, and nothing is left beside it."""
    path = tmp_path / "policy.yaml"
    path.write_text("old")
    write_whole(path, b"new", 0o640)
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode)) == (b"new", 0o640)
    assert list(tmp_path.iterdir()) == [path]
