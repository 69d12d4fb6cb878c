"""Records as events of the open schema: required members, closed numbers, and the line inside."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parclose.audit import ocsf
from parclose.audit.corpus import read_line
from parclose.audit.events import connection_record, outcome_record, policy_record
from parclose.audit.record import corpus_line
from parclose.audit.redact import Redactor
from parclose.policy.model import Audit
from parclose.reasons import Reason
from parclose.verdict import Verdict
from tests.audit.walks import AT, allowed, full_walk

REQUIRED = {"activity_id", "category_uid", "class_uid", "metadata", "severity_id", "time", "type_uid"}


def event(raw: bytes) -> dict[str, Any]:
    """Return the event of a line, with what every event must have."""
    made: dict[str, Any] = json.loads(raw)
    assert made.keys() >= REQUIRED
    assert made["type_uid"] == made["class_uid"] * 100 + made["activity_id"]
    assert made["category_uid"] == made["class_uid"] // 1000
    assert made["metadata"]["product"]["name"] == "Parclose"
    assert made["metadata"]["version"] == "1.3.0"
    return made


def test_an_allow() -> None:
    """The members that others read, and our own line whole."""
    walk = full_walk(forwarded=("203.0.113.9",))
    made = event(ocsf.decision(walk, allowed(walk)))
    assert made["unmapped"]["parclose"] == corpus_line(walk, allowed(walk)) == read_line(json.dumps(made))
    del made["unmapped"]
    assert made == {
        "class_uid": 4002,
        "category_uid": 4,
        "activity_id": 3,
        "type_uid": 400203,
        "severity_id": 1,
        "action_id": 1,
        "disposition_id": 1,
        "status_id": 1,
        "time": int(AT * 1000),
        "policy": {"uid": "7c1f09a1b2c3"},
        "metadata": made["metadata"] | {"correlation_uid": "01JN3K"},
        "firewall_rule": {"uid": "web-free GET /v1/orders/{id:int}", "name": "web-free", "version": "7c1f09a1b2c3"},
        "http_request": {
            "http_method": "GET",
            "uid": "01JN3K",
            "user_agent": "curl/8",
            "x_forwarded_for": ["203.0.113.9"],
            "url": {"hostname": "api.acme.example", "path": "/v1/orders/7", "scheme": "https", "port": 443},
        },
        "src_endpoint": {
            "ip": "203.0.113.10",
            "location": {"country": "DE"},
            "autonomous_system": {"number": 64500},
        },
    }


@pytest.mark.parametrize(
    ("reason", "status", "disposition"),
    [
        (Reason.SCOPE_MISSING, 403, 2),
        (Reason.TOKEN_INVALID, 401, 26),
        (Reason.TOKEN_INVALID, 407, 26),
        (Reason.RATE_LIMITED, 429, 2),
        (Reason.INTERNAL_ERROR, 503, 27),
    ],
)
def test_a_refusal(reason: Reason, status: int, disposition: int) -> None:
    """Denied, with the reason and the status that the client saw, and the kind of refusal it was."""
    walk = full_walk()
    made = event(ocsf.decision(walk, Verdict(reason=reason, status=status)))
    assert (made["action_id"], made["status_id"], made["disposition_id"]) == (2, 2, disposition)
    assert (made["status_detail"], made["http_response"]) == (reason.value, {"code": status})
    assert "firewall_rule" not in made


@pytest.mark.parametrize(
    ("method", "activity"),
    [
        ("CONNECT", 1),
        ("DELETE", 2),
        ("GET", 3),
        ("HEAD", 4),
        ("OPTIONS", 5),
        ("POST", 6),
        ("PUT", 7),
        ("TRACE", 8),
        ("PATCH", 9),
        ("BREW", 99),
        ("get", 99),
        ("", 99),
    ],
)
def test_each_method_is_an_activity(method: str, activity: int) -> None:
    """What is not in the schema is `Other`."""
    walk = full_walk(method=method)
    assert event(ocsf.decision(walk, allowed(walk)))["activity_id"] == activity


@pytest.mark.parametrize("way", ["/24", "hash"])
def test_a_redacted_address_is_no_ip(way: str) -> None:
    """The schema's `ip` holds addresses only; and the whole one is nowhere."""
    walk = full_walk(forwarded=("203.0.113.10",))
    raw = ocsf.decision(walk, allowed(walk), Redactor(Audit(redact_ip=way), b"key"))
    made = event(raw)
    assert set(made["src_endpoint"]) == {"uid", "location", "autonomous_system"}
    assert b"203.0.113.10" not in raw


