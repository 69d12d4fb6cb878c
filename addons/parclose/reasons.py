"""Every answer a verdict may give, in one closed enum.

A reason knows the stage that raises it and the status it is answered with unless a segment says otherwise
(`deny_as`, a `legal` country set, a forward listener's 407). No free text decides anything.

Source: the table of answers in the policy language, section 3.4.
"""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a request was refused: a stable code for clients, audit, metrics and tests."""

    status: int
    stage: str

    def __new__(cls, code: str, status: int, stage: str) -> Reason:
        """Make a member whose value is `code`, answered with HTTP `status`, raised by `stage`."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.status = status
        member.stage = stage
        return member

    PATH_AMBIGUOUS = "path_ambiguous", 400, "canonical"
    HEADER_CONFLICT = "header_conflict", 400, "canonical"
    REQUEST_MALFORMED = "request_malformed", 400, "canonical"
    URI_TOO_LONG = "uri_too_long", 414, "canonical"
    SNI_MISMATCH = "sni_mismatch", 421, "canonical"
    PROTOCOL_DENIED = "protocol_denied", 403, "canonical"

    IP_RATE_LIMITED = "ip_rate_limited", 429, "admission"
    AUTH_BLOCKED = "auth_blocked", 429, "admission"

    NO_SEGMENT = "no_segment", 404, "surface"
    EGRESS_DENIED = "egress_denied", 403, "surface"
    PATH_TOO_COMPLEX = "path_too_complex", 400, "surface"

    ZONE_DENIED = "zone_denied", 403, "network"
    GEO_DENIED = "geo_denied", 403, "network"
    GEO_UNKNOWN = "geo_unknown", 403, "network"

    NO_ROUTE = "no_route", 404, "route"
    METHOD_NOT_ALLOWED = "method_not_allowed", 405, "route"

    TOKEN_INVALID = "token_invalid", 401, "authn"
    KEY_UNKNOWN = "key_unknown", 401, "authn"
    KEY_EXPIRED = "key_expired", 401, "authn"
    CERT_UNTRUSTED = "cert_untrusted", 401, "authn"
    PROOF_INVALID = "proof_invalid", 401, "authn"
    AUTHN_UNAVAILABLE = "authn_unavailable", 503, "authn"

    CALLER_NOT_ALLOWED = "caller_not_allowed", 403, "audience"

    CREDENTIAL_MISSING = "credential_missing", 401, "credential"
    CREDENTIAL_NOT_ACCEPTED = "credential_not_accepted", 401, "credential"
    ISSUER_NOT_ACCEPTED = "issuer_not_accepted", 401, "credential"
    TOKEN_TOO_OLD = "token_too_old", 401, "credential"
    STEP_UP_REQUIRED = "step_up_required", 401, "credential"

    ROLE_MISSING = "role_missing", 403, "scope"
    SCOPE_MISSING = "scope_missing", 403, "scope"
    BIND_MISMATCH = "bind_mismatch", 403, "scope"

    DESTINATION_DENIED = "destination_denied", 403, "destination"

    RATE_LIMITED = "rate_limited", 429, "rate"
    QUOTA_EXHAUSTED = "quota_exhausted", 429, "rate"
    CONCURRENCY_EXCEEDED = "concurrency_exceeded", 429, "rate"

    # What the proxy itself answers, outside the stages.
    BODY_TOO_LARGE = "body_too_large", 413, "proxy"
    HEADERS_TOO_LARGE = "headers_too_large", 431, "proxy"
    POLICY_UNAVAILABLE = "policy_unavailable", 503, "proxy"
    NOT_READY = "not_ready", 503, "proxy"
    AUDIT_UNAVAILABLE = "audit_unavailable", 503, "proxy"
    INTERNAL_ERROR = "internal_error", 503, "proxy"


# INVARIANT: these are what a failed guess looks like; only they count towards `admission.failed_auth`.
COUNTED_AS_FAILED_AUTH = frozenset(
    {Reason.TOKEN_INVALID, Reason.KEY_UNKNOWN, Reason.KEY_EXPIRED, Reason.CERT_UNTRUSTED, Reason.PROOF_INVALID}
)
