"""Is the request in one spelling? Nothing below may see a request that two servers could read differently."""

from __future__ import annotations

from parclose.facts import Facts
from parclose.reasons import Reason
from parclose.stages.refusal import deny
from parclose.stages.spelling import Fault, fold_ascii, read_lenient, read_strict
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, Judgement

_REASON_OF = {reason.value: reason for reason in Reason}


def judge(walk: Walk) -> Judgement:
    """Refuse what is malformed, too long or ambiguous; else leave path, target and method for those below."""
    facts = walk.facts
    if facts.faults:
        code, _, detail = facts.faults[0].partition(":")
        return deny(_REASON_OF[code], detail=detail, found=f"the wire: {', '.join(facts.faults)}")
    if facts.upgrade == "refused":
        return deny(Reason.PROTOCOL_DENIED, detail="upgrade", needs="no upgrade, or one to `websocket`")
    if not facts.host:
        return deny(Reason.REQUEST_MALFORMED, detail="host", found="no host", needs="exactly one host")
    walk.method = facts.method
    if facts.connect:
        if facts.kind != "forward":
            return deny(Reason.REQUEST_MALFORMED, detail="method", found="CONNECT on a reverse listener")
        return ALLOW
    admission = walk.policy.settings.admission
    if facts.uri_bytes > admission.max_uri_bytes:
        return deny(
            Reason.URI_TOO_LONG,
            detail="bytes",
            found=f"a target of {facts.uri_bytes} bytes",
            needs=f"at most {admission.max_uri_bytes}",
        )
    if facts.tls and facts.sni and walk.policy.settings.sni == "match" and not _same_name(facts.sni, facts.host):
        return deny(
            Reason.SNI_MISMATCH, found=f"TLS name `{facts.sni}`, host `{facts.host}`", needs="the same name in both"
        )
    said = _read_path(walk)
    if said is not None:
        return said
    if facts.preflight and facts.origin and facts.method == "OPTIONS":
        walk.method = facts.preflight
        walk.preflight = True
    return ALLOW


def _read_path(walk: Walk) -> Judgement | None:
    """Set path and target, or return the refusal."""
    facts = walk.facts
    paths = walk.policy.settings.paths
    target = facts.target
    if target == "*" and facts.method == "OPTIONS":
        walk.target = target
        return None
    if paths.normalize == "lenient":
        read = read_lenient(target)
        if isinstance(read, Fault):
            return _ambiguous(facts, read)
        path, target = read
    else:
        segments = read_strict(target)
        if isinstance(segments, Fault):
            return _ambiguous(facts, segments)
        path = segments
    if path and path[-1] == "" and paths.trailing_slash == "same":
        path = path[:-1]
    limit = walk.policy.settings.admission.max_path_segments
    if len(path) > limit:
        return deny(
            Reason.URI_TOO_LONG, detail="segments", found=f"{len(path)} path segments", needs=f"at most {limit}"
        )
    walk.path = fold_ascii(path) if paths.case == "insensitive" else path
    walk.target = target
    return None


def _ambiguous(facts: Facts, fault: Fault) -> Judgement:
    """Refuse a path that has no single meaning."""
    return deny(
        Reason.PATH_AMBIGUOUS,
        detail=fault.value,
        found=f"path {facts.target!a}",
        needs="one spelling: no encoded separators, dot or empty segments, `;`, `\\`, or bytes outside ASCII",
    )


def _same_name(sni: str, host: str) -> bool:
    """Whether the TLS name and the host are one name."""
    return sni == host or sni.lower().removesuffix(".") == host
