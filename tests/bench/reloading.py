"""What requests feel of a reload: one file of a large policy changes, and a caller asks on, every 10 ms.

Each pair is a quiet time and one around a reload, in one run of the proxy, so that a slower machine slows both.
"""

from __future__ import annotations

import re
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from parclose.demo.serve import LOADER
from tests.bench.large import edit, write_policy
from tests.bench.load import nginx
from tests.bench.throughput import free_port, mitmdump

EVERY_S = 0.01
AFTER_S = 1.0  # of asking on once the edit is in force
LONGEST_S = 60.0
START_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Felt:
    """Milliseconds of the requests of one time."""

    count: int
    p50_ms: float
    p99_ms: float
    longest_ms: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """A quiet time, the time around a reload, and how long the edit took to be in force."""

    quiet: Felt
    around: Felt
    in_force_s: float


def measure(pairs: int, tell: Callable[[str], None]) -> list[Reload]:
    """Measure so many reloads.

    Raises:
        RuntimeError: the proxy did not start, or an edit never came in force.
    """
    with TemporaryDirectory(prefix="parclose-bench-") as name:
        folder = Path(name)
        upstream, admin = free_port(), free_port()
        port = free_port()
        path = write_policy(folder / "policy", port, admin)
        tell("starting a proxy with the large policy")
        words = ("-s", str(LOADER), "--set", f"parclose_policy={path}")
        with nginx(folder, upstream), mitmdump(folder, upstream, *words, port=port) as listening:
            caller = _Caller(listening)
            caller.wait("/health", START_S)
            time.sleep(10)  # the worker that compiles warms up, as in a proxy that has run for a while
            found = []
            for number in range(pairs):
                found.append(_reload(caller, folder / "policy", number + 1))
                one = found[-1]
                tell(
                    f"reload {number + 1} of {pairs}: in force after {one.in_force_s:.1f} s; longest request "
                    f"{one.around.longest_ms:.1f} ms, {one.quiet.longest_ms:.1f} ms in a quiet time as long"
                )
            return found


def _reload(caller: _Caller, folder: Path, turn: int) -> Reload:
    began = time.perf_counter()
    path = edit(folder, turn)
    # One request to what is asked for shows when it is there; all others are alike before and after.
    around, in_force_s = caller.ask_until(path, began)
    quiet = caller.ask_for(in_force_s + AFTER_S)
    return Reload(quiet=_felt(quiet), around=_felt(around), in_force_s=in_force_s)


def _felt(took_s: list[float]) -> Felt:
    ordered = sorted(1000 * one for one in took_s)
    return Felt(
        count=len(ordered),
        p50_ms=ordered[len(ordered) // 2],
        p99_ms=ordered[int(len(ordered) * 0.99)],
        longest_ms=ordered[-1],
    )


class _Caller:
    """One kept connection, one request at a time."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.socket: socket.socket | None = None

    def ask(self, path: str) -> tuple[int, float]:
        """Return the status, and the seconds that it took."""
        if self.socket is None:
            self.socket = socket.create_connection(("127.0.0.1", self.port), timeout=LONGEST_S)
        began = time.perf_counter()
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: s7.example\r\n\r\n".encode())
        answer = b""
        while b"\r\n\r\n" not in answer:
            part = self.socket.recv(65536)
            if not part:
                self.socket = None
                raise RuntimeError(f"the proxy closed the connection: {answer[:200]!r}")
            answer += part
        head, _, body = answer.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)content-length: (\d+)", head)
        while length and len(body) < int(length[1]):
            body += self.socket.recv(65536)
        return int(head.split()[1]), time.perf_counter() - began

    def wait(self, path: str, longest_s: float) -> None:
        """Wait until a path is allowed."""
        deadline = time.perf_counter() + longest_s
        while time.perf_counter() < deadline:
            with suppress(OSError, RuntimeError):
                if self.ask(path)[0] == 200:
                    return
            self.socket = None
            time.sleep(0.2)
        raise RuntimeError(f"{path} was not answered with 200 within {longest_s:.0f} s")

    def ask_until(self, path: str, began: float) -> tuple[list[float], float]:
        """Ask until the path is allowed, and on for a while; return what each took, and when it was allowed."""
        took: list[float] = []
        allowed: float | None = None
        while True:
            time.sleep(EVERY_S)
            status, seconds = self.ask(path)
            took.append(seconds)
            since = time.perf_counter() - began
            if allowed is None and status == 200:
                allowed = since
            if allowed is not None and since > allowed + AFTER_S:
                return took, allowed
            if since > LONGEST_S:
                raise RuntimeError(f"the edit was not in force within {LONGEST_S:.0f} s")

    def ask_for(self, seconds: float) -> list[float]:
        """Ask for so long what nobody may; return what each took."""
        took, began = [], time.perf_counter()
        while time.perf_counter() - began < seconds:
            time.sleep(EVERY_S)
            took.append(self.ask("/nowhere")[1])
        return took
