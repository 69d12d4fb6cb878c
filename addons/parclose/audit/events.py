"""What is kept besides decisions: how each exchange ended, connections that brought no request, changes of policy.

A decision is two records: the line written before its effect, and its *outcome*, written last, linked by the decision's
id. A decision without an outcome was cut off with the process.
"""

from __future__ import annotations

from collections.abc import Sequence

from parclose.audit import instant
from parclose.audit.record import VERSION, Line
from parclose.audit.redact import Redactor


def outcome_record(
    *,
    decision: str,
    method: str,
    at: float,
    dur_ms: int,
    end: str = "complete",
    status: int | None = None,
    sent_bytes: int = 0,
    received_bytes: int | None = None,
    error: str = "",
) -> Line:
    """Return how an exchange ended. `at` is when; `end` is `complete`, `error` or `aborted`; `status` what was sent."""
    line: Line = {"v": VERSION, "type": "outcome", "t": instant.write(at), "decision": decision, "method": method}
    line |= {"dur_ms": dur_ms, "end": end, "sent_bytes": sent_bytes}
    if status is not None:
        line["status"] = status
    if received_bytes is not None:
        line["received_bytes"] = received_bytes
    if error:
        line["error"] = error
    return line


def connection_record(
    *,
    listener: str,
    peer: str,
    at: float,
    dur_ms: int,
    end: str,
    sni: str | None = None,
    tls: bool = False,
    redactor: Redactor | None = None,
) -> Line:
    """Return that a connection brought no request. `end` says why (`closed`, `unreadable`, `protocol_denied`, ...)."""
    line: Line = {"v": VERSION, "type": "connection", "t": instant.write(at), "listener": listener}
    line |= {"ip": redactor.address(peer) if redactor else peer, "dur_ms": dur_ms, "end": end}
    if sni is not None:
        line["sni"] = sni
    if tls:
        line["tls"] = True
    if redactor is not None and not redactor.leaves_addresses:
        line["redacted"] = ["ip"]
    return line


def policy_record(*, policy: str, revision: str, at: float, outcome: str, findings: Sequence[str] = ()) -> Line:
    """Return that a policy was `taken` up or `refused`; `findings` are one line each."""
    line: Line = {"v": VERSION, "type": "policy", "t": instant.write(at), "policy": policy, "rev": revision}
    line["outcome"] = outcome
    if findings:
        line["findings"] = list(findings)
    return line
