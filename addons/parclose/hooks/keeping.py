"""Keeps each policy that is put in force beside its file, so that `parclose rollback` can have it back.

Off the loop. That a revision cannot be kept stops nothing: it is a line in the log.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import threading
from collections.abc import Callable, Mapping

from parclose.policy.model import Policy
from parclose.stores.files import read
from parclose.stores.history import History, HistoryError, inside

logger = logging.getLogger(__name__)


class Keeper:
    """Keeps revisions, one after the other."""

    def __init__(self, read_file: Callable[[str], bytes] = read) -> None:
        """Take what reads files."""
        self._read = read_file
        self._one_at_a_time = threading.Lock()
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, policy: Policy, digests: Mapping[str, bytes], at: float) -> None:
        """Begin to keep a policy; `digests` say what its files held when they were read for it, by path."""
        task = asyncio.get_running_loop().create_task(asyncio.to_thread(self.keep, policy, digests, at))
        self._tasks.add(task)  # the loop itself keeps no hold of a task
        task.add_done_callback(self._tasks.discard)

    def keep(self, policy: Policy, digests: Mapping[str, bytes], at: float) -> None:
        """Keep the files of a policy's folder that were read for it; what goes wrong is logged."""
        try:
            paths = inside(policy.path, policy.files)
            contents = {name: self._read(path) for name, path in paths.items()}
            # INVARIANT: what is kept as a revision is what was read for it, not what somebody wrote a moment later.
            if any(hashlib.sha256(contents[name]).digest() != digests.get(path) for name, path in paths.items()):
                logger.warning("revision %s is not kept: its files have changed since", policy.revision)
                return
            with self._one_at_a_time:
                History(policy.path).keep(policy.revision, at, tuple(policy.segments), contents)
        except (HistoryError, OSError) as wrong:
            logger.warning("revision %s is not kept: %s", policy.revision, wrong)
