"""Counters for Prometheus. Labels come from the policy and from closed lists, never from callers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4
from prometheus_client.registry import Collector

from parclose.engine import CONCERNS
from parclose.stores.key_sources import KeySources
from parclose.stores.token_cache import TokenCache
from parclose.verdict import Verdict, Would

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
# A decision with a cached token takes some 20 us, a first RS256 signature 50 more, a name to resolve milliseconds.
BUCKETS_S = (0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0, 5.0)
CONCERN_OF = {stage: concern.name for concern in CONCERNS for stage in concern.stages}


def _cut_counter(registry: CollectorRegistry) -> Counter:
    """Return the counter of what was closed before its time."""
    return Counter(
        "parclose_long_lived_cut",
        "WebSockets, event streams and tunnels that were closed because they did not hold any more.",
        ("kind", "reason"),
        registry=registry,
    )


def _would_counter(registry: CollectorRegistry) -> Counter:
    """Return the counter of second verdicts."""
    labels = ("segment", "reason", "effect", "mode")
    return Counter(
        "parclose_would_decisions",
        "Requests decided a second time, with what is on trial in force.",
        labels,
        registry=registry,
    )


class Metrics:
    """All that is counted, in a registry of its own, so that nothing of other libraries appears beside it."""

    def __init__(self) -> None:
        """Start at nothing."""
        disable_created_metrics()  # type: ignore[no-untyped-call]  # a second series for each, read by nobody
        self._registry = registry = CollectorRegistry()
        self._decisions = Counter(
            "parclose_decisions",
            "Requests decided.",
            ("segment", "concern", "stage", "reason", "effect"),
            registry=registry,
        )
        self._would = _would_counter(registry)
        self._duration = Histogram(
            "parclose_decision_duration_seconds",
            "From the first to the last hook of a decision.",
            buckets=BUCKETS_S,
            registry=registry,
        )
        self._guard_errors = Counter(
            "parclose_guard_errors", "Hooks that failed and were refused.", ("addon", "hook"), registry=registry
        )
        self._reloads = Counter("parclose_policy_reloads", "Policies taken up or not.", ("result",), registry=registry)
        self._rejected = Gauge(
            "parclose_policy_rejected", "1 while the file holds a policy that was refused.", registry=registry
        )
        self._loaded_at = Gauge(
            "parclose_policy_loaded_timestamp_seconds", "When the policy in force was taken up.", registry=registry
        )
        self._info = Gauge("parclose_policy_info", "The policy in force.", ("name", "revision"), registry=registry)
        self._audit_failures = Counter(
            "parclose_audit_failures", "Records that could not be written.", registry=registry
        )
        self._connections = Counter(
            "parclose_refused_connections",
            "Connections refused below HTTP.",
            ("detail",),
            registry=registry,
        )
        self._cut = _cut_counter(registry)
        self._identity: _Identity | None = None
        self._held: dict[tuple[str, str, str, str, str], Counter] = {}

    def watch(self, tokens: TokenCache, sources: KeySources, geo_built: Callable[[], Mapping[str, float]]) -> None:
        """Tell of these, too, whenever somebody looks; of those before them no longer."""
        if self._identity is not None:
            self._registry.unregister(self._identity)
        self._identity = _Identity(tokens, sources, geo_built)
        self._registry.register(self._identity)

    def decided(self, verdict: Verdict, duration_s: float) -> None:
        """Count one decision."""
        stage = verdict.stage
        labels = (
            verdict.segment,
            CONCERN_OF.get(stage, stage),
            stage,
            str(verdict.reason or ""),
            verdict.effect.value,
        )
        child = self._held.get(labels)
        if child is None:
            child = self._held[labels] = self._decisions.labels(*labels)
        child.inc()
        self._duration.observe(duration_s)

    def tried(self, would: Would) -> None:
        """Count one second verdict that is kept."""
        verdict = would.verdict
        self._would.labels(verdict.segment, str(verdict.reason or ""), verdict.effect.value, would.mode).inc()

    def guard_failed(self, addon: str, hook: str) -> None:
        """Count a hook that failed."""
        self._guard_errors.labels(addon, hook).inc()

    def policy_taken(self, name: str, revision: str, at: float) -> None:
        """Note the policy now in force; `at` in epoch seconds."""
        self._reloads.labels("ok").inc()
        self._rejected.set(0)
        self._loaded_at.set(at)
        self._info.clear()
        self._info.labels(name, revision).set(1)

    def policy_refused(self) -> None:
        """Note that the file holds a policy that was refused."""
        self._reloads.labels("rejected").inc()
        self._rejected.set(1)

    def audit_failed(self) -> None:
        """Count a record that could not be written."""
        self._audit_failures.inc()

    def connection_refused(self, detail: str) -> None:
        """Count a connection refused below HTTP; `detail` is of a closed list."""
        self._connections.labels(detail).inc()

    def long_lived_cut(self, kind: str, reason: str) -> None:
        """Count what was closed; `kind` is `websocket`, `events` or `tunnel`."""
        self._cut.labels(kind, reason).inc()

    def exposition(self) -> bytes:
        """Return everything in Prometheus' text format."""
        return generate_latest(self._registry)


class _Identity(Collector):
    """What is read when somebody scrapes: how often a credential was known, how old keys and databases are."""

    def __init__(self, tokens: TokenCache, sources: KeySources, geo_built: Callable[[], Mapping[str, float]]) -> None:
        """Take what is to be told of."""
        self._tokens, self._sources, self._geo_built = tokens, sources, geo_built

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics as they are now."""
        looks = CounterMetricFamily(
            "parclose_token_cache_lookups", "Looks for a credential that was proven before.", labels=("result",)
        )
        looks.add_metric(("hit",), self._tokens.hits)
        looks.add_metric(("miss",), self._tokens.misses)
        yield looks
        ages = GaugeMetricFamily(
            "parclose_key_set_age_seconds", "Since the keys of an issuer were last fetched.", labels=("issuer",)
        )
        known = GaugeMetricFamily(
            "parclose_key_set_known", "1 when the keys of an issuer were fetched, 0 before.", labels=("issuer",)
        )
        for issuer, age_s in self._sources.ages_s().items():
            known.add_metric((issuer,), float(age_s is not None))
            if age_s is not None:
                ages.add_metric((issuer,), age_s)
        yield ages
        yield known
        built = GaugeMetricFamily(
            "parclose_geo_database_age_seconds", "Since a database of addresses was built.", labels=("field",)
        )
        for field, at in self._geo_built().items():
            built.add_metric((field,), time.time() - at)
        yield built
