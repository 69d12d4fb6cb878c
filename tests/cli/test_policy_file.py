"""Which policy is meant: if these fail, a command judges another policy than the one it was asked about."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from parclose.cli.policy_file import as_json, find_policy, head, load_policy
from tests.cli.kit import folder


def test_the_first_wish_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An argument, then the option, then the file here, then the variable."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARCLOSE_POLICY", "/from/variable.yaml")
    assert find_policy("", "") == "/from/variable.yaml"
    (tmp_path / "policy.yaml").touch()
    assert find_policy("", "") == "policy.yaml"
    assert find_policy("", "b.yaml") == "b.yaml"
    assert find_policy("a.yaml", "b.yaml") == "a.yaml"


def test_a_folder_means_its_policy(tmp_path: Path) -> None:
    """Whoever names the folder means the file in it."""
    assert find_policy(str(tmp_path)) == str(tmp_path / "policy.yaml")


def test_no_policy_at_all_is_bad_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The answer says where was looked, and what to write."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PARCLOSE_POLICY", raising=False)
    with pytest.raises(typer.Exit) as ended:
        find_policy("")
    assert ended.value.exit_code == 2
    assert "--policy" in capsys.readouterr().err


def test_a_valid_policy_is_told_in_one_line(tmp_path: Path) -> None:
    """Name, revision, and how much of it there is."""
    policy = load_policy(folder(tmp_path))
    assert head(policy) == f"policy replay  rev {policy.revision}  1 file  1 segment  3 routes"
    report = as_json(policy)
    assert (report["routes"], report["files"]) == (3, [policy.path])
    assert report["reads"] == list(policy.files)


def test_every_mistake_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two mistakes, two findings, each with its place; the code is 3."""
    path = folder(
        tmp_path, "", ('"GET /orders": orders:read', '"GET /orders": order:read'), ("orders:write\n", "order:write\n")
    )
    with pytest.raises(typer.Exit) as ended:
        load_policy(path)
    assert ended.value.exit_code == 3
    told = capsys.readouterr().err
    assert told.rstrip().endswith("errors")
    assert told.count("policy.yaml:") >= 2
