"""The policy file: loaded before anything serves, watched while it does, taken up whole or not at all.

A new policy is read, compiled and tested in another process, loaded in slices, and built off the loop; then one
reference is swapped. What is invalid changes nothing but what everybody can see: the log, the health page, a metric,
the audit. Requests under way keep the policy they began under.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import time
from collections.abc import Iterator
from typing import NoReturn

from parclose.audit.events import policy_record
from parclose.audit.sinks.jsonl import SinkError
from parclose.hooks.compiler import Compiler, Failed
from parclose.hooks.edition import Edition
from parclose.hooks.editions import Press
from parclose.hooks.editor_schema import EditorSchema
from parclose.hooks.garbage import settle
from parclose.hooks.gate import Unfit
from parclose.hooks.keeping import Keeper
from parclose.hooks.parcels import Garbled
from parclose.hooks.service import Rejected, Service
from parclose.hooks.slices import let_go, load_in_slices
from parclose.hooks.watched import Watched
from parclose.policy.model import Policy
from parclose.policy.segment import SecretRef
from parclose.stores.files import read

logger = logging.getLogger(__name__)

EXIT_POLICY = 3
HASH_EVERY_S = 30.0  # content is compared although nothing looks different: a tool may have kept time and size
OLD_JOURNAL_S = 60.0  # how long the journal of a replaced policy stays open for what began under it
RESTART_S = 10.0  # after a failure of ours the watcher tries again, not at once


class PolicyFile:
    """Holds the policy in force, and follows its file."""

    name = "policy_file"

    def __init__(self, service: Service, press: Press, compiler: Compiler | None = None) -> None:
        """Take what the addons share, what makes editions, and what compiles policies beside the proxy."""
        self._service = service
        self._press = press
        self._compiler = compiler or Compiler()
        self._schema = EditorSchema()
        self._keeper = Keeper()
        self._failed: Watched | None = None  # how the files looked when they could not be compiled
        self._again_at = 0.0
        self._leaving: set[asyncio.Task[None]] = set()
        service.metrics.watch(press.tokens, press.sources, press.geo_built)
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
            self._schema.refresh(self._press.path)
            if self._service.edition is not None:
                self._press.follow(self._service.edition)
                self._keep(self._service.edition)

    def done(self) -> None:
        """Stop to follow the file."""
        if self._task is not None:
            self._task.cancel()
        self._compiler.close()
        self._press.sources.stop()

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
        if self._interval_s() is not None:
            await self._warm_up()
        while (interval_s := self._interval_s()) is not None:
            await asyncio.sleep(interval_s)
            if await asyncio.to_thread(self._has_changed):
                await self._reload()

    async def _warm_up(self) -> None:
        """Compile what is in force once more and forget it: an edit then costs only what was edited."""
        with contextlib.suppress(Failed):  # said when there is something to compile
            await asyncio.to_thread(self._compiler.ask, self._press.path)
            logger.info("policy `%s` is followed: an edit is in force soon after it is saved", self._press.path)

    def _interval_s(self) -> float | None:
        edition = self._service.edition
        return edition.policy.settings.reload.watch_s if edition is not None else None

    def _has_changed(self) -> bool:
        """Tell whether the files hold something else than when they were read last."""
        now = time.monotonic()
        if self._failed is not None:
            if now < self._again_at and not self._failed.has_other_looks():
                return False
            self._failed = None
            return True
        if not self._watched.has_other_looks() and now - self._hashed_at < HASH_EVERY_S:
            return False
        self._hashed_at = now
        return self._watched.has_other_content()

    async def _reload(self) -> None:
        """Make an edition of what the files hold now, and swap; or keep the one in force and say so."""
        try:
            edition = await self._made()
        except Unfit as wrong:
            self._reject(wrong.findings)
            return
        except Failed as wrong:
            # What the files hold is not known to be wrong: they are tried again, after an edit at once.
            self._failed, self._again_at = self._watched.as_now(), time.monotonic() + RESTART_S
            self._reject((f"{self._press.path}: {wrong}",))
            return
        last = self._service.edition
        self._take(edition)
        self._press.follow(edition)
        self._schema.refresh(self._press.path)
        self._keep(edition)
        if last is not None:
            if last.journal is not edition.journal:
                asyncio.get_running_loop().call_later(OLD_JOURNAL_S, last.journal.close)
            task = asyncio.get_running_loop().create_task(let_go([last]))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    async def _made(self) -> Edition:
        """Return an edition of what the files hold now: compiled elsewhere, loaded in slices, built off the loop.

        Raises:
            Unfit: it cannot be put in force.
            Failed: it could not be compiled, for a reason that is not its own.
        """
        answer = await asyncio.to_thread(self._compiler.ask, self._press.path)
        looks, contents, listings = answer.watched
        if answer.findings:
            self._watched = Watched(read, looks=looks, contents=contents, listings=listings)
            raise Unfit(answer.findings)
        try:
            policy = await load_in_slices(answer.pieces)
        except Garbled as wrong:
            raise self._compiler.fail(str(wrong)) from wrong
        if not isinstance(policy, Policy):
            raise self._compiler.fail("its answer is no policy")
        self._watched = watched = Watched(read, looks=looks, contents=contents, listings=listings)
        # Before they are used: what is broken in one of them is mended in it alone.
        await asyncio.to_thread(watched.add, named_by(policy))
        return await asyncio.to_thread(self._press.build, policy, self._service.edition)

    def _make(self) -> tuple[Edition, Watched]:
        """Make the first edition, and remember what was read for it.

        Raises:
            Unfit: it cannot be put in force.
        """
        watched = Watched(read)
        edition = self._press.make(watched, self._service.edition, list_of=watched.list_files)
        watched.add(named_by(edition.policy))
        return edition, watched

    def _take(self, edition: Edition) -> None:
        """Put an edition in force: one reference changes."""
        last, policy = self._service.edition, edition.policy
        self._service.edition = edition
        self._service.rejected = None
        self._service.published.publish(edition.signers.values())
        self._service.metrics.policy_taken(policy.name, policy.revision, edition.since)
        before = last.policy.revision if last is not None else "none"
        logger.info("policy `%s` in force: revision %s, before %s", policy.name, policy.revision, before)
        for sentence in self._press.stale(policy, time.time()):
            logger.warning("%s: fetch a newer build", sentence)
        self._record(edition, "taken", ())
        if self._service.serves:
            settle(serving=last is not None)

    def _keep(self, edition: Edition) -> None:
        """Begin to keep an edition's files, for a rollback."""
        if self._service.serves:
            self._keeper.begin(edition.policy, dict(self._watched.contents), edition.since)

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


def named_by(policy: Policy) -> tuple[str, ...]:
    """Return the files that a policy names and others read: CAs of upstreams, databases, and secrets."""
    named = [upstream.tls_ca for upstream in policy.upstreams.values()]
    named += [ref.name for ref in _secrets(policy) if ref.source == "file"]
    if policy.geo is not None:
        named += [policy.geo.country_db, policy.geo.asn_db]
    return tuple(path for path in named if path)


def _secrets(policy: Policy) -> Iterator[SecretRef]:
    """Yield every secret that a policy names."""
    for segment in policy.segments.values():
        yield from (ref for _, ref in segment.forward.set)
        if segment.forward.assertion is not None:
            yield segment.forward.assertion.key
    for issuer in policy.issuers.values():
        if issuer.introspection is not None:
            yield issuer.introspection.client_secret


def leave(lines: tuple[str, ...]) -> NoReturn:
    """Say on standard error why there is nothing to enforce, and end the process.

    Raises:
        SystemExit: always.
    """
    sys.stderr.write("\n".join(lines) + "\n")
    sys.stderr.flush()
    sys.exit(EXIT_POLICY)
