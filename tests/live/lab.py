"""A small laboratory on loopback: a child process that proxies (`wire.py`: origin and client, `certs.py`: TLS).

Every wait is a poll for a condition with a deadline, so a test takes as long as the machine needs and no longer.
The child writes to a file, never to a pipe: a full pipe stops mitmproxy's event loop.
"""

import asyncio
import atexit
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

REPOSITORY = Path(__file__).resolve().parents[2]
LOADER = REPOSITORY / "addons" / "loader.py"
BIN = Path(sys.executable).parent
POLL_S = 0.02
"""How often a condition is looked at; a twentieth of what a start of mitmdump takes at best."""
DEADLINE_S = 20.0
"""How long a condition may take before the test fails; generous, since the machine may be busy."""
FOLDER = Path(tempfile.mkdtemp(prefix="parclose-lab-"))
"""Scratch of this test run: mitmproxy's confdir (its CA is made once), output files, scripts, certificates."""
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)


def free_port() -> int:
    """Return a loopback TCP port that nothing listens on at the moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def script(name: str, source: str) -> Path:
    """Write a throw-away addon script of the given name and return its path."""
    path = FOLDER / f"{name}.py"
    path.write_text(source)
    return path


async def until(condition: Callable[[], object], what: str, timeout_s: float = DEADLINE_S) -> None:
    """Wait for a condition to hold; raises: AssertionError naming `what` when it does not in time."""
    deadline = asyncio.get_running_loop().time() + timeout_s
    while not condition():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"{what}: not within {timeout_s} s")
        await asyncio.sleep(POLL_S)


class Proxy:
    """A child process that proxies: mitmdump, mitmweb, or any command; `async with Proxy(...) as proxy`.

    One free port is chosen for each mode; `command` replaces the tool (modes, confdir, arguments are still appended).
    `ready` is a text that must appear in the output before the body of the `async with` runs; `listens=False` skips
    the wait for the listeners.
    """

    def __init__(
        self,
        *arguments: str,
        scripts: Sequence[Path] = (LOADER,),
        modes: Sequence[str] = ("regular",),
        tool: str = "mitmdump",
        command: Sequence[str] = (),
        env: Mapping[str, str | None] | None = None,
        ready: str = "",
        listens: bool = True,
    ) -> None:
        """Choose ports and build the command line; nothing is started yet."""
        self.modes = modes
        self.ports = [free_port() for _ in modes]
        self.port = self.ports[0] if self.ports else 0
        self.web_port = free_port()
        self.ready, self.listens = ready, listens
        web = ["--set", f"web_port={self.web_port}", "--set", "web_open_browser=false"] if tool == "mitmweb" else []
        self.command = [
            *(command or [str(BIN / tool)]),
            *("--set", f"confdir={FOLDER / 'confdir'}"),
            *(part for path in scripts for part in ("-s", str(path))),
            *(
                part
                for mode, port in zip(modes, self.ports, strict=True)
                for part in ("--mode", f"{mode}@127.0.0.1:{port}")
            ),
            *web,
            *arguments,
        ]
        wanted = {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            "PYTHONPATH": str(REPOSITORY / "addons"),
            "SSLKEYLOGFILE": None,
            **(env or {}),
        }
        self.env = {name: value for name, value in wanted.items() if value is not None}
        handle, name = tempfile.mkstemp(prefix="output-", dir=FOLDER)
        os.close(handle)
        self._output = Path(name)
        self.process: subprocess.Popen[bytes] | None = None

    async def __aenter__(self) -> Self:
        """Start the child and wait until it listens in every mode and said `ready`, or ended."""
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: ASYNC220 - starting is quick, and the output goes to a file
                self.command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=self.env,
                cwd=FOLDER,
            )
        try:
            if self.listens:
                await until(lambda: self.ended or self._is_listening(), "listening")
            if self.ready:
                await self.says(re.escape(self.ready))
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop the child if it still runs."""
        await self.stop()

    def _is_listening(self) -> bool:
        """Tell whether one `listening` line has been seen for each mode."""
        return len([line for line in self.lines if "listening at" in line and "Web server" not in line]) >= len(
            self.modes
        )

    @property
    def pid(self) -> int:
        """The process id of the child."""
        assert self.process is not None
        return self.process.pid

    @property
    def ended(self) -> bool:
        """Whether the child has ended."""
        return self.process is not None and self.process.poll() is not None

    @property
    def lines(self) -> list[str]:
        """Everything the child wrote so far, colours removed."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self._output.read_text(errors="replace")).splitlines()

    def grep(self, pattern: str) -> list[str]:
        """Return the output lines in which the pattern is found."""
        return [line for line in self.lines if re.search(pattern, line)]

    async def says(self, pattern: str, timeout_s: float = DEADLINE_S) -> str:
        """Wait for an output line in which the pattern is found, and return it."""
        await until(lambda: self.grep(pattern) or self.ended, f"output `{pattern}`", timeout_s)
        found = self.grep(pattern)
        assert found, "\n".join(["the child ended without saying it:", *self.lines])
        return found[0]

    async def exit_code(self, timeout_s: float = DEADLINE_S) -> int:
        """Wait for the child to end by itself, and return its exit code."""
        await until(lambda: self.ended, "end of the child", timeout_s)
        assert self.process is not None
        return self.process.returncode

    async def stop(self, timeout_s: float = 8.0) -> None:
        """Ask the child to end (SIGTERM), insist (SIGKILL) after `timeout_s`."""
        if self.process is None or self.ended:
            return
        self.process.terminate()
        try:
            await until(lambda: self.ended, "end of the child", timeout_s)
        except AssertionError:
            self.process.kill()
            self.process.wait()

    def rss_kib(self) -> int:
        """Return the resident memory of the child in KiB."""
        found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{self.pid}/status").read_text())
        assert found
        return int(found[1])

    def established(self, port: int | None = None) -> int:
        """Count ESTABLISHED connections of the child whose local port is `port` (the first listener when left out)."""
        wanted = f":{port or self.port:04X}"
        rows = [row.split() for row in Path(f"/proc/{self.pid}/net/tcp").read_text().splitlines()[1:]]
        own = set()
        for link in os.listdir(f"/proc/{self.pid}/fd"):
            with contextlib.suppress(FileNotFoundError):  # closed meanwhile
                own.add(os.readlink(f"/proc/{self.pid}/fd/{link}"))
        return len([row for row in rows if row[1].endswith(wanted) and row[3] == "01" and f"socket:[{row[9]}]" in own])
