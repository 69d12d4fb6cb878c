"""`parclose test`: if these fail, a broken policy goes out with a green tick."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.cli.kit import TESTS, folder, run

BROKEN = ('"GET /orders": orders:read', '"GET /orders": orders:write')


def test_all_passed_is_zero(tmp_path: Path) -> None:
    """Sums, and a table of coverage; every line fits a terminal of 80 columns."""
    ran = run("test", folder(tmp_path))
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[2].startswith("tests      1 test, 2 checks")
    assert "all passed in" in lines[2]
    assert lines[-1].split() == ["total", "2/3", "67%", "1/3", "33%", "1/2", "50%"]
    assert max(len(line) for line in lines) <= 80


def test_a_failure_is_one_and_says_why(tmp_path: Path) -> None:
    """Wanted, got, what would have passed, and the lines of the test and of the rule."""
    ran = run("test", folder(tmp_path, TESTS, BROKEN))
    assert ran.code == 1
    assert "1 check failed in 1 test" in ran.out
    block = ran.out.split("FAIL  readers read")[1].splitlines()
    assert "policy.yaml:" in block[0]
    assert [line.strip() for line in block[1:3]] == ["GET http://api.test/orders", "want  allow @shop"]
    assert "got   403 scope_missing @shop" in block[3]
    assert "orders:write" in block[3]
    assert ran.out.splitlines()[-1] == "exit 1"


def test_another_reason_is_noted(tmp_path: Path) -> None:
    """The failure that looks like a success."""
    ran = run("test", folder(tmp_path, TESTS, ("403 scope_missing @shop", "403 role_missing @shop")))
    assert "note  still refused, but for another reason" in ran.out


@pytest.mark.parametrize(("share", "code"), [("66%", 0), ("67%", 1), ("100%", 1)])
def test_coverage_is_a_gate(tmp_path: Path, share: str, code: int) -> None:
    """Two of three routes are not 67 percent."""
    ran = run("test", folder(tmp_path), "--min-coverage", share)
    assert ran.code == code
    assert f"gate: routes >= {share}  {'FAILED' if code else 'ok'}" in ran.out


@pytest.mark.parametrize("share", ["all", "101%", "-1%", "0.8"])
def test_a_share_is_written_in_percent(tmp_path: Path, share: str) -> None:
    """Anything else is bad usage."""
    assert run("test", folder(tmp_path), "--min-coverage", share).code == 2


def test_some_tests_can_be_chosen(tmp_path: Path) -> None:
    """By a part of their name; choosing none proves nothing, and says so."""
    assert "1 test, 2 checks" in run("test", folder(tmp_path), "-k", "readers").out
    assert "nothing was proven" in run("test", folder(tmp_path), "-k", "writers").out


def test_a_skipped_test_is_listed(tmp_path: Path) -> None:
    """With its reason."""
    later = TESTS + '  - {name: later, skip: not yet, as: reader, checks: {"GET http://api.test/": allow}}\n'
    assert "skipped    later: not yet" in run("test", folder(tmp_path, later)).out


def test_a_policy_that_cannot_be_compiled_is_three(tmp_path: Path) -> None:
    """Findings, as `check` prints them."""
    assert run("test", folder(tmp_path, TESTS, ("segments:", "segmentss:"))).code == 3


def test_machines_get_the_same(tmp_path: Path) -> None:
    """JSON holds each result and the coverage, JUnit a case for each check with its file and line."""
    path = folder(tmp_path, TESTS, BROKEN)
    report = json.loads(run("test", path, "--format", "json").out)
    assert report["exit"] == 1
    assert [(result["passed"], result["want"]) for result in report["tests"]] == [
        (False, "allow @shop"),
        (True, "403 scope_missing @shop"),
    ]
    assert report["coverage"]["segments"][0]["segment"] == "shop"
    listed = json.loads(run("check", path, "--format", "json").out)["findings"]
    assert [each["id"] for each in report["findings"]] == [each["id"] for each in listed]
    assert "TST003" in {each["id"] for each in listed}
    chosen = json.loads(run("test", path, "-k", "read", "--format", "json").out)
    assert "TST003" not in {each["id"] for each in chosen["findings"]}
    root = ET.fromstring(run("test", path, "--format", "junit").out)
    assert (root.get("tests"), root.get("failures")) == ("2", "1")
    assert (root[0].get("classname"), root[0].get("file")) == ("shop", "policy.yaml")
    assert str(root[0].get("line")).isdigit()
