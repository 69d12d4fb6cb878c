"""Test results for machines: if these fail, a build is green, or a failure points nowhere."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

from tests.cli.kit import TESTS, folder, run

BROKEN = ('"GET /orders": orders:read', '"GET /orders": orders:write')


def test_a_failure_is_an_annotation_at_its_line(tmp_path: Path) -> None:
    """File and line of the test, its name as title, what was wanted and what came."""
    where = folder(tmp_path, TESTS, BROKEN)
    ran = run("test", where, "--format", "github")
    assert ran.code == 1
    (line,) = ran.out.strip().splitlines()
    head, _, message = line.removeprefix("::").partition("::")
    assert head.startswith("error file=")
    assert "policy.yaml,line=" in head
    assert head.endswith("title=readers read")
    assert message == "want allow @shop, got 403 scope_missing @shop"


def test_all_passed_annotates_nothing(tmp_path: Path) -> None:
    """A green run is silent; a gate that is not met is an error of the whole run."""
    assert run("test", folder(tmp_path), "--format", "github").out == ""
    gated = run("test", folder(tmp_path), "--format", "github", "--min-coverage", "100%")
    assert gated.out.startswith("::error title=")
    assert gated.code == 1


def test_several_forms_at_once(tmp_path: Path) -> None:
    """One to the standard output, others to files."""
    junit, plain = tmp_path / "report.xml", tmp_path / "report.json"
    ran = run("test", folder(tmp_path), "--format", f"junit={junit}", "--format", f"json={plain}", "--format", "text")
    assert ran.code == 0
    assert ran.out.startswith("policy ")
    suite = ET.fromstring(junit.read_text())
    cases = [(case.get("classname"), case.get("name"), case.get("line")) for case in suite]
    assert ("shop", "readers read / GET http://api.test/orders") in [case[:2] for case in cases]
    assert all(case[2] for case in cases)
    assert json.loads(plain.read_text())["exit"] == 0


def test_a_form_that_there_is_not(tmp_path: Path) -> None:
    """Bad usage, and so is a file that cannot be written."""
    assert run("test", folder(tmp_path), "--format", "yaml").code == 2
    assert run("test", folder(tmp_path), "--format", f"junit={tmp_path}/no/such").code == 2


def test_tests_can_be_chosen_by_an_expression(tmp_path: Path) -> None:
    """`-k` takes words and `not`; a slip is bad usage, not a run without tests."""
    assert "0 tests" in run("test", folder(tmp_path), "-k", "not readers").out
    assert run("test", folder(tmp_path), "-k", "readers and").code == 2
