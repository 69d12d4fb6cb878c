"""What a refused client is told: status, headers and body, from a verdict and the segment's wording.

The client learns the reason code and the decision id, nothing of the policy. A concealed denial is byte-equal, but for
the id, to `no_segment` (on a forward listener to `egress_denied`), so it must be given the policy's own wording.

Source: RFC 9110, RFC 9457 (problem details), RFC 6750 and RFC 9470 (challenges), RFC 9209 (Proxy-Status), RFC 7725
(451), draft-ietf-httpapi-ratelimit-headers revision 10 (RateLimit fields).
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import lru_cache
from http import HTTPStatus

from mitmproxy import http

from parclose.policy.segment import Errors
from parclose.reasons import Reason
from parclose.verdict import Hints, Reading, Verdict

PROXY_ID = "parclose"
QUOTA_TYPE = "https://iana.org/assignments/http-problem-types#quota-exceeded"
LIMITS = frozenset({Reason.RATE_LIMITED, Reason.IP_RATE_LIMITED, Reason.QUOTA_EXHAUSTED, Reason.CONCURRENCY_EXCEEDED})
RETRY_S = 5  # what a 503 suggests: a reload or a key fetch takes less
# Every network, geo and destination denial says that it is the proxy's own, RFC 9209 section 2.3.
PROXY_ERRORS = {
    Reason.ZONE_DENIED: "http_request_denied",
    Reason.GEO_DENIED: "http_request_denied",
    Reason.GEO_UNKNOWN: "http_request_denied",
    Reason.EGRESS_DENIED: "http_request_denied",
    Reason.DESTINATION_DENIED: "destination_ip_prohibited",
}
DESCRIPTIONS = {
    "invalid_token": "the access token is not valid",
    "insufficient_scope": "the access token lacks a scope that is needed here",
    "insufficient_user_authentication": "a stronger or more recent login is needed",
    "invalid_request": "more than one credential was sent",
    "use_dpop_nonce": "a nonce is asked for in the DPoP proof",
    "invalid_dpop_proof": "the DPoP proof is not one for this request, or was used before",
}
DPOP_ALGORITHMS = (
    "ES256",
    "EdDSA",
    "RS256",
    "PS256",
)  # of those that are taken, the ones to choose from (RFC 9449, 7.1)
TITLES = {413: "Content Too Large", 421: "Misdirected Request", 431: "Request Header Fields Too Large"}


def answer(verdict: Verdict, errors: Errors, *, kind: str = "reverse", head: bool = False) -> http.Response:
    """Make the answer to a denial. `kind` is the listener's; `head` leaves the body out, as HEAD demands."""
    if verdict.concealed:
        shown = Reason.EGRESS_DENIED if kind == "forward" else Reason.NO_SEGMENT
        verdict = Verdict(reason=shown, status=shown.status, stage=shown.stage, decision=verdict.decision)
    if verdict.reason is Reason.HEADER_CONFLICT and kind != "forward":  # RFC 6750 section 3.1
        verdict = replace(verdict, hints=Hints(schemes=("bearer",), error="invalid_request"))
    status = status_of(verdict, kind)
    headers = [(b"Cache-Control", b"no-store")]
    headers += [(name.encode(), value.encode("latin-1", "replace")) for name, value in _extra(verdict, errors, status)]
    content_type, body = _body(verdict, errors, status)
    if content_type:
        headers.append((b"Content-Type", content_type))
    made = http.Response.make(status, b"" if head else body, http.Headers(headers))
    made.data.reason = _title(status).encode()
    return made


def status_of(verdict: Verdict, kind: str) -> int:
    """Return the status to answer with: a forward listener asks for proxy credentials, not for the origin's."""
    return 407 if verdict.status == 401 and kind == "forward" else verdict.status


def limit_headers(readings: tuple[Reading, ...]) -> list[tuple[str, str]]:
    """Return the `RateLimit` and `RateLimit-Policy` fields of what was charged; for allowed answers too.

    `t` agrees with `Retry-After` where a limit refused. Of several limits of one name the one with least left
    is told. A concurrency limit has a unit in place of a window, and tells `t` only where it refused.
    """
    told: dict[str, Reading] = {}
    for reading in readings:
        known = told.get(reading.name)
        if known is None or (reading.passed, reading.remaining) < (known.passed, known.remaining):
            told[reading.name] = reading
    if not told:
        return []
    policy = _policy_field(tuple((name, said.quota, said.window_s) for name, said in told.items()))
    left = ", ".join(f"{_name(name)};r={max(0, said.remaining)}{_reset(said)}" for name, said in told.items())
    return [("RateLimit-Policy", policy), ("RateLimit", left)]


def _reset(said: Reading) -> str:
    if said.passed:
        return f";t={math.ceil(said.reset_s)}" if said.window_s else ""
    return f";t={math.ceil(said.retry_after_s)}"


@lru_cache(maxsize=4096)
def _policy_field(limits: tuple[tuple[str, int, int], ...]) -> str:
    """Return the `RateLimit-Policy` field of limits: name, quota, window in seconds; the policy has only so many."""
    return ", ".join(f"{_string(name)};q={quota}{_window(window_s)}" for name, quota, window_s in limits)


