"""All sinks as one: the ledger has everything and its failure is told; the others have what they asked for."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from parclose.audit.events import outcome_record, policy_record
from parclose.audit.journal import Journal
from parclose.audit.sinks.jsonl import JsonlFile, SinkError
from parclose.policy.model import Audit, JsonlSink
from parclose.reasons import Reason
from parclose.verdict import Verdict
from tests.audit.walks import AT, allowed, full_walk

DENIED = Verdict(reason=Reason.NO_ROUTE, status=404)


def kept(path: Path) -> list[tuple[str, Any]]:
    """Return type and action of each line of a file."""
    lines = [json.loads(line)["unmapped"]["parclose"] for line in path.read_text().splitlines()]
    return [(line["type"], line.get("verdict", {}).get("action")) for line in lines]


def write_all(journal: Journal) -> None:
    """Write one record of each kind."""
    walk = full_walk()
    journal.decision(walk, allowed(walk))
    journal.decision(walk, DENIED)
    journal.outcome(outcome_record(decision="d", method="GET", at=AT, dur_ms=1))
    journal.reload(policy_record(policy="shop", revision="7c1f", at=AT, outcome="taken"))


def test_each_sink_has_what_it_asked_for(tmp_path: Path) -> None:
    """The first is the ledger, whatever `only` says there; the others copy."""
    audit = Audit(
        sinks=(
            JsonlSink(path=str(tmp_path / "ledger"), only=("deny",)),
            JsonlSink(path=str(tmp_path / "denials"), only=("deny",)),
            JsonlSink(path=str(tmp_path / "reloads"), only=("reload", "allow")),
            JsonlSink(path=str(tmp_path / "all")),
        )
    )
    journal = Journal.open(audit)
    write_all(journal)
    journal.flush()
    journal.close()
    allow, deny, reload = ("decision", "allow"), ("decision", "deny"), ("policy", None)
    assert kept(tmp_path / "ledger") == [allow, deny, ("outcome", None), reload]
    assert kept(tmp_path / "denials") == [deny]
    assert kept(tmp_path / "reloads") == [allow, reload]
    assert kept(tmp_path / "all") == [allow, deny, reload]


def test_without_a_sink_there_is_a_ledger_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Decisions are kept unless somebody decides otherwise, which nobody can."""
    monkeypatch.chdir(tmp_path)
    journal = Journal.open(Audit())
    journal.decision(full_walk(), DENIED)
    journal.close()
    assert kept(tmp_path / "audit" / "decisions.jsonl") == [("decision", "deny")]


def test_a_sample_thins_allows_alone(tmp_path: Path) -> None:
    """The ledger keeps a short line, copies nothing; denials are always whole."""
    audit = Audit(sinks=(JsonlSink(path=str(tmp_path / "ledger")), JsonlSink(path=str(tmp_path / "copy"))))
    journal, walk = Journal.open(audit), full_walk()
    journal.decision(walk, allowed(walk), allow_sample=0.0)
    journal.decision(walk, DENIED, allow_sample=0.0)
    journal.close()
    lines = [json.loads(line)["unmapped"]["parclose"] for line in (tmp_path / "ledger").read_text().splitlines()]
    assert [line.get("short") for line in lines] == [True, None]
    assert kept(tmp_path / "copy") == [("decision", "deny")]


def test_the_ledgers_failure_is_told(tmp_path: Path) -> None:
    """As a value of its own, for the policy to say what follows; nothing is copied that the ledger does not hold."""
    copy = JsonlFile(str(tmp_path / "copy"))
    journal = Journal(JsonlFile("/dev/full"), [(copy, frozenset())])
    with pytest.raises(SinkError, match="no space left"):
        journal.decision(full_walk(), DENIED)
    with pytest.raises(SinkError):
        journal.outcome(outcome_record(decision="d", method="GET", at=AT, dur_ms=1))
    journal.close()
    assert kept(tmp_path / "copy") == []


def test_a_copys_failure_is_counted_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The decision stands, the other copies are written, and somebody hears of it."""
    last = JsonlFile(str(tmp_path / "last"))
    ledger = JsonlFile(str(tmp_path / "ledger"))
    journal = Journal(ledger, [(JsonlFile("/dev/full"), frozenset()), (last, frozenset())])
    with caplog.at_level(logging.WARNING):
        journal.decision(full_walk(), DENIED)
    journal.close()
    assert journal.lost == 1
    assert kept(tmp_path / "ledger") == kept(tmp_path / "last") == [("decision", "deny")]
    assert "/dev/full" in caplog.text


def test_a_sink_that_cannot_be_opened_closes_those_that_were(tmp_path: Path) -> None:
    """No half-open journal: the error names the file."""
    (tmp_path / "file").touch()
    audit = Audit(sinks=(JsonlSink(path=str(tmp_path / "a")), JsonlSink(path=str(tmp_path / "file" / "b"))))
    with pytest.raises(SinkError, match="file/b"):
        Journal.open(audit)


def test_a_second_verdict_is_whole_and_can_be_asked_for(tmp_path: Path) -> None:
    """Sampled or not: what a trial would have said is kept whole, and a sink may ask for that alone."""
    audit = Audit(
        sinks=(JsonlSink(path=str(tmp_path / "ledger")), JsonlSink(path=str(tmp_path / "copy"), only=("shadow",)))
    )
    journal, walk = Journal.open(audit), full_walk()
    journal.decision(walk, allowed(walk), allow_sample=0.0, tried=True)
    journal.decision(walk, DENIED)
    journal.close()
    lines = [json.loads(line)["unmapped"]["parclose"] for line in (tmp_path / "ledger").read_text().splitlines()]
    assert [line.get("short") for line in lines] == [None, None]
    assert kept(tmp_path / "copy") == [("decision", "allow")]
