"""Personas and tests as they are written."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from parclose.policy.nodes import Items, Text
from parclose.policy.schema_base import SHORT, Country, Duration, Free, Instant, Name, Str, Written, number, one_of


class TokenPersonaSpec(Written):
    """A token as a persona writes it."""

    issuer: Name
    claims: Any = Field(None, json_schema_extra={"type": "object"})


class KeyPersonaSpec(Written):
    """A key as a persona writes it."""

    store: Name
    id: Str


class CertificatePersonaSpec(Written):
    """A client certificate as a persona writes it; without `ca` it is of an authority that nobody here knows."""

    ca: Name | None = None
    san_dns: list[Str] | None = None
    spiffe: Str | None = None
    subject: Str | None = None


class PersonaSpec(Written):
    """A stand-in for a caller: the name of one, or its own, or one with overrides."""

    short: ClassVar[type[Text] | type[Items] | None] = Text
    named: Name | None = Field(None, alias=SHORT)
    persona: Name | None = None
    token: TokenPersonaSpec | None = None
    api_key: KeyPersonaSpec | None = None
    mtls: CertificatePersonaSpec | None = None
    credential: (
        Annotated[str, one_of("bad_signature", "expired", "wrong_audience", "unknown_key_id", "none")] | None
    ) = None
    peer: Str | None = Field(None, alias="from")
    country: Country | None = None
    asn: Annotated[int, number(1, 2**32 - 1)] | None = None
    listener: Name | None = None
    user_agent: Free | None = None
    forwarded_for: list[Str] | None = None
    about: Str | None = None


class StepSpec(Written):
    """One step of a sequence: requests, time, or another caller."""

    send: Str | None = None
    within: Duration | None = None
    expect: dict[Str, Annotated[int, number(0, 1_000_000)]] | None = None
    wait: Duration | None = None
    become: PersonaSpec | None = Field(None, alias="as")


class TestSpec(Written):
    """A named test."""

    __test__: ClassVar[bool] = False  # the test runner must not mistake it for a case of its own
    name: Str
    caller: PersonaSpec | None = Field(None, alias="as")
    at_: Instant | None = Field(None, alias="at")
    checks: dict[Str, Str] | None = None
    headers: dict[Str, Free] | None = None
    sni: Str | None = None
    sequence: list[StepSpec] | None = None
    skip: Str | None = None
