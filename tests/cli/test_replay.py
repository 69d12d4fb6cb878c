"""`parclose replay`: if these fail, a change that breaks callers passes CI."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.kit import folder, run
from tests.replay.kit import ledger

CHANGE = ('"GET /orders": orders:read', '"GET /orders": orders:write')


@pytest.fixture
def recording(tmp_path: Path) -> str:
    """Return the path of a ledger."""
    path = tmp_path / "decisions.jsonl"
    path.write_bytes(ledger())
    return str(path)


def test_the_same_policy_changes_nothing(tmp_path: Path, recording: str) -> None:
    """The engine's own regression test: zero differences."""
    ran = run("replay", recording, "--policy", folder(tmp_path, ""), "--base", "recorded")
    assert ran.code == 0
    assert "unchanged 6" in ran.out


def test_a_change_is_four(tmp_path: Path, recording: str) -> None:
    """With one scope changed exactly the requests that needed it differ."""
    ran = run("replay", recording, "--policy", folder(tmp_path, "", CHANGE))
    assert ran.code == 4
    assert "newly denied 2" in ran.out
    assert ran.out.splitlines()[-1] == "exit 4"


def test_the_base_may_be_another_policy(tmp_path: Path, recording: str) -> None:
    """Both judge the same requests; each finds the other's change in reverse."""
    (tmp_path / "old").mkdir()
    old, new = folder(tmp_path / "old", ""), folder(tmp_path, "", CHANGE)
    assert "newly denied 2" in run("replay", recording, "--policy", new, "--base", old).out
    assert "newly allowed 2" in run("replay", recording, "--policy", old, "--base", new).out
    assert run("replay", recording, "--policy", old, "--base", old).code == 0


def test_machines_get_the_same(tmp_path: Path, recording: str) -> None:
    """JSON holds each difference, JUnit a case for each request."""
    path = folder(tmp_path, "", CHANGE)
    report = json.loads(run("replay", recording, "--policy", path, "--format", "json").out)
    assert (report["exit"], [one["decision"] for one in report["replay"]["differences"]]) == (4, ["d2", "d4", "d5"])
    root = ET.fromstring(run("replay", recording, "--policy", path, "--format", "junit").out)
    assert (root.get("tests"), root.get("failures")) == ("6", "3")


@pytest.mark.parametrize(("words", "code"), [(("gone.flows",), 3), ((), 2)])
def test_no_recording_is_an_error(tmp_path: Path, words: tuple[str, ...], code: int) -> None:
    """Nothing replayed is not nothing changed."""
    assert run("replay", *words, "--policy", folder(tmp_path)).code == code


def test_a_base_that_cannot_be_compiled_is_three(tmp_path: Path, recording: str) -> None:
    """Either policy may be the broken one."""
    (tmp_path / "old").mkdir()
    old = folder(tmp_path / "old", "", ("segments:", "segmentss:"))
    assert run("replay", recording, "--policy", folder(tmp_path), "--base", old).code == 3
