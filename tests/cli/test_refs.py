"""Policies out of git: what was committed, not what lies on the disk; with files that it includes by pattern."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from parclose.cli.refs import GitTree, NoSuchRevision, load_ref
from parclose.stores.files import FileError
from tests.cli.kit import folder, run

ME = ("-c", "user.name=t", "-c", "user.email=t@test.example", "-c", "commit.gpgsign=false")


def git(path: Path, *words: str) -> None:
    """Run git in a folder."""
    subprocess.run(["git", "-C", str(path), *ME, *words], check=True, capture_output=True)


@pytest.fixture
def committed(tmp_path: Path) -> Path:
    """Return the folder of a policy that is committed, in a folder of its own below the repository."""
    inside = tmp_path / "policies" / "shop"
    inside.mkdir(parents=True)
    folder(inside)
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "first")
    return inside


def test_what_was_committed_is_read(committed: Path) -> None:
    """A change on the disk is a difference to the last commit, and none to itself."""
    file = committed / "policy.yaml"
    file.write_text(file.read_text().replace('"POST /orders": orders:write', '"POST /orders": authenticated'))
    ran = run("diff", "git:HEAD", str(committed))
    assert (ran.code, " + GRANTS " in ran.out) == (4, True)
    assert "git:HEAD (" in ran.out.splitlines()[0]
    assert run("diff", str(committed), str(committed)).code == 0
    assert load_ref("git:HEAD", str(committed)).revision != load_ref(str(committed), "").revision


def test_files_that_are_gone_are_still_in_the_commit(committed: Path) -> None:
    """Keys and includes are read from the same commit; listing is by pattern, as on the disk."""
    teams = committed / "teams"
    teams.mkdir()
    for name in ("a.yaml", "b.yaml", "c.txt"):
        (teams / name).write_text("segments: {}\n")
    git(committed, "add", ".")
    git(committed, "commit", "-qm", "teams")
    (teams / "a.yaml").unlink()
    (committed / "keys.json").unlink()
    tree = GitTree.at("HEAD", committed)
    assert tree.list_files(str(committed), "teams/*.yaml") == ["teams/a.yaml", "teams/b.yaml"]
    assert tree.read(str(committed / "keys.json"))
    assert load_ref("git:HEAD", str(committed)).segments


def test_what_is_outside_is_read_as_it_is(committed: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A file elsewhere has no history here; one inside that was not committed does not exist."""
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "ca.pem"
    elsewhere.write_text("x")
    tree = GitTree.at("HEAD", committed)
    assert tree.read(str(elsewhere)) == b"x"
    (committed / "new.yaml").write_text("x")
    with pytest.raises(FileError, match="does not exist in"):
        tree.read(str(committed / "new.yaml"))


@pytest.mark.parametrize("revision", ["nope", "--output=x", "HEAD~9", ""])
def test_no_such_revision(revision: str, committed: Path) -> None:
    """It is told, and nothing that looks like an option is taken for one."""
    with pytest.raises(NoSuchRevision):
        GitTree.at(revision, committed)
    ran = run("diff", f"git:{revision}", str(committed))
    assert ran.code == 3
    assert f"`git:{revision}`" in ran.err


def test_no_repository(tmp_path: Path) -> None:
    """Outside of git there is nothing to read."""
    ran = run("diff", "git:HEAD", folder(tmp_path))
    assert ran.code == 3
    assert "git" in ran.err
