"""Differences between two policies: if these fail, a change that denies somebody looks like none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.reasons import Reason
from parclose.replay.drift import Kind, compare, compare_recorded, kind_of, reason_words
from parclose.replay.order import Judged, judge_all
from parclose.replay.record import Record
from parclose.stores.world import OfflineWorld
from parclose.verdict import Effect, Verdict
from tests.replay.kit import TEXT, policy, recorded

ALLOWED = Verdict(effect=Effect.ALLOW, reason=None, status=200, segment="a", route="GET /")
REFUSED = Verdict(reason=Reason.SCOPE_MISSING, status=403, segment="a", route="GET /")


@pytest.mark.parametrize(
    ("base", "new", "kind"),
    [
        (ALLOWED, ALLOWED, Kind.UNCHANGED),
        (REFUSED, REFUSED, Kind.UNCHANGED),
        (ALLOWED, REFUSED, Kind.NEWLY_DENIED),
        (REFUSED, ALLOWED, Kind.NEWLY_ALLOWED),
        (REFUSED, replace(REFUSED, reason=Reason.ROLE_MISSING), Kind.REASON_CHANGED),
        (REFUSED, replace(REFUSED, status=404), Kind.REASON_CHANGED),
        (ALLOWED, replace(ALLOWED, segment="b"), Kind.SEGMENT_MOVED),
        (ALLOWED, replace(ALLOWED, route="GET /**"), Kind.SEGMENT_MOVED),
        (ALLOWED, replace(ALLOWED, revision="other"), Kind.UNCHANGED),
    ],
)
def test_each_difference_has_its_name(base: Verdict, new: Verdict, kind: Kind) -> None:
    """The effect first, then reason and status, then segment and route; the revision is no difference."""
    assert kind_of(base, new) is kind


def test_one_scope_less_denies_exactly_those_who_needed_it() -> None:
    """The two reads that were allowed, and the one that the limit refused for another reason."""
    records = recorded()
    other = policy(TEXT.replace('"GET /orders": orders:read', '"GET /orders": orders:write'))
    drift = compare_recorded(judge_all(other, records, OfflineWorld().of))
    assert [(change.record.facts.decision, change.kind) for change in drift.differences] == [
        ("d2", Kind.NEWLY_DENIED),
        ("d4", Kind.NEWLY_DENIED),
        ("d5", Kind.REASON_CHANGED),
    ]


def test_two_policies_are_compared_on_the_same_requests() -> None:
    """No recorded verdict is needed for that."""
    records = [replace(record, verdict=None) for record in recorded()]
    other = policy(TEXT.replace('"GET /products": public', '"GET /products": authenticated'))
    base = judge_all(policy(), records, OfflineWorld().of)
    drift = compare(base, judge_all(other, records, OfflineWorld().of))
    assert [change.record.facts.decision for change in drift.differences] == ["d1"]


def test_what_is_not_sure_is_no_difference() -> None:
    """A `maybe` is counted as one, and never fails a build."""
    records = [replace(record, doubt="gone") for record in recorded()]
    other = policy(TEXT.replace("orders:read\n", "orders:write\n"))
    drift = compare_recorded(judge_all(other, records, OfflineWorld().of))
    assert drift.differences == ()
    assert drift.counts[Kind.MAYBE] == 5


@pytest.mark.parametrize("verdict", [None, Verdict(reason=Reason.NOT_READY, stage="proxy")])
def test_what_no_stage_decided_is_not_judged(verdict: Verdict | None) -> None:
    """What the proxy answered while it started says nothing of the policy."""
    record = Record(facts=recorded()[0].facts, source="f:1", verdict=verdict)
    drift = compare_recorded(judge_all(policy(), [record], OfflineWorld().of))
    assert [change.kind for change in drift.changes] == [Kind.UNJUDGED]


def test_records_and_verdicts_must_pair() -> None:
    """Two lists of other lengths are a mistake of ours."""
    judged: list[Judged] = judge_all(policy(), recorded(), OfflineWorld().of)
    with pytest.raises(ValueError, match="shorter"):
        compare(judged, judged[:-1])


def test_a_verdict_in_two_words() -> None:
    """`allow`, or status and reason."""
    assert [reason_words(one) for one in (ALLOWED, REFUSED)] == ["allow", "403 scope_missing"]
