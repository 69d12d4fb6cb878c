"""`parclose history`: if these fail, nobody can say which policy was in force when."""

from __future__ import annotations

import json
from pathlib import Path

from parclose.stores.history import History
from tests.cli.kit import folder, run


def kept(path: str) -> None:
    """Keep two revisions of a policy, the second one as it lies there."""
    policy = Path(path)
    content, keys = policy.read_bytes(), (policy.parent / "keys.json").read_bytes()
    history = History(path)
    history.keep("aaaaaaaaaaaa", 1_000.0, ("shop",), {"policy.yaml": b"old", "keys.json": keys, "gone.yaml": b""})
    history.keep("bbbbbbbbbbbb", 90_000.0, ("shop", "more"), {"policy.yaml": content, "keys.json": keys})


def test_none_are_none(tmp_path: Path) -> None:
    """And it is said where they would come from."""
    ran = run("history", folder(tmp_path))
    assert (ran.code, ran.out.split(":")[0].split()[0]) == (0, "no")


def test_the_newest_comes_first(tmp_path: Path) -> None:
    """When, how many segments, which files changed, and which one lies there."""
    path = folder(tmp_path)
    kept(path)
    assert run("history", path).out.splitlines() == [
        "bbbbbbbbbbbb  1970-01-02 01:00:00Z  2 segments    -gone.yaml, policy.yaml  (here)",
        "aaaaaaaaaaaa  1970-01-01 00:16:40Z  1 segment     3 files",
    ]


def test_machines_get_the_same(tmp_path: Path) -> None:
    """With the digests of the files."""
    path = folder(tmp_path)
    kept(path)
    report = json.loads(run("history", path, "--format", "json").out)
    assert [(one["revision"], one["at"], one["here"]) for one in report["revisions"]] == [
        ("bbbbbbbbbbbb", 90_000.0, True),
        ("aaaaaaaaaaaa", 1_000.0, False),
    ]


def test_a_history_that_cannot_be_read_is_three(tmp_path: Path) -> None:
    """An archive that is damaged is passed over; one that cannot be listed is said."""
    path = folder(tmp_path)
    kept(path)
    archive = next(History(path).folder.glob("*aaaaaaaaaaaa*"))
    archive.write_bytes(b"damaged")
    assert len(run("history", path).out.splitlines()) == 1
