"""The report for people: if these fail, a reader cannot see who is hit by a change, or his terminal is written to."""

from __future__ import annotations

from dataclasses import replace

from parclose.replay.drift import Drift, compare_recorded
from parclose.replay.order import judge_all
from parclose.replay.report.text import render, request_words
from parclose.stores.world import OfflineWorld
from parclose.testing import facts
from tests.replay.kit import TEXT, policy, recorded

OTHER = TEXT.replace('"GET /orders": orders:read', '"GET /orders": orders:write')


def report(text: str = TEXT) -> str:
    """Return the report of judging the kit's requests by a policy."""
    drift = compare_recorded(judge_all(policy(text), recorded(), OfflineWorld().of))
    return render(drift, base="recorded", new="d2e8a4")


def test_no_difference_is_said_shortly() -> None:
    """Sums and the table of verdicts, nothing else."""
    lines = report().splitlines()
    assert lines[0] == "6 requests  2026-06-01 12:00:00Z - 2026-06-01 12:00:05Z  base recorded  new d2e8a4"
    assert lines[1].startswith("newly denied 0   newly allowed 0   reason changed 0   segment moved 0")
    assert "NEWLY" not in report()


def test_the_table_counts_both_sides() -> None:
    """How many requests get which verdict now, and got it then."""
    rows = [line.split() for line in report(OTHER).splitlines() if line.startswith("shop ")]
    assert rows == [
        ["shop", "403", "scope_missing", "1", "4"],
        ["shop", "404", "no_route", "1", "1"],
        ["shop", "429", "rate_limited", "1", "0"],
        ["shop", "allow", "3", "1"],
    ]


def test_each_difference_names_request_verdicts_and_rule() -> None:
    """Where it was recorded, what it got, what it would get, and why."""
    text = report(OTHER)
    assert "NEWLY DENIED" in text
    assert "GET http://api.test/orders    kit:2" in text
    assert 'allow @shop via "GET /orders"  ->  403 scope_missing @shop via "GET /orders"' in text
    assert "policy.yaml:" in text
    assert max(len(line) for line in text.splitlines()) <= 120


def test_what_is_not_sure_says_why() -> None:
    """The reason of each `maybe`, counted."""
    records = [replace(record, doubt="the credential is gone") for record in recorded()]
    drift = compare_recorded(judge_all(policy(), records, OfflineWorld().of))
    assert " maybe 5: the credential is gone" in render(drift, base="recorded", new="x")


def test_nothing_recorded_is_no_error() -> None:
    """An empty recording has no span of time."""
    assert render(Drift(changes=()), base="recorded", new="x").startswith("0 requests  base recorded")


def test_a_caller_writes_nothing_to_the_terminal() -> None:
    """Control characters of a path are escaped."""
    words = request_words(facts("GET http://api.test/x", target="/\x1b]0;pwned\x07"))
    assert words == "GET http://api.test/\\x1b]0;pwned\\x07"
