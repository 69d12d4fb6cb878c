"""The schema that editors read beside the policy, with the policy's names, made anew after each good reload.

It is made in a process of its own: no request waits for it, and its failure is a line in the log.
"""

from __future__ import annotations

import asyncio
import logging
import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import parclose
from parclose.hooks.compiler import KEPT

logger = logging.getLogger(__name__)

PLACE = Path(".parclose") / "policy.schema.json"  # from the policy's folder, as the modeline of the example names it
DEADLINE_S = 60.0
HEAD_BYTES = 4096  # of the policy, in which a modeline is looked for: editors read it in the first lines
COMMAND = (sys.executable, "-P", "-m", "parclose.cli.app", "schema")
_MODELINE = re.compile(rb"(?m)^#\s*yaml-language-server:\s*\$schema=(?:\./)?\.parclose/policy\.schema\.json\s*$")


class EditorSchema:
    """Keeps the schema beside a policy fresh."""

    def __init__(self, command: Sequence[str] = COMMAND) -> None:
        """Take the program that makes a schema."""
        self._command = command
        self._tasks: set[asyncio.Task[None]] = set()

    def refresh(self, path: str) -> None:
        """Begin to make the schema of the policy at `path` anew, off the loop, where somebody wants one."""
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(self.write, path))
        self._tasks.add(task)  # the loop itself keeps no hold of a task
        task.add_done_callback(self._tasks.discard)

    def write(self, path: str) -> None:
        """Make the schema where it is wanted; what goes wrong is logged, and stops nothing."""
        if not is_wanted(path):
            return
        out = Path(path).parent / PLACE
        words = [*self._command, "--for", path, "--out", str(out)]
        try:
            done = subprocess.run(
                words, capture_output=True, text=True, timeout=DEADLINE_S, check=False, env=environment(os.environ)
            )
        except (OSError, subprocess.TimeoutExpired) as wrong:
            logger.warning("the schema for editors, `%s`, could not be made: %s", out, wrong)
            return
        if done.returncode:
            said = done.stderr.strip().partition("\n")[0]
            logger.warning("the schema for editors, `%s`, could not be made: %s", out, said)


def is_wanted(path: str) -> bool:
    """Whether the policy's first lines name the schema, or one lies there already."""
    policy = Path(path)
    if (policy.parent / PLACE).is_file():
        return True
    try:
        with policy.open("rb") as file:
            return _MODELINE.search(file.read(HEAD_BYTES)) is not None
    except OSError:
        return False


def environment(known: Mapping[str, str]) -> dict[str, str]:
    """Return what the program needs to run, and to find this package; no secret of the policy is among it."""
    kept = {name: known[name] for name in KEPT if name in known}
    source = str(Path(parclose.__file__).parent.parent)
    return {**kept, "PYTHONPATH": source}
