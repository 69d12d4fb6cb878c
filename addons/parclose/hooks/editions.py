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
from parclose.hooks.client_tls import asks_of
from parclose.hooks.doors import Door, unfit_at
from parclose.hooks.edition import Edition
from parclose.hooks.gate import Unfit, approve
from parclose.hooks.upstream_trust import trust_of
from parclose.hooks.watched import looks_of
from parclose.policy.model import Geo, Policy
from parclose.policy.segment import Assertion
from parclose.policy.source import ListFiles
from parclose.policy.tree_cache import TreeCache
from parclose.ports import Once
from parclose.stores.assertion import AssertionSigner
from parclose.stores.files import list_files, read, secret
from parclose.stores.geoip import GeoAtlas
from parclose.stores.introspection import Introspector
from parclose.stores.key_sources import KeySources
from parclose.stores.memory import MemoryCounter
from parclose.stores.nonce import TimedNonces
from parclose.stores.once import MemoryOnce
from parclose.stores.resolver import SystemResolver
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from parclose.stores.world import LiveWorld


@dataclass(slots=True, kw_only=True)
class Press:
    """Makes editions of one policy file, for a proxy that listens at `doors`."""

    path: str
    doors: tuple[Door, ...] = ()
    counter: MemoryCounter = field(default_factory=MemoryCounter)
    tokens: TokenCache = field(default_factory=TokenCache)
    # What second verdicts count and prove, so that trying something changes nothing that is in force.
    tried_counter: MemoryCounter = field(default_factory=MemoryCounter)
    tried_tokens: TokenCache = field(default_factory=TokenCache)
    once: Once = field(default_factory=MemoryOnce)
    tried_once: Once = field(default_factory=MemoryOnce)
    nonces: TimedNonces = field(default_factory=lambda: TimedNonces(os.urandom(32)), repr=False)
    resolver: SystemResolver = field(default_factory=SystemResolver)
    sources: KeySources = field(default_factory=KeySources)
    introspector: Introspector = field(init=False)
    trees: TreeCache = field(default_factory=TreeCache, repr=False)
    redaction_key: bytes = field(default_factory=lambda: os.urandom(32), repr=False)
    _atlas: tuple[object, GeoAtlas] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Let all that is asked of issuers go through one client."""
        self.introspector = Introspector(self.sources.client)

    def follow(self, edition: Edition) -> None:
        """Fetch the keys that an edition needs, and keep them fresh; on the loop."""
        policies = [edition.policy] + ([edition.policy.shadow] if edition.policy.shadow is not None else [])
        self.sources.follow(issuer for policy in policies for issuer in policy.issuers.values())

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
        policy = approve(self.path, read_file, list_of=list_of, trees=self.trees)
        self.trees.keep_only(())  # later ones are read in a process of their own, which has its own
        return self.build(policy, last)

    def build(self, policy: Policy, last: Edition | None = None) -> Edition:
        """Make an edition of a policy that was approved: build what answers it.

        Raises:
            Unfit: it must not stand where the proxy listens, or names keys, secrets or databases that cannot be used.
        """
        if findings := unfit_at(self.doors, policy):
            raise Unfit(findings)
        try:
            goes_on = last is not None and last.policy.audit == policy.audit
            return Edition(
                policy=policy,
                world=self._world(policy, self.counter, self.tokens, self.once),
                shadow=self._tried(policy.shadow) if policy.shadow else None,
                secrets=secrets_of(policy),
                trust=trust_of(policy),
                signers=signers_of(policy),
                asks=asks_of(policy),
                redactor=Redactor(policy.audit, self.redaction_key),
                journal=last.journal if last is not None and goes_on else Journal.open(policy.audit),
                since=time.time(),
            )
        except (ValueError, SinkError) as wrong:  # keys, secrets, CAs, databases, sinks: each says what
            raise Unfit((f"{self.path}: {wrong}",)) from wrong

    def _tried(self, shadow: Policy) -> LiveWorld:
        """Build what answers second verdicts."""
        return self._world(shadow, self.tried_counter, self.tried_tokens, self.tried_once)

    def _world(self, policy: Policy, counter: MemoryCounter, tokens: TokenCache, once: Once) -> LiveWorld:
        """Build what answers decisions by this policy."""
        geo = policy.geo or Geo(country_db="")
        return LiveWorld(
            counter=counter,
            verifier=PolicyVerifier(
                policy, tokens, sources=self.sources, introspector=self.introspector, nonces=self.nonces
            ),
            atlas=self._atlas_of(geo),
            resolver=self.resolver,
            once=once,
        )

    def geo_built(self) -> Mapping[str, float]:
        """Return when each database in use was made, epoch seconds, by the field that names it."""
        return self._atlas[1].built() if self._atlas is not None else {}

    def stale(self, policy: Policy, now: float) -> list[str]:
        """Return a sentence for each database that is older than the policy wants."""
        most_s = policy.geo.max_age_s if policy.geo is not None else None
        if most_s is None:
            return []
        return [
            f"`geo.{field}` was built {int((now - at) // 86_400)} days ago, and may be {int(most_s // 86_400)} days old"
            for field, at in self.geo_built().items()
            if now - at > most_s
        ]

    def _atlas_of(self, geo: Geo) -> GeoAtlas:
        """Open the databases, unless they are open and nobody has replaced them: looking one over takes a while.

        Raises:
            DatabaseError: one cannot be used; it is a ValueError.
        """
        paths = geo.country_db, geo.asn_db
        looks = tuple((path, looks_of(path)) for path in paths if path)
        if self._atlas is None or self._atlas[0] != looks:
            self._atlas = looks, GeoAtlas(*paths)
        return self._atlas[1]


def signers_of(policy: Policy) -> Mapping[str, AssertionSigner]:
    """Return what signs assertions about callers, by segment; segments that say the same share it.

    Raises:
        SecretError: a key is missing or unreadable; it is a ValueError, as is the next.
        SigningKeyError: it cannot sign.
    """
    made: dict[Assertion, AssertionSigner] = {}
    found = {}
    for name, segment in policy.segments.items():
        assertion = segment.forward.assertion
        if assertion is not None:
            if assertion not in made:
                made[assertion] = AssertionSigner(assertion, secret(assertion.key), policy.name)
            found[name] = made[assertion]
    return found


def secrets_of(policy: Policy) -> Mapping[tuple[str, str], str]:
    """Return what `forward.set` injects, by segment and header.

    Raises:
        SecretError: one is missing, empty or unreadable; it is a ValueError.
    """
    return {
        (name, header): secret(ref) for name, segment in policy.segments.items() for header, ref in segment.forward.set
    }
