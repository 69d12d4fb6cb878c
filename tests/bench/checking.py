"""How long `parclose check` takes over a large policy, as a command: with its start, from cold."""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.large import FILES, SEGMENTS, write_policy
from tests.bench.throughput import free_port


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """Seconds of each run."""

    runs_s: tuple[float, ...]

    @property
    def median_s(self) -> float:
        """The median of all runs."""
        return statistics.median(self.runs_s)


def measure(runs: int, tell: Callable[[str], None]) -> Checking:
    """Check the policy so many times.

    Raises:
        RuntimeError: it is not one that would be taken up.
    """
    tool = shutil.which("parclose", path=str(Path(sys.executable).parent)) or "parclose"
    took = []
    with TemporaryDirectory(prefix="parclose-bench-") as name:
        path = write_policy(Path(name) / "policy", free_port(), free_port())
        for number in range(runs):
            began = time.perf_counter()
            ran = subprocess.run([tool, "check", str(path)], capture_output=True, text=True, check=False)
            took.append(time.perf_counter() - began)
            if ran.returncode:
                raise RuntimeError(f"the large policy is not sound:\n{ran.stderr[:2000]}")
            tell(f"check {number + 1} of {runs}: {SEGMENTS:,} segments in {FILES} files, {took[-1]:.1f} s")
    return Checking(runs_s=tuple(took))
