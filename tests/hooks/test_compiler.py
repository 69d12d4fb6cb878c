"""What would be believed if these failed: that a process which ends, hangs or babbles harms nobody but itself."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from parclose.hooks.compiler import Compiler, Failed
from tests.hooks.ground import POLICY

PATIENCE_S = 20.0


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return the path of a good policy."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


@pytest.fixture
def compiler() -> Iterator[Compiler]:
    """The real process, ended after the test."""
    made = Compiler()
    yield made
    made.close()


def babbling(program: str, deadline_s: float = PATIENCE_S) -> Compiler:
    """Return the end of a process that runs another program."""
    return Compiler(command=(sys.executable, "-c", program), deadline_s=deadline_s)


def is_alive(pid: int) -> bool:
    """Whether a process runs, and has not only been left unburied."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until_gone(pid: int) -> None:
    """Wait for a process to end."""
    until = time.monotonic() + PATIENCE_S
    while is_alive(pid):
        assert time.monotonic() < until
        time.sleep(0.01)


def test_the_same_process_answers_again(compiler: Compiler, path: str) -> None:
    """It lives on between questions."""
    assert compiler.pid is None
    assert compiler.ask(path).pieces
    first = compiler.pid
    assert compiler.ask(path).findings == ()
    assert compiler.pid == first is not None


def test_a_killed_process_is_followed_by_another(compiler: Compiler, path: str) -> None:
    """The question it was asked fails or is answered by its successor; the next is answered."""
    compiler.start()
    first = compiler.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    until_gone(first)
    assert compiler.ask(path).pieces
    assert compiler.pid != first


def test_a_process_that_is_killed_at_work_fails_the_question(compiler: Compiler, path: str) -> None:
    """With how it ended; the next question is answered."""
    compiler.start()
    first = compiler.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.2, os.kill, (first, signal.SIGKILL)).start()
    with pytest.raises(Failed, match="ended without an answer"):
        compiler.ask(path)
    assert compiler.ask(path).pieces


def test_a_process_that_hangs_is_ended(path: str) -> None:
    """After the deadline, with its whole life."""
    compiler = Compiler(deadline_s=0.5)
    compiler.start()
    first = compiler.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    with pytest.raises(Failed, match="did not answer in time"):
        compiler.ask(path)
    assert not is_alive(first)
    compiler.close()


@pytest.mark.parametrize(
    ("program", "why"),
    [
        ("import sys; sys.exit(7)", "7"),
        ("raise ValueError('our fault')", "our fault"),
        ("import sys; sys.stdin.buffer.read(1); sys.stdout.buffer.write(b'x' * 4000)", "no message"),
        ("import sys; sys.stdin.buffer.read(1); sys.stdout.buffer.write(bytes(40))", "damaged"),
    ],
)
def test_what_is_no_answer_fails_the_question(path: str, program: str, why: str) -> None:
    """With the reason, and the last words of the process."""
    compiler = babbling(program)
    with pytest.raises(Failed, match=why):
        compiler.ask(path)
    assert compiler.pid is None
    compiler.close()


def test_a_program_that_is_not_there_fails(path: str) -> None:
    """In words."""
    with pytest.raises(Failed, match="cannot be started"):
        Compiler(command=("/nowhere/at/all",)).ask(path)


def test_secrets_stay_with_the_proxy(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The process has nothing of the environment but what it takes to run."""
    monkeypatch.setenv("UPSTREAM_KEY", "s3cret")
    compiler = babbling("import os, sys; sys.exit(str('UPSTREAM_KEY' in os.environ))")
    with pytest.raises(Failed, match="False"):
        compiler.ask(path)
    compiler.close()


def test_closing_ends_it_for_good(compiler: Compiler, path: str) -> None:
    """Also while it is asked."""
    compiler.start()
    first = compiler.pid
    assert first is not None
    os.kill(first, signal.SIGSTOP)
    threading.Timer(0.2, compiler.close).start()
    with pytest.raises(Failed):
        compiler.ask(path)
    until_gone(first)
    with pytest.raises(Failed, match="ending"):
        compiler.ask(path)


def test_the_process_ends_with_its_input() -> None:
    """A proxy that is killed leaves nobody behind."""
    compiler = Compiler()
    compiler.start()
    process = compiler._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(PATIENCE_S) == 0
    compiler.close()
