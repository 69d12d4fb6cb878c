"""Records from lines: if these fail, yesterday's audit cannot be judged again."""

from __future__ import annotations

import json

import pytest

from parclose.replay.corpus import BadRecording, record_of, records_of_lines
from parclose.replay.drift import compare_recorded
from parclose.replay.order import judge_all
from parclose.stores.world import OfflineWorld
from tests.replay.kit import ledger, policy, recorded

LINES = ledger().splitlines(keepends=True)


def test_an_audit_is_a_recording() -> None:
    """Facts and verdicts come back, places of charging included, and judging them again changes nothing."""
    records = list(records_of_lines("a.jsonl", LINES))
    assert [record.verdict.status for record in records if record.verdict] == [200, 200, 403, 200, 429, 404]
    assert [record.verdict.charges for record in records if record.verdict] == [
        record.verdict.charges for record in recorded() if record.verdict
    ]
    assert compare_recorded(judge_all(policy(), records, OfflineWorld().of)).differences == ()


def test_a_record_says_where_it_stands() -> None:
    """File and line, from 1."""
    assert [record.source for record in records_of_lines("a.jsonl", LINES[:2])] == ["a.jsonl:1", "a.jsonl:2"]


def test_other_lines_are_passed_over() -> None:
    """Starts, reloads and outcomes are no decisions, and a sampled-out one cannot be judged."""
    other = b'{"v":1,"type":"reload"}\n'
    short = json.dumps({"v": 1, "type": "decision", "short": True}).encode() + b"\n"
    assert len(list(records_of_lines("a.jsonl", [other, short, LINES[0]]))) == 1


def test_a_line_that_was_being_written_is_left_out() -> None:
    """A last line without its end is no error: the proxy may still run."""
    assert len(list(records_of_lines("a.jsonl", [LINES[0], LINES[1][:40]]))) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n",
        b"[]\n",
        b'{"v":1,"type":"decision"}\n',
        LINES[0].replace(b'"v":1', b'"v":9'),
        LINES[2].replace(b"scope_missing", b"out_of_cheese"),
        LINES[0].replace(b'"action":"allow"', b'"action":"perhaps"'),
    ],
)
def test_a_broken_line_names_its_place(line: bytes) -> None:
    """Nothing is skipped silently: a recording that cannot be read says which line."""
    with pytest.raises(BadRecording, match=r"^a\.jsonl:2: "):
        list(records_of_lines("a.jsonl", [LINES[0], line]))


@pytest.mark.parametrize(("redacted", "doubt"), [(["user_agent"], ""), (["ip"], "ip"), (["ip", "xff"], "ip, xff")])
def test_a_redacted_address_is_a_doubt(redacted: list[str], doubt: str) -> None:
    """What a decision may have turned on is not there any more; a user agent decides nothing by itself."""
    record = record_of({**json.loads(LINES[0]), "redacted": redacted}, "a:1")
    assert record.doubt == (f"the audit keeps {doubt} redacted" if doubt else "")


def test_how_long_a_request_took_stands_in_its_outcome() -> None:
    """A decision is written before its effect; its outcome, or a corpus line, tells the rest."""
    decisions = ledger().splitlines(keepends=True)[:2]
    outcome = b'{"v":1,"type":"outcome","t":"2026-06-01T12:00:05Z","decision":"d1","method":"GET","dur_ms":1500}\n'
    own = decisions[1].replace(b'"type":"decision"', b'"type":"decision","dur_ms":20', 1)
    lines = [decisions[0], own, outcome, outcome.replace(b"d1", b"d2")]
    assert [record.took_s for record in records_of_lines("a", lines)] == [1.5, 0.02]
    assert [record.took_s for record in records_of_lines("a", decisions)] == [None, None]
