"""Audit: text in, what was written or where it is wrong."""

from __future__ import annotations

import pytest

from parclose.policy.alerts import Threshold
from parclose.policy.schema_audit import AlertSpec, AuditSpec, RedactSpec, SegmentAuditSpec, SinkSpec
from parclose.policy.schema_base import Written
from tests.policy.reading import decoded, mistakes


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (SinkSpec, "{type: jsonl, path: a, rotate: 1MiB, only: [allow, deny, shadow, alert, reload]}", []),
        (SinkSpec, "{type: webhook, url: 'https://x', batch: 5s, format: ecs}", []),
        (SinkSpec, "{type: kafka}", [("TYP002", 1, 8)]),
        (SinkSpec, "{path: a}", [("TYP003", 1, 1)]),
        (SinkSpec, "{type: jsonl, only: [all]}", [("TYP002", 1, 22)]),
        (SinkSpec, "{type: jsonl, format: cef}", [("TYP002", 1, 23)]),
        (SinkSpec, "{type: webhook, batch: 5}", [("TYP002", 1, 24)]),
        (RedactSpec, "{headers: [cookie], query: [code], ip: /24}", []),
        (RedactSpec, "{ip: /16}", [("TYP002", 1, 6)]),
        (AlertSpec, "{when: [no_route], by: ip, over: 20/5m, severity: high, notify: ['https://x']}", []),
        (AlertSpec, "{when: [no_route], over: 20 in 5m}", [("TYP002", 1, 26)]),
        (AlertSpec, "{when: [no_route]}", [("TYP003", 1, 1)]),
        (AlertSpec, "{when: no_route, over: 20/5m}", [("TYP002", 1, 8)]),
        (AlertSpec, "{when: [a], over: 1/1m, severity: urgent}", [("TYP002", 1, 35)]),
        (SegmentAuditSpec, "{durability: async, on_failure: continue, body: pointers, tag: [a]}", []),
        (SegmentAuditSpec, "{durability: fast}", [("TYP002", 1, 14)]),
        (SegmentAuditSpec, "{alerts: {a: ~}}", []),
        (SegmentAuditSpec, "{sinks: []}", [("TYP001", 1, 2)]),
        (AuditSpec, "{sinks: [], allow_sample: 10%, redact: {ip: hash}}", []),
        (AuditSpec, "{sink: []}", [("TYP001", 1, 2)]),
    ],
)
def test_mistakes(kind: type[Written], content: str, expected: list[tuple[str, int, int]]) -> None:
    """Each is shown where it is."""
    assert mistakes(kind, content) == expected


def test_over() -> None:
    """A threshold arrives as what it means."""
    spec = decoded(AlertSpec, "{when: [no_route], over: 5%/10m}")
    assert (spec.over, spec.severity) == (Threshold(share=0.05, window_s=600), "medium")
