"""The set-up finds a Python that really runs, and says in one sentence what is missing when there is none.

If these fail, a newcomer's first command ends in somebody else's error message.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house.tree import ROOT

BASH = shutil.which("bash") or "/bin/bash"


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """Lay out a checkout and a home on a machine that has no Python: its PATH leads to one folder of ours."""
    for folder in ("checkout/scripts", "home", "bin"):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "environment", tmp_path / "checkout" / "scripts")
    shutil.copy(ROOT / "pyproject.toml", tmp_path / "checkout")
    for lock in ROOT.glob("requirements*.lock"):
        shutil.copy(lock, tmp_path / "checkout")
    for program in ("cat", "dirname", "grep", "mkdir", "mv", "rm"):
        (tmp_path / "bin" / program).symlink_to(shutil.which(program) or program)
    return tmp_path


def shell(machine: Path, text: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Source the set-up on that machine and run `text`."""
    return subprocess.run(
        [BASH, "-euc", f'source "{machine}/checkout/scripts/environment"; {text}'],
        env={"HOME": str(machine / "home"), "PATH": str(machine / "bin"), **variables},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def program(path: Path, text: str) -> Path:
    """Write a shell program."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!{BASH}\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def real_python(path: Path) -> Path:
    """Put the Python that runs this test at `path`."""
    return program(path, f'exec "{sys.executable}" "$@"')


def test_a_shim_that_only_complains_is_passed_over(machine: Path) -> None:
    """What pyenv leaves on PATH does not run; its versions folder is found though pyenv itself is not on PATH."""
    for name in ("python3.13", "python3.12", "python3"):
        program(machine / "bin" / name, f"echo 'pyenv: {name}: command not found' >&2; exit 127")
    there = real_python(machine / "home" / ".pyenv" / "versions" / "3.12.1" / "bin" / "python")
    assert shell(machine, "find_python").stdout.strip() == str(there)


def test_one_on_the_path_comes_before_pyenvs_folder(machine: Path) -> None:
    """What the user has on PATH is taken before what only lies about."""
    real_python(machine / "home" / ".pyenv" / "versions" / "3.13.0" / "bin" / "python")
    there = real_python(machine / "bin" / "python3.12")
    assert shell(machine, "find_python").stdout.strip() == str(there)


def test_the_named_one_comes_first(machine: Path) -> None:
    """PARCLOSE_PYTHON is taken before everything else."""
    real_python(machine / "bin" / "python3.13")
    there = real_python(machine / "named")
    assert shell(machine, "find_python", PARCLOSE_PYTHON=str(there)).stdout.strip() == str(there)


def test_uv_is_asked_before_the_path(machine: Path) -> None:
    """A Python that uv manages is found though it is on no PATH, and a uv that knows none is no obstacle."""
    managed = real_python(machine / "managed")
    there = real_python(machine / "bin" / "python3.12")
    uv = program(machine / "bin" / "uv", f'case "$*" in *3.13*) echo "{managed}" ;; *) exit 2 ;; esac')
    assert shell(machine, "find_python").stdout.strip() == str(managed)
    program(uv, "exit 2")
    assert shell(machine, "find_python").stdout.strip() == str(there)


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({}, "no CPython 3.12 or newer"),
        ({"PARCLOSE_PYTHON": "/nowhere/python"}, "`PARCLOSE_PYTHON=/nowhere/python` is not a CPython 3.12 or newer"),
    ],
)
def test_what_is_missing_is_said_in_one_sentence(machine: Path, variables: dict[str, str], sentence: str) -> None:
    """Without a Python the set-up ends with 1, one line, and no half-made environment."""
    done = shell(machine, "prepare_environment run; echo went on", **variables)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert sentence in done.stderr
    assert not (machine / "checkout" / ".venv").exists()


def test_a_complete_environment_is_left_alone(machine: Path) -> None:
    """A stamp that fits is enough; a changed lock, or an installation that did not end, is not."""
    python = real_python(machine / "checkout" / ".venv" / "bin" / "python")
    stamped = shell(machine, 'stamp_of run >"$ROOT/.venv/.stamp-run"; is_prepared run && ! is_prepared dev')
    assert stamped.returncode == 0, stamped.stderr
    unfinished = python.parents[1] / ".unfinished"
    unfinished.touch()
    assert shell(machine, "is_prepared run").returncode == 1
    unfinished.unlink()
    assert shell(machine, "is_prepared run").returncode == 0
    with (machine / "checkout" / "requirements.lock").open("a", encoding="utf-8") as lock:
        lock.write(os.linesep)
    assert shell(machine, "is_prepared run").returncode == 1


def test_an_environment_for_developing_also_runs(machine: Path) -> None:
    """`scripts/run` after `scripts/test` installs nothing."""
    real_python(machine / "checkout" / ".venv" / "bin" / "python")
    done = shell(machine, 'stamp_of dev >"$ROOT/.venv/.stamp-dev"; is_prepared run && is_prepared dev')
    assert done.returncode == 0, done.stderr