def _window(window_s: int) -> str:
    return f";w={window_s}" if window_s else ';qu="concurrent-requests"'


@lru_cache(maxsize=4096)
def _name(name: str) -> str:
    """Return the name of a limit as a structured field's string."""
    return _string(name)


def _extra(verdict: Verdict, errors: Errors, status: int) -> list[tuple[str, str]]:
    """Return the headers that this status and reason ask for."""
    hints, reason = verdict.hints, verdict.reason
    made: list[tuple[str, str]] = []
    if status in (401, 407) or reason is Reason.SCOPE_MISSING or hints.error == "invalid_request":
        name = "Proxy-Authenticate" if status == 407 else "WWW-Authenticate"
        made += [(name, challenge) for challenge in _challenges(verdict, errors, status)]
    if hints.nonce:
        made.append(("DPoP-Nonce", hints.nonce))
    if reason in LIMITS:
        made += limit_headers(verdict.readings)
    retry = hints.retry_after_s if hints.retry_after_s is not None else (RETRY_S if status == 503 else None)
    if retry is not None:
        made.append(("Retry-After", str(max(1, retry) if status == 429 else retry)))
    if reason in PROXY_ERRORS:
        made.append(("Proxy-Status", f"{PROXY_ID}; error={PROXY_ERRORS[reason]}; details={_string(str(reason))}"))
    if status == 451 and hints.link:
        made.append(("Link", f'<{hints.link}>; rel="blocked-by"'))
    if status == 405:
        made.append(("Allow", ", ".join(hints.allow)))
    return made


def _challenges(verdict: Verdict, errors: Errors, status: int) -> list[str]:
    """Return one challenge for each scheme that would do; `Basic` carries either through `https_proxy`."""
    schemes = verdict.hints.schemes or (("bearer",) if status != 403 else ())
    realm = f"realm={_string(errors.realm)}"
    made = []
    if "dpop" in schemes:
        said = [f"DPoP {realm}", f"algs={_string(' '.join(DPOP_ALGORITHMS))}", *_bearer_parameters(verdict)]
        made.append(", ".join(said))
    if "bearer" in schemes or ("dpop" not in schemes and (verdict.hints.error or status == 403)):
        made.append(", ".join([f"Bearer {realm}", *_bearer_parameters(verdict)]))
    if "api_key" in schemes and status != 403:
        made.append(f"ApiKey {realm}")
    if status == 407:
        made.append(f"Basic {realm}")
    return made


def _bearer_parameters(verdict: Verdict) -> list[str]:
    """Return error, scope and login parameters; RFC 6750 section 3.1: no error code when nothing was presented."""
    hints, made = verdict.hints, []
    error = hints.error or ("insufficient_scope" if verdict.reason is Reason.SCOPE_MISSING else "")
    if error:
        made.append(f"error={_string(error)}")
        said = DESCRIPTIONS.get(error, "the credential is not accepted")
        if hints.amr:  # RFC 9470 has no parameter for methods
            said = f"a login with {' and '.join(hints.amr)} is needed"
        made.append(f"error_description={_string(said)}")
    if hints.scopes:
        made.append(f"scope={_string(' '.join(hints.scopes))}")
    if hints.acr:
        made.append(f"acr_values={_string(' '.join(hints.acr))}")
    if hints.resource:
        made.append(f"resource_metadata={_string(hints.resource)}")
    if hints.max_age_s is not None:
        made.append(f"max_age={_string(str(hints.max_age_s))}")
    return made


def _body(verdict: Verdict, errors: Errors, status: int) -> tuple[bytes, bytes]:
    """Return content type and body in the form that the segment wants."""
    if errors.body == "none":
        return b"", b""
    if errors.body == "text":
        return b"text/plain; charset=utf-8", f"{status} {verdict.reason}\ndecision {verdict.decision}\n".encode()
    content_type = b"application/json" if errors.body == "json" else b"application/problem+json"
    return content_type, json.dumps(_members(verdict, errors, status), separators=(",", ":")).encode()


def _members(verdict: Verdict, errors: Errors, status: int) -> dict[str, object]:
    """Return the members of a problem; those that tell of the policy only where the segment says `detail: full`."""
    limited = verdict.reason in LIMITS
    members: dict[str, object] = {
        "type": QUOTA_TYPE if limited else "about:blank",
        "title": _title(status),
        "status": status,
        "reason": str(verdict.reason),
        "decision": verdict.decision,
    }
    if limited:
        members["violated-policies"] = sorted({said.name for said in verdict.readings if not said.passed})
    if errors.detail == "full":
        members["stage"] = verdict.stage
        told = {"segment": verdict.segment, "detail": verdict.detail, "required_scopes": list(verdict.hints.scopes)}
        members.update({name: value for name, value in told.items() if value})
        if verdict.hints.retry_after_s is not None:
            members["retry_after"] = verdict.hints.retry_after_s
    return members


def _title(status: int) -> str:
    """Return the phrase of a status; RFC 9457 wants it as title where the type is `about:blank`."""
    if status in TITLES:
        return TITLES[status]
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Refused"


def _string(text: str) -> str:
    """Return a quoted string, valid as RFC 9110 `quoted-string` and as an RFC 8941 string: printable ASCII alone."""
    clean = "".join(letter if " " <= letter <= "~" else "?" for letter in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'
