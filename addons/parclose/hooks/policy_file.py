"""The policy file: loaded before anything serves, watched while it does, taken up whole or not at all.

A new policy is read, compiled, tested and built off the loop; then one reference is swapped. What is invalid changes
nothing but what everybody can see: the log, the health page, a metric, the audit. Requests under way keep the policy
they began under.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from typing import NoReturn

from parclose.audit.events import policy_record
from parclose.audit.sinks.jsonl import SinkError
from parclose.hooks.edition import Edition
from parclose.hooks.editions import Press, Unfit
from parclose.hooks.garbage import settle
from parclose.hooks.service import Rejected, Service
from parclose.hooks.watched import Watched
from parclose.stores.files import read

logger = logging.getLogger(__name__)

EXIT_POLICY = 3
HASH_EVERY_S = 30.0  # content is compared although nothing looks different: a tool may have kept time and size
OLD_JOURNAL_S = 60.0  # how long the journal of a replaced policy stays open for what began under it
RESTART_S = 10.0  # after a failure of ours the watcher tries again, not at once


class PolicyFile:
    """Holds the policy in force, and follows its file."""

    name = "policy_file"

    def __init__(self, service: Service, press: Press) -> None:
        """Take what the addons share, and what makes editions."""
        self._service = service
        self._press = press
        self._watched = Watched(read)
        self._hashed_at = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Load the policy before anything serves.

        Raises:
            SystemExit: it cannot be put in force; every finding is on standard error.
        """
        if not self._press.path:
            leave(("parclose: no policy is set; add `--set parclose_policy=FILE`",))
        try:
            edition, self._watched = self._make()
        except Unfit as wrong:
            leave((*wrong.findings, f"parclose: policy `{self._press.path}` cannot be put in force"))
        self._take(edition)

    def running(self) -> None:
        """Start to follow the file."""
        if self._service.serves:
            self._watch()

    def done(self) -> None:
        """Stop to follow the file."""
        if self._task is not None:
            self._task.cancel()

    def _watch(self) -> None:
        """Run the watcher as a task of its own, again after a failure."""
        self._task = asyncio.get_running_loop().create_task(self._follow())
        self._task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Say that the watcher has failed, which is our fault, and start it again."""
        if task.cancelled() or (error := task.exception()) is None:
            return
        logger.error("the policy could not be taken up, the last good one stays in force", exc_info=error)
        self._reject((f"{self._press.path}: internal error: {type(error).__name__}",))
        asyncio.get_running_loop().call_later(RESTART_S, self._watch)

    async def _follow(self) -> None:
        """Look at the files for as long as the policy says so; off the loop."""
        while True:
            edition = self._service.edition
            interval_s = edition.policy.settings.reload.watch_s if edition is not None else None
            if interval_s is None:
                return
            await asyncio.sleep(interval_s)
            if await asyncio.to_thread(self._has_changed):
                await self._reload()

    def _has_changed(self) -> bool:
        """Tell whether the files hold something else than when they were read last."""
        now = time.monotonic()
        if not self._watched.has_other_looks() and now - self._hashed_at < HASH_EVERY_S:
            return False
        self._hashed_at = now
        return self._watched.has_other_content()

    async def _reload(self) -> None:
        """Make an edition of what the files hold now, and swap; or keep the one in force and say so."""
        try:
            edition, self._watched = await asyncio.to_thread(self._make)
        except Unfit as wrong:
            self._reject(wrong.findings)
            return
        last = self._service.edition
        self._take(edition)
        if last is not None and last.journal is not edition.journal:
            asyncio.get_running_loop().call_later(OLD_JOURNAL_S, last.journal.close)

    def _make(self) -> tuple[Edition, Watched]:
        """Make an edition, and remember what was read for it, also when it is refused.

        Raises:
            Unfit: it cannot be put in force.
        """
        watched = Watched(read)
        try:
            edition = self._press.make(watched, self._service.edition, list_of=watched.list_files)
        except Unfit:
            self._watched = watched
            raise
        policy = edition.policy
        watched.add(upstream.tls_ca for upstream in policy.upstreams.values() if upstream.tls_ca)
        if policy.geo is not None:
            watched.add(path for path in (policy.geo.country_db, policy.geo.asn_db) if path)
        return edition, watched

    def _take(self, edition: Edition) -> None:
        """Put an edition in force: one reference changes."""
        last, policy = self._service.edition, edition.policy
        self._service.edition = edition
        self._service.rejected = None
        self._service.metrics.policy_taken(policy.name, policy.revision, edition.since)
        before = last.policy.revision if last is not None else "none"
        logger.info("policy `%s` in force: revision %s, before %s", policy.name, policy.revision, before)
        self._record(edition, "taken", ())
        if self._service.serves:
            settle(serving=last is not None)

    def _reject(self, findings: tuple[str, ...]) -> None:
        """Keep the policy in force, and make the refusal of the new one loud."""
        self._service.rejected = Rejected(at=time.time(), findings=findings)
        self._service.metrics.policy_refused()
        logger.error("policy refused, the last good one stays in force:\n%s", "\n".join(findings))
        if self._service.edition is not None:
            self._record(self._service.edition, "refused", findings)

    def _record(self, edition: Edition, outcome: str, findings: tuple[str, ...]) -> None:
        """Write a change of policy into the audit; that it cannot be written is seen at the next decision."""
        if not self._service.serves:
            return
        with contextlib.suppress(SinkError):
            edition.journal.reload(
                policy_record(
                    policy=edition.policy.name,
                    revision=edition.policy.revision,
                    at=time.time(),
                    outcome=outcome,
                    findings=[finding.partition("\n")[0] for finding in findings],
                )
            )


def leave(lines: tuple[str, ...]) -> NoReturn:
    """Say on standard error why there is nothing to enforce, and end the process.

    Raises:
        SystemExit: always.
    """
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
    sys.exit(EXIT_POLICY)
