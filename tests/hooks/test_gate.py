"""What would be believed if these failed: that a policy which fails its own promises is not put in force."""

from __future__ import annotations

from pathlib import Path

import pytest

from parclose.hooks.gate import Unfit, approve
from tests.hooks.ground import POLICY

TESTS = """\
tests:
  - name: visitors
    as: {from: 203.0.113.9}
    checks: {"GET http://api.test/shop/1": %s}
"""
LAX = POLICY.replace("settings:\n", "settings:\n  reload: {require_tests: ignore}\n")
COVERED = POLICY.replace("settings:\n", "settings:\n  reload: {min_coverage: 100%}\n")


def against(folder: Path, text: str | None) -> tuple[str, ...]:
    """Return what stands against a policy."""
    path = folder / "policy.yaml"
    if text is not None:
        path.write_text(text)
    try:
        approve(str(path))
    except Unfit as wrong:
        return wrong.findings
    return ()


def test_nothing_stands_against_a_good_policy(tmp_path: Path) -> None:
    """It is returned."""
    assert against(tmp_path, POLICY) == ()
    assert approve(str(tmp_path / "policy.yaml")).name == "ground"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, ["REF005", "policy.yaml", "does not exist"]),
        ("version: [1", ["YML001"]),
        (POLICY + "bogus: 1\n", ["TYP001", "bogus"]),
        (POLICY + TESTS % "403 scope_missing", ["TST001", "visitors", "want", "got"]),
        (COVERED, ["TST004", "too few routes"]),
        (POLICY + "guardrails: [{id: all, require: {segments: {limits: set}}}]\n", ["SEG005", "guardrail"]),
    ],
)
def test_what_stands_against_it_is_said(tmp_path: Path, text: str | None, words: list[str]) -> None:
    """The kind, and what of it."""
    said = "\n".join(against(tmp_path, text))
    assert all(word in said.lower() or word in said for word in words), said


def test_failing_tests_may_be_ignored_where_the_policy_says_so(tmp_path: Path) -> None:
    """And only then."""
    assert against(tmp_path, LAX + TESTS % "403 scope_missing") == ()


def test_too_little_coverage_is_not_excused_with_the_tests(tmp_path: Path) -> None:
    """The two settings are two."""
    both = POLICY.replace("settings:\n", "settings:\n  reload: {require_tests: ignore, min_coverage: 100%}\n")
    assert [line.split()[1] for line in against(tmp_path, both)] == ["TST004"]
