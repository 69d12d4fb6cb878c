"""Audit as it is written: for the whole policy, and for a segment or route."""

from __future__ import annotations

from typing import Annotated

from parclose.policy.alerts import Threshold, threshold
from parclose.policy.schema_base import Duration, Leaf, Name, Share, Size, Str, Url, Written, one_of

Over = Annotated[Threshold, Leaf(threshold, (("type", "string"), ("pattern", r"^[0-9.]+%?/[0-9]+(ms|s|m|h|d)$")))]
Body = Annotated[str, one_of("none", "hash", "pointers")]
Durability = Annotated[str, one_of("process", "disk", "async")]
OnFailure = Annotated[str, one_of("deny", "continue")]


class SinkSpec(Written):
    """Where audit lines go."""

    type: Annotated[str, one_of("jsonl", "stdout", "syslog", "webhook", "otlp")]
    path: Str | None = None
    url: Str | None = None
    format: Annotated[str, one_of("ocsf", "ecs")] = "ocsf"
    rotate: Size | None = None
    batch: Duration | None = None
    only: list[Annotated[str, one_of("allow", "deny", "shadow", "alert", "reload")]] | None = None


class RedactSpec(Written):
    """What the audit leaves out."""

    headers: list[Str] | None = None
    query: list[Str] | None = None
    ip: Annotated[str, one_of("full", "/24", "hash")] | None = None


class AlertSpec(Written):
    """When somebody is told."""

    when: list[Str]
    by: Str | None = None
    over: Over
    severity: Annotated[str, one_of("low", "medium", "high", "critical")] = "medium"
    notify: list[Url] | None = None


class SegmentAuditSpec(Written):
    """What the audit keeps of a segment or route. Sinks are the whole policy's: there is one ledger."""

    durability: Durability | None = None
    on_failure: OnFailure | None = None
    allow_sample: Share | None = None
    redact: RedactSpec | None = None
    tag: list[Str] | None = None
    body: Body | None = None
    alerts: dict[Name, AlertSpec | None] | None = None


class AuditSpec(SegmentAuditSpec):
    """How decisions are kept, where no segment says otherwise."""

    sinks: list[SinkSpec] | None = None
