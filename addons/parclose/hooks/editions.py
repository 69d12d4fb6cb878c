"""From the policy file to an edition: read, compile, run the policy's own tests, build what answers it. All or nothing.

Runs off the loop. What outlives a policy (counters, proven tokens, names) is shared by all editions.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from parclose.audit.journal import Journal
from parclose.audit.redact import Redactor
from parclose.audit.sinks.jsonl import SinkError
from parclose.cases import CaseReport, run_cases
from parclose.hooks.edition import Edition
from parclose.hooks.upstream_trust import trust_of
from parclose.policy.errors import PolicyError
from parclose.policy.load import load
from parclose.policy.model import Geo, Policy
from parclose.policy.source import ListFiles
from parclose.policy.tree_cache import TreeCache
from parclose.stores.files import list_files, read, secret
from parclose.stores.geoip import GeoAtlas
from parclose.stores.memory import MemoryCounter
from parclose.stores.resolver import SystemResolver
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from parclose.stores.world import LiveWorld


class Unfit(Exception):
    """A policy cannot be put in force: `findings`, each for people, possibly of several lines."""

    def __init__(self, findings: tuple[str, ...]) -> None:
        """Keep the findings."""
        super().__init__("\n".join(findings))
        self.findings = findings


type Make = Callable[[Callable[[str], bytes], Edition | None], Edition]


@dataclass(slots=True, kw_only=True)
class Press:
    """Makes editions of one policy file."""

    path: str
    counter: MemoryCounter = field(default_factory=MemoryCounter)
    tokens: TokenCache = field(default_factory=TokenCache)
    resolver: SystemResolver = field(default_factory=SystemResolver)
    trees: TreeCache = field(default_factory=TreeCache, repr=False)
    redaction_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)

    def make(
        self,
        read_file: Callable[[str], bytes] = read,
        last: Edition | None = None,
        *,
        list_of: ListFiles = list_files,
    ) -> Edition:
        """Make an edition of what the file holds now; the journal of the `last` one goes on where it can.

        Raises:
            Unfit: the policy is invalid, asks for what this version cannot enforce, fails its own tests, or names
                keys, secrets or databases that cannot be used.
        """
        try:
            policy = load(self.path, read_file, list_files=list_of, cache=self.trees)
        except PolicyError as wrong:
            raise Unfit(tuple(finding.render() for finding in wrong.findings)) from wrong
        except OSError as wrong:
            raise Unfit((f"policy {wrong}",)) from wrong
        if policy.unenforced:
            # INVARIANT: what the policy says and nobody enforces is never put in force.
            raise Unfit(policy.unenforced)
        if policy.settings.reload.require_tests == "pass":
            self._prove(policy)
        try:
            goes_on = last is not None and last.policy.audit == policy.audit
            return Edition(
                policy=policy,
                world=self._world(policy),
                secrets=secrets_of(policy),
                trust=trust_of(policy),
                redactor=Redactor(policy.audit, self.redaction_key),
                journal=last.journal if last is not None and goes_on else Journal.open(policy.audit),
                since=time.time(),
            )
        except (ValueError, SinkError) as wrong:  # keys, secrets, CAs, databases, sinks: each says what
            raise Unfit((f"{self.path}: {wrong}",)) from wrong

    def _prove(self, policy: Policy) -> None:
        """Run the policy's own tests.

        Raises:
            Unfit: one of them fails, or too few routes have one.
        """
        report = run_cases(policy)
        if report.failed:
            raise Unfit(told(report))

    def _world(self, policy: Policy) -> LiveWorld:
        """Build what answers decisions by this policy."""
        geo = policy.geo or Geo(country_db="")
        return LiveWorld(
            counter=self.counter,
            verifier=PolicyVerifier(policy, self.tokens),
            atlas=GeoAtlas(geo.country_db, geo.asn_db),
            resolver=self.resolver,
        )


def secrets_of(policy: Policy) -> Mapping[tuple[str, str], str]:
    """Return what `forward.set` injects, by segment and header.

    Raises:
        SecretError: one is missing, empty or unreadable; it is a ValueError.
    """
    return {
        (name, header): secret(ref) for name, segment in policy.segments.items() for header, ref in segment.forward.set
    }


def told(report: CaseReport) -> tuple[str, ...]:
    """Return failed tests as findings: where, which, wanted and got."""
    return tuple(
        f"{result.where}  TST001  `{result.test}`: {result.request}: want {result.want}, got {result.got}"
        + (f" ({result.rule})" if result.rule else "")
        for result in report.failed
    )