def test_a_short_decision() -> None:
    """Only that it was, and how it ended."""
    walk = full_walk()
    raw = ocsf.decision(walk, allowed(walk), is_short=True)
    made = event(raw)
    assert made["unmapped"]["parclose"]["short"] is True
    assert not {"http_request", "src_endpoint"} & made.keys()
    assert b"203.0.113.10" not in raw


@pytest.mark.parametrize("evil", ["\r\n{}", "\x1b[2J", "\u202e", '","action_id":1,"x":"'])
def test_log_injection(evil: str) -> None:
    """A caller's text stays in its member, in the event as in the line."""
    walk = full_walk(target=evil, host=evil, method=evil, user_agent=evil, decision=evil, forwarded=(evil,))
    raw = ocsf.decision(walk, Verdict(reason=Reason.NO_ROUTE, status=404))
    assert raw.count(b"\n") == 1
    assert raw[:-1].decode("ascii").isprintable()
    assert event(raw)["http_request"]["url"]["path"] == evil
    assert event(raw)["action_id"] == 2


@pytest.mark.parametrize(("end", "status_id"), [("complete", 1), ("error", 2), ("aborted", 2)])
def test_an_outcome(end: str, status_id: int) -> None:
    """Linked to its decision by the id; what was sent, and how long it took."""
    line = outcome_record(decision="01JN3K", method="GET", at=AT, dur_ms=41, end=end, status=200, sent_bytes=7)
    made = event(json.dumps(ocsf.event_of(line)).encode())
    assert made["metadata"]["correlation_uid"] == "01JN3K"
    assert (made["type_uid"], made["status_id"]) == (400203, status_id)
    assert made["http_response"] == {"code": 200, "latency": 41, "length": 7}
    assert made["unmapped"]["parclose"] == line


def test_an_outcome_without_an_answer() -> None:
    """The client left before there was one."""
    line = outcome_record(decision="01JN3K", method="GET", at=AT, dur_ms=41, end="aborted")
    assert "http_response" not in ocsf.event_of(line)


def test_a_connection_without_a_request() -> None:
    """Network activity that failed, from somewhere."""
    line = connection_record(listener="edge", peer="203.0.113.10", at=AT, dur_ms=5, end="unreadable")
    made = event(json.dumps(ocsf.event_of(line)).encode())
    assert (made["type_uid"], made["status_detail"], made["src_endpoint"]) == (
        400104,
        "unreadable",
        {"ip": "203.0.113.10"},
    )


@pytest.mark.parametrize(("outcome", "status_id"), [("taken", 1), ("refused", 2)])
def test_a_change_of_policy(outcome: str, status_id: int) -> None:
    """What is in force since when, and what was refused."""
    line = policy_record(policy="shop", revision="7c1f", at=AT, outcome=outcome)
    made = event(json.dumps(ocsf.event_of(line)).encode())
    assert (made["type_uid"], made["status_id"]) == (300403, status_id)
    assert made["entity"] == {"type": "policy", "name": "shop", "version": "7c1f"}


@pytest.mark.parametrize(
    "more", [{}, {"received_bytes": 0}, {"error": 'gone \x1b"', "end": "error"}, {"replayed": True}]
)
def test_the_outcome_written_as_text_is_the_event(more: dict[str, object]) -> None:
    """What is written on every request's path says what the event of the same record says."""
    line = outcome_record(decision="d", method="PURGE", at=AT + 0.25, dur_ms=3, status=200, sent_bytes=7) | more
    assert json.loads(ocsf.outcome_text(line)) == ocsf.event_of(line)
    assert ocsf.outcome_text(line).endswith(b"}\n")
