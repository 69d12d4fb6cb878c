"""The demo as a visitor sees it: served from a copy of its folder, its printed requests pasted into a shell."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parclose.demo.serve import POLICY
from tests.house.tree import SOURCE_ROOT
from tests.live.lab import free_port

READY_S = 60.0
POLL_S = 0.1
PASTED_S = 60.0


@dataclass(frozen=True, slots=True)
class Printed:
    """One printed request: the answer that stands above it, and its command."""

    answer: str
    command: str


@dataclass(slots=True)
class Demo:
    """A running demo: its folder, its process, and what it has said so far."""

    folder: Path
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def said(self) -> str:
        """Everything that was printed."""
        return self.log.read_text(errors="replace")

    @property
    def requests(self) -> list[Printed]:
        """The printed requests, each with the answer it must get."""
        found = re.findall(r"^# (\d[^:\n]*): [^\n]*\n((?:curl|for) [^\n]*)$", self.said, re.MULTILINE)
        return [Printed(answer, command) for answer, command in found]

    @property
    def url(self) -> str:
        """Where it serves."""
        found = re.search(r"^# ready: (\S+) ", self.said, re.MULTILINE)
        assert found
        return found[1]

    def stop(self) -> int:
        """Interrupt it, as Ctrl-C does, and return its exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(timeout=20)


def own_folder(path: Path) -> Path:
    """Copy the demo's policy into a folder, with an admin port of its own."""
    path.mkdir(exist_ok=True)
    text = POLICY.read_text().replace(":9464", f":{free_port()}")
    (path / "policy.yaml").write_text(text)
    return path


@contextmanager
def served(folder: Path, *rest: str) -> Iterator[Demo]:
    """Serve the demo of a folder until the end of the block; `rest` goes to mitmproxy."""
    log = folder / "served.log"
    command = [sys.executable, "-m", "parclose.cli.app", "demo", "serve", "--policy", str(folder / "policy.yaml")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{free_port()}", *(["--", *rest] if rest else [])],
            stdout=output,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(SOURCE_ROOT), "PYTHONUNBUFFERED": "1"},
        )
    demo = Demo(folder, log, process)
    try:
        deadline = time.monotonic() + READY_S
        while "# stop: Ctrl-C" not in demo.said:
            assert process.poll() is None, demo.said
            assert time.monotonic() < deadline, demo.said
            time.sleep(POLL_S)
        yield demo
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(timeout=20)


def paste(command: str) -> tuple[list[int], str]:
    """Run one printed command in a shell; return the statuses it shows, and the reason where a body gives one."""
    bash = shutil.which("bash")
    assert bash
    shown = subprocess.run([bash, "-c", command], capture_output=True, text=True, timeout=PASTED_S, check=True).stdout
    if command.startswith("for "):
        return [int(word) for word in shown.split()], ""
    status = re.match(r"HTTP/1\.1 (\d{3})", shown)
    assert status, shown
    reason = re.search(r'"reason":"(\w+)"', shown)
    return [int(status[1])], reason[1] if reason else ""
