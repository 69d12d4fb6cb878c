"""The report for machines: if these fail, what reads it breaks silently."""

from __future__ import annotations

import json

from parclose.replay.drift import compare_recorded
from parclose.replay.order import judge_all
from parclose.replay.report.document import render
from parclose.stores.world import OfflineWorld
from tests.replay.kit import TEXT, policy, recorded


def test_sums_and_differences_are_plain_values() -> None:
    """Everything can be written as JSON, and the sums are those of the differences."""
    other = policy(TEXT.replace('"GET /orders": orders:read', '"GET /orders": orders:write'))
    drift = compare_recorded(judge_all(other, recorded(), OfflineWorld().of))
    report = json.loads(json.dumps(render(drift, "recorded")))
    assert (report["base"], report["requests"]) == ("recorded", 6)
    assert report["counts"] == {
        "newly_denied": 2,
        "newly_allowed": 0,
        "reason_changed": 1,
        "segment_moved": 0,
        "unchanged": 3,
        "maybe": 0,
        "not_judged": 0,
    }
    first = report["differences"][0]
    assert (first["decision"], first["kind"], first["path"]) == ("d2", "newly_denied", "/orders")
    assert (first["base"]["action"], first["new"]["reason"]) == ("allow", "scope_missing")
