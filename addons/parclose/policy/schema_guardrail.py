"""Guardrails as they are written."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import Field

from parclose.policy.nodes import Items, Text
from parclose.policy.requests import RequestPattern
from parclose.policy.schema_base import SHORT, Leaf, Name, Scope, Str, Written, one_of

Requests = Annotated[RequestPattern, Leaf(RequestPattern.parse)]


class GuardNeedSpec(Written):
    """Roles or scopes that whoever gets in holds: a list (one of them), `{any: [...]}` or `{all: [...]}`."""

    short: ClassVar[type[Text] | type[Items] | None] = Items
    brief: list[Scope] | None = Field(None, alias=SHORT)
    any: list[Scope] | None = None
    all: list[Scope] | None = None


class UnlessSpec(Written):
    """What makes a request right: all facets that are written."""

    zones: list[Name] | None = None
    roles: GuardNeedSpec | None = None
    scopes: GuardNeedSpec | None = None
    clients: list[Name] | None = None
    geo: list[Str] | None = None


class SetFieldsSpec(Written):
    """Fields of a segment, each with the word `set`."""

    about: Annotated[str, one_of("set")] | None = None
    owner: Annotated[str, one_of("set")] | None = None
    network: Annotated[str, one_of("set")] | None = None
    authn: Annotated[str, one_of("set")] | None = None
    roles: Annotated[str, one_of("set")] | None = None
    scopes: Annotated[str, one_of("set")] | None = None
    limits: Annotated[str, one_of("set")] | None = None
    max_body: Annotated[str, one_of("set")] | None = None
    preflight: Annotated[str, one_of("set")] | None = None
    upstream: Annotated[str, one_of("set")] | None = None
    forward: Annotated[str, one_of("set")] | None = None
    errors: Annotated[str, one_of("set")] | None = None
    audit: Annotated[str, one_of("set")] | None = None


class RequireSpec(Written):
    """What each segment must have."""

    segments: SetFieldsSpec


class GuardrailSpec(Written):
    """One statement that the whole policy must satisfy."""

    id: Name
    about: Str | None = None
    never: Requests | None = None
    unless: UnlessSpec | None = None
    require: RequireSpec | None = None
    only_in: list[Name] | None = None
