"""Records as events of the Open Cybersecurity Schema Framework, each with the Parclose line whole under `unmapped`.

*HTTP Activity* (4002) for a decision, written before its effect, and again for its outcome, written last; both carry
the decision's id in `metadata.correlation_uid`. *Network Activity* (4001) for a connection that brought no request;
*Entity Management* (3004) for a policy that was taken up or refused.

Source: OCSF 1.3.0 with the profile `security_control`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import lru_cache
from json.encoder import encode_basestring_ascii as quote
from typing import cast

from parclose import __version__
from parclose.audit import instant
from parclose.audit.record import Line, corpus_text, short_text
from parclose.audit.redact import Redactor
from parclose.stages.walk import Walk
from parclose.verdict import Verdict

SCHEMA = "1.3.0"
_PRODUCT = {"name": "Parclose", "vendor_name": "Parclose", "version": __version__}
# Open at its end: what correlates follows.
_METADATA = json.dumps(
    {"version": SCHEMA, "product": _PRODUCT, "profiles": ["security_control"]}, separators=(",", ":")
)[:-1]
_HTTP, _NETWORK, _ENTITY = 4002, 4001, 3004
_ACTIVITIES: Mapping[str, int] = {
    "CONNECT": 1,
    "DELETE": 2,
    "GET": 3,
    "HEAD": 4,
    "OPTIONS": 5,
    "POST": 6,
    "PUT": 7,
    "TRACE": 8,
    "PATCH": 9,
}
_OTHER = 99
_NETWORK_FAIL, _ENTITY_UPDATE = 4, 3
_INFORMATIONAL, _LOW = 1, 2
_SUCCESS, _FAILURE = 1, 2
_ALLOWED, _DENIED = 1, 2
# Dispositions: 1 Allowed, 2 Blocked, 26 Unauthorized, 27 Error.
_DISPOSITION_ALLOWED, _DISPOSITION_BLOCKED, _DISPOSITION_UNAUTHORIZED, _DISPOSITION_ERROR = 1, 2, 26, 27


def decision(
    walk: Walk, verdict: Verdict, redactor: Redactor | None = None, *, is_short: bool = False, line: str | None = None
) -> bytes:
    """Return the event of a decision, as one line of JSON: on the request's path, so written as text.

    `is_short` keeps only that it was, and how it ended. `line` is its corpus line where that is written already.
    """
    facts = walk.facts
    text = (
        f"{{{_said(verdict.allowed, verdict.status, str(verdict.reason or ''), facts.method)}"
        f',"time":{int(facts.at * 1000)},"policy":{{"uid":{quote(verdict.revision)}}}'
        f',"metadata":{_METADATA},"correlation_uid":{quote(facts.decision)}}}'
    )
    if verdict.segment:
        text += _rule(verdict.segment, verdict.route, verdict.revision)
    if is_short:
        return f'{text},"unmapped":{{"parclose":{short_text(walk, verdict)}}}}}\n'.encode("ascii")
    line = corpus_text(walk, verdict, redactor) if line is None else line
    return f'{text}{_ends(walk, verdict, redactor)},"unmapped":{{"parclose":{line}}}}}\n'.encode("ascii")


@lru_cache(maxsize=4096)
def _said(allowed: bool, status: int, reason: str, method: str) -> str:
    """Write what kind of event it is, and what came of it."""
    activity = _ACTIVITIES.get(method, _OTHER)
    event: Line = {
        "class_uid": _HTTP,
        "category_uid": _HTTP // 1000,
        "activity_id": activity,
        "type_uid": _HTTP * 100 + activity,
        "severity_id": _INFORMATIONAL if allowed else _LOW,
        "action_id": _ALLOWED if allowed else _DENIED,
        "disposition_id": _DISPOSITION_ALLOWED if allowed else _disposition(status),
        "status_id": _SUCCESS if allowed else _FAILURE,
    }
    if not allowed:
        event |= {"status_detail": reason, "http_response": {"code": status}}
    return json.dumps(event, separators=(",", ":"))[1:-1]


@lru_cache(maxsize=4096)
def _rule(segment: str, route: str, revision: str) -> str:
    """Write which rule it was."""
    uid = f"{segment} {route}".rstrip()
    return f',"firewall_rule":{{"uid":{quote(uid)},"name":{quote(segment)},"version":{quote(revision)}}}'


def _ends(walk: Walk, verdict: Verdict, redactor: Redactor | None) -> str:
    """Write who asked, and what for."""
    facts = walk.facts
    client_ip, agent, kind = verdict.client_ip or facts.peer, facts.user_agent, "ip"
    if redactor is not None and not redactor.leaves_all:
        client_ip, agent = redactor.address(client_ip), redactor.header("user-agent", agent)
        kind = "ip" if redactor.leaves_addresses else "uid"  # what was cut or hashed is no address
    text = f',"http_request":{{"http_method":{quote(facts.method)},"uid":{quote(facts.decision)}'
    if agent:
        text += f',"user_agent":{quote(agent)}'
    if facts.forwarded and (redactor is None or "xff" not in redactor.marks(facts)):
        text += f',"x_forwarded_for":[{",".join(map(quote, facts.forwarded))}]'
    text += f',"url":{{"hostname":{quote(facts.host)},"path":{quote(facts.target)},"scheme":{quote(facts.scheme)}'
    text += f',"port":{facts.port}}}}}' if facts.port else "}}"
    text += f',"src_endpoint":{{"{kind}":{quote(client_ip)}'
    if walk.place is not None and walk.place.country is not None:
        text += f',"location":{{"country":{quote(walk.place.country)}}}'
    if walk.place is not None and walk.place.asn is not None:
        text += f',"autonomous_system":{{"number":{walk.place.asn}}}'
    return text + "}"


def outcome(line: Mapping[str, object]) -> Line:
    """Return the event of an exchange's end, from its outcome record."""
    event = _event(line, _HTTP, _ACTIVITIES.get(str(line.get("method", "")), _OTHER))
    well = line["end"] == "complete"
    event |= {
        "severity_id": _INFORMATIONAL,
        "status_id": _SUCCESS if well else _FAILURE,
        "unmapped": {"parclose": line},
    }
    if not well:
        event["status_detail"] = line["end"]
    event["http_request"] = {"http_method": line["method"], "uid": line["decision"]}
    if "status" in line:
        event["http_response"] = {
            "code": line["status"],
            "latency": line["dur_ms"],
            "length": line["sent_bytes"],
        }
    return event


