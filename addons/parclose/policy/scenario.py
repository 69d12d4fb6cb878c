"""A policy's own tests, as they are run: personas, single checks, sequences on a virtual clock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_AT = 1780315200.0  # 2026-06-01T12:00:00Z: tests never depend on today


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenStandIn:
    """A token as a persona writes it; the harness fills iss, aud, exp, iat and typ validly unless written."""

    issuer: str
    claims: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateStandIn:
    """A client certificate as a persona writes it; `ca` "" is an authority that nobody here knows."""

    ca: str = ""
    san_dns: tuple[str, ...] = ()
    spiffe: str = ""
    subject: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A stand-in for a caller.

    `credential` is "", `bad_signature`, `expired`, `wrong_audience`, `unknown_key_id` or `none`.
    `api_key` is (store, id).
    """

    name: str = ""
    token: TokenStandIn | None = None
    api_key: tuple[str, str] | None = None
    mtls: CertificateStandIn | None = None
    credential: str = ""
    peer: str = ""
    country: str | None = None
    asn: int | None = None
    listener: str = ""
    user_agent: str = ""
    forwarded_for: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """What a check wants: allowed, or `status` and `reason`; then, where written, segment and route key."""

    allow: bool
    status: int = 0
    reason: str = ""
    segment: str = ""
    route: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One request and what must come of it."""

    method: str
    url: str
    expect: Expectation
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """`count` requests, spread evenly over `within_s` of virtual time; `expect` counts outcomes."""

    count: int
    method: str
    url: str
    within_s: float = 0.0
    expect: tuple[tuple[Expectation, int], ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait:
    """Virtual time passes."""

    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Become:
    """From here on another persona calls."""

    persona: Persona


type SequenceStep = Send | Wait | Become


@dataclass(frozen=True, slots=True, kw_only=True)
class Test:
    """A named test: each check runs alone with fresh counters, a sequence shares one set."""

    __test__ = False  # the test runner must not mistake it for a case of its own

    name: str
    persona: Persona
    at: float = DEFAULT_AT
    checks: tuple[Check, ...] = ()
    sequence: tuple[SequenceStep, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    sni: str | None = None
    skip: str = ""
    where: str = ""
