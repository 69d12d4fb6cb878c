"""The proxy's end of the process that compiles policies: starts it, asks it, and survives whatever becomes of it.

Whatever goes wrong there (it cannot be started, ends, hangs, says nothing that makes sense) is `Failed`; the process is
then ended, and the next question starts another.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import parclose
from parclose.hooks.frames import Answer, Broken, frame, read_answer, unframe

# The largest policy that is ever loaded takes some 20 s on a slow machine, its tests included.
DEADLINE_S = 120.0
END_S = 2.0
COMMAND = (sys.executable, "-P", "-m", "parclose.hooks.worker")
# What a program needs to run; secrets that the policy takes from the environment stay here.
KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "LD_LIBRARY_PATH", "VIRTUAL_ENV")
CHUNK_BYTES = 1 << 16
MOST_SAID = 300  # characters of what a process said before it ended


class Failed(Exception):
    """The policy could not be compiled for a reason that is not its own; says why."""


@dataclass(slots=True)
class Compiler:
    """The process, which is started when it is needed first and lives until `close`."""

    command: Sequence[str] = COMMAND
    deadline_s: float = DEADLINE_S
    _process: subprocess.Popen[bytes] | None = None
    _said: IO[bytes] | None = field(default=None, repr=False)
    _busy: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _is_closed: bool = False

    def start(self) -> None:
        """Start the process unless it runs.

        Raises:
            Failed: it cannot be started.
        """
        with self._busy:
            self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._is_closed:
            raise Failed("the proxy is ending")
        if self._process is not None and self._process.poll() is None:
            return self._process
        self._close()
        try:
            self._said = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as the process
            self._process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                env=_environment(os.environ),
                start_new_session=True,  # Ctrl-C is for the proxy, which then ends this
                bufsize=0,
            )
        except (OSError, ValueError) as wrong:
            self._close()
            raise Failed(f"the process that compiles policies cannot be started: {wrong}") from wrong
        return self._process

    def ask(self, path: str) -> Answer:
        """Return the answer on the policy of a file; waits for it, at most `deadline_s`.

        Raises:
            Failed: there is none.
        """
        with self._busy:
            process = self._started()
            until = time.monotonic() + self.deadline_s
            try:
                os.write(_number(process.stdin), frame(path.encode("utf-8", "surrogateescape")))
                return read_answer(unframe(_Patient(_number(process.stdout), until).take))
            except (Broken, OSError) as wrong:
                why = self._why(wrong)
                self._close()
                raise Failed(f"the process that compiles policies failed: {why}") from wrong

    def close(self) -> None:
        """End the process for good, also while it is asked; it need not agree."""
        self._is_closed = True
        if self._process is not None:
            self._process.kill()
        if self._busy.acquire(blocking=False):
            self._close()
            self._busy.release()

    def fail(self, why: str) -> Failed:
        """End the process, whose answer turned out to be none, and return what to say of it."""
        with self._busy:
            self._close()
        return Failed(f"the process that compiles policies failed: {why}")

    def _close(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe is not None:
                    pipe.close()
            process.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # stuck in the kernel: it cannot be helped
                process.wait(END_S)
        if self._said is not None:
            self._said.close()
            self._said = None

    @property
    def pid(self) -> int | None:
        """The process's id, None when there is none."""
        return self._process.pid if self._process is not None else None

    def _why(self, wrong: Exception) -> str:
        """Return what is known of a failure: the failure itself, how the process ended, its last words."""
        words = [str(wrong)]
        process = self._process
        if process is not None and not isinstance(wrong, TimeoutError):
            with contextlib.suppress(subprocess.TimeoutExpired):
                words.append(f"exit code {process.wait(END_S)}")
        if self._said is not None:
            self._said.seek(max(0, self._said.seek(0, os.SEEK_END) - MOST_SAID))
            said = self._said.read().decode("utf-8", "replace").strip().rpartition("\n")[2]
            words += [said] if said else []
        return ", ".join(words)


@dataclass(slots=True)
class _Patient:
    """Reads from a pipe until a deadline."""

    pipe: int
    until: float

    def take(self, count: int) -> memoryview:
        """Return so many bytes, fewer at the end of the pipe.

        Raises:
            TimeoutError: they did not come in time.
        """
        taken = memoryview(bytearray(count))
        at = 0
        with selectors.DefaultSelector() as selector:
            selector.register(self.pipe, selectors.EVENT_READ)
            while at < count:
                if not selector.select(max(0.0, self.until - time.monotonic())):
                    raise TimeoutError("it did not answer in time")
                part = os.readv(self.pipe, [taken[at : at + CHUNK_BYTES]])
                if not part:
                    break
                at += part
        return taken[:at]


def _number(pipe: IO[bytes] | None) -> int:
    """Return the file number of a pipe.

    Raises:
        Broken: there is none.
    """
    if pipe is None:
        raise Broken("it has no pipes")
    return pipe.fileno()


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    kept = {name: environ[name] for name in KEPT if name in environ}
    root = str(Path(parclose.__file__).parent.parent)
    paths = [root, *filter(None, environ.get("PYTHONPATH", "").split(os.pathsep))]
    return {**kept, "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths))}
