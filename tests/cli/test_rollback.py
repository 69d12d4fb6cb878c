"""`parclose rollback`: if these fail, the way back from a bad change is another bad change."""

from __future__ import annotations

import tarfile
from pathlib import Path

import pytest

from parclose.hooks.gate import approve
from parclose.stores.history import SUFFIX, History
from tests.cli.kit import TESTS, folder, run

INCLUDE = ("version: 1\n", "version: 1\ninclude: [{file: teams/*.yaml, owner: team, may: {hosts: [team.test]}}]\n")
TEAM = """\
version: 1
segments:
  team: {match: {hosts: [team.test], clients: [anonymous]}, routes: {"read /**": public}}
"""


def kept(path: str, *more: str) -> str:
    """Keep a policy as it lies there, and return its revision."""
    policy = approve(path)
    here = Path(path).parent
    contents = {name: (here / name).read_bytes() for name in ("policy.yaml", "keys.json", *more)}
    count = len(History(path).kept())
    History(path).keep(policy.revision, 1_000.0 + count, tuple(policy.segments), contents)
    return policy.revision


def test_a_policy_is_put_back(tmp_path: Path) -> None:
    """Byte for byte; what was there lies aside."""
    path = folder(tmp_path, TESTS)
    before = Path(path).read_bytes()
    revision = kept(path)
    Path(path).write_text("broken: [\n")
    ran = run("rollback", revision[:5], "--policy", path)
    assert (ran.code, Path(path).read_bytes()) == (0, before)
    assert f"revision {revision} is back: policy.yaml" in ran.out
    (aside,) = History(path).folder.glob(f"aside-*{SUFFIX}")
    with tarfile.open(aside) as archive:
        held = archive.extractfile("policy.yaml")
        assert held is not None
        assert held.read() == b"broken: [\n"


def test_the_last_is_the_newest_that_differs(tmp_path: Path) -> None:
    """A good policy that turned out to be wrong is itself the newest."""
    path = folder(tmp_path, "")
    first = kept(path)
    Path(path).write_text(Path(path).read_text() + "# worse\n")
    assert kept(path) != first
    assert f"revision {first} is back" in run("rollback", "--last", "--policy", path).out
    assert approve(path).revision == first


def test_a_dry_run_changes_nothing(tmp_path: Path) -> None:
    """And says what would be."""
    path = folder(tmp_path, "")
    revision = kept(path)
    Path(path).write_text("x\n")
    ran = run("rollback", revision, "--policy", path, "--dry-run")
    assert (ran.code, ran.out) == (0, f"would put back revision {revision}: policy.yaml\n")
    assert Path(path).read_text() == "x\n"
    assert list(History(path).folder.glob("aside-*")) == []


def test_a_file_that_came_since_does_not_stay_in(tmp_path: Path) -> None:
    """A glob of the earlier policy would read it; and one that went is back."""
    path = folder(tmp_path, "", INCLUDE)
    (tmp_path / "teams").mkdir()
    (tmp_path / "teams" / "a.yaml").write_text(TEAM)
    revision = kept(path, "teams/a.yaml")
    (tmp_path / "teams" / "a.yaml").rename(tmp_path / "teams" / "b.yaml")
    assert approve(path).revision != revision
    ran = run("rollback", revision, "--policy", path)
    assert (ran.code, approve(path).revision) == (0, revision), ran.err
    assert sorted(file.name for file in (tmp_path / "teams").iterdir()) == ["a.yaml"]


def test_what_a_reload_would_refuse_is_not_put_back(tmp_path: Path) -> None:
    """With the findings, and nothing changed."""
    path = folder(tmp_path, "")
    keys = (tmp_path / "keys.json").read_bytes()
    History(path).keep("cccccccccccc", 1.0, (), {"policy.yaml": b"version: 1\nbogus: 1\n", "keys.json": keys})
    before = Path(path).read_bytes()
    ran = run("rollback", "--last", "--policy", path)
    assert (ran.code, Path(path).read_bytes()) == (3, before)
    assert "bogus" in ran.err
    assert "nothing is changed" in ran.err


@pytest.mark.parametrize("words", [(), ("abc", "--last"), ("zzz",), ("--last",)])
def test_what_names_no_revision_is_two(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Nothing, too much, an unknown one, and none to go back to."""
    path = folder(tmp_path, "")
    kept(path)
    ran = run("rollback", *words, "--policy", path)
    assert (ran.code, ran.out) == (2, "")
    assert ran.err


def test_what_is_there_already_stays(tmp_path: Path) -> None:
    """Nothing is written."""
    path = folder(tmp_path, "")
    assert "there already" in run("rollback", kept(path), "--policy", path).out