def connection(line: Mapping[str, object]) -> Line:
    """Return the event of a connection that brought no request."""
    event = _event(line, _NETWORK, _NETWORK_FAIL)
    return event | {
        "severity_id": _LOW,
        "status_id": _FAILURE,
        "status_detail": line["end"],
        "src_endpoint": {_address_kind(line): line["ip"]},
        "unmapped": {"parclose": line},
    }


def policy_change(line: Mapping[str, object]) -> Line:
    """Return the event of a policy that was taken up, or refused."""
    event = _event(line, _ENTITY, _ENTITY_UPDATE)
    taken = line["outcome"] == "taken"
    return event | {
        "severity_id": _INFORMATIONAL if taken else _LOW,
        "status_id": _SUCCESS if taken else _FAILURE,
        "entity": {"type": "policy", "name": line["policy"], "version": line["rev"]},
        "unmapped": {"parclose": line},
    }


def outcome_text(line: Mapping[str, object]) -> bytes:
    """Return `outcome` of an exchange that was answered, as one line: on every request's path, so written as text."""
    milliseconds = _milliseconds(str(line["t"]))
    well = line["end"] == "complete"
    method, uid = str(line["method"]), quote(str(line["decision"]))
    activity = _ACTIVITIES.get(method, _OTHER)
    kept = ",".join([f'"{name}":{quote(held) if type(held) is str else _plain(held)}' for name, held in line.items()])
    ended = "" if well else f',"status_detail":{quote(str(line["end"]))}'
    return (
        f'{{"class_uid":{_HTTP},"category_uid":{_HTTP // 1000},"activity_id":{activity}'
        f',"type_uid":{_HTTP * 100 + activity},"time":{milliseconds}'
        f',"metadata":{_METADATA},"correlation_uid":{uid}}},"severity_id":{_INFORMATIONAL}'
        f',"status_id":{_SUCCESS if well else _FAILURE},"unmapped":{{"parclose":{{{kept}}}}}{ended}'
        f',"http_request":{{"http_method":{quote(method)},"uid":{uid}}}'
        f',"http_response":{{"code":{line["status"]},"latency":{line["dur_ms"]},"length":{line["sent_bytes"]}}}}}\n'
    ).encode("ascii")


def _milliseconds(text: str) -> int:
    """Return epoch milliseconds of an instant as text, what is finer cut off."""
    digits = text[20:23]
    if text[19:20] == "." and text.endswith("Z") and len(digits) == 3 and digits.isascii() and digits.isdecimal():
        return _second(text[:19]) * 1000 + int(digits)
    return int(instant.read(text) * 1000)


@lru_cache(maxsize=64)
def _second(text: str) -> int:
    """Return the epoch seconds of an instant without its fraction; most outcomes of a second share it."""
    return int(instant.read(f"{text}.000Z"))


def _plain(held: object) -> str:
    """Write a number or a truth value."""
    return json.dumps(held) if isinstance(held, bool) else str(held)


_MAKERS = {"outcome": outcome, "connection": connection, "policy": policy_change}


def event_of(line: Mapping[str, object]) -> Line:
    """Return the event of an outcome, a connection or a change of policy, by the record's `type`."""
    return _MAKERS[str(line["type"])](line)


def _event(line: Mapping[str, object], class_uid: int, activity_id: int) -> Line:
    """Return what every event has."""
    text = str(line["t"])
    event: Line = {
        "class_uid": class_uid,
        "category_uid": class_uid // 1000,
        "activity_id": activity_id,
        "type_uid": class_uid * 100 + activity_id,
        "time": _milliseconds(text),
        "metadata": {"version": SCHEMA, "product": _PRODUCT, "profiles": ["security_control"]},
    }
    if "decision" in line:
        cast("Line", event["metadata"])["correlation_uid"] = line["decision"]
    return event


def _address_kind(line: Mapping[str, object]) -> str:
    """Return the member that may hold the address: one that was cut or hashed is no `ip`."""
    return "uid" if "ip" in cast("list[str]", line.get("redacted", ())) else "ip"


def _disposition(status: object) -> int:
    """Return how a refusal is disposed of."""
    if status in {401, 407}:
        return _DISPOSITION_UNAUTHORIZED
    return _DISPOSITION_ERROR if status == 503 else _DISPOSITION_BLOCKED
