"""The command as a whole: if these fail, what the README tells to type is not there."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.cli.kit import run
from tests.house.tree import SOURCE_ROOT


@pytest.mark.parametrize("command", ["check", "test", "explain", "replay", "fmt", "schema", "demo", "version"])
def test_each_command_helps(command: str) -> None:
    """Every command says what it does and how it exits, without a policy."""
    ran = run(command, "--help")
    assert ran.code == 0
    assert command in ran.out


@pytest.mark.parametrize("words", [("nonsense",), ("check", "--nonsense"), ("test", "--format", "sarif")])
def test_bad_usage_is_two(words: tuple[str, ...]) -> None:
    """CI can tell a typing mistake from a failed check."""
    assert run(*words).code == 2


def test_it_runs_as_a_module() -> None:
    """`python -m parclose.cli.app` is `parclose`."""
    ran = subprocess.run(
        [sys.executable, "-m", "parclose.cli.app", "version"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={"PYTHONPATH": str(SOURCE_ROOT)},
    )
    assert (ran.returncode, ran.stdout.split()[0]) == (0, "parclose")
