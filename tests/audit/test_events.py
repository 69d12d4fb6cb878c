"""What is kept besides decisions."""

from __future__ import annotations

from parclose.audit.corpus import holds_facts
from parclose.audit.events import connection_record, outcome_record, policy_record
from parclose.audit.redact import Redactor
from parclose.policy.model import Audit
from tests.audit.walks import AT


def test_an_outcome_names_its_decision_and_its_end() -> None:
    """All that was measured, and no member for what was not."""
    whole = outcome_record(
        decision="d",
        method="POST",
        at=AT,
        dur_ms=41,
        end="error",
        status=502,
        sent_bytes=7,
        received_bytes=9,
        error="reset",
    )
    assert whole == {
        "v": 1,
        "type": "outcome",
        "t": "2026-06-01T12:00:00.1234567Z",
        "decision": "d",
        "method": "POST",
        "dur_ms": 41,
        "end": "error",
        "sent_bytes": 7,
        "status": 502,
        "received_bytes": 9,
        "error": "reset",
    }
    least = outcome_record(decision="d", method="GET", at=AT, dur_ms=0)
    assert least.keys() == {"v", "type", "t", "decision", "method", "dur_ms", "end", "sent_bytes"}
    assert not holds_facts(whole)


def test_a_connection_without_a_request_is_kept_redacted() -> None:
    """Its address is as private as that of a request."""
    redactor = Redactor(Audit(redact_ip="/24"), b"")
    line = connection_record(
        listener="edge", peer="203.0.113.10", at=AT, dur_ms=5, end="closed", sni="x", tls=True, redactor=redactor
    )
    assert (line["ip"], line["redacted"], line["sni"], line["tls"]) == ("203.0.113.0/24", ["ip"], "x", True)
    plain = connection_record(listener="edge", peer="203.0.113.10", at=AT, dur_ms=5, end="closed")
    assert plain.keys() == {"v", "type", "t", "listener", "ip", "dur_ms", "end"}


def test_a_refused_policy_is_kept_with_what_was_wrong() -> None:
    """One line for each finding."""
    line = policy_record(policy="shop", revision="", at=AT, outcome="refused", findings=("policy.yaml:3:1  TYP001  x",))
    assert line["findings"] == ["policy.yaml:3:1  TYP001  x"]
    assert "findings" not in policy_record(policy="shop", revision="7c1f", at=AT, outcome="taken")
