"""The policy as it is written: decoded strictly, every mistake mapped back to its place; also the JSON Schema."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails

from parclose.policy.nodes import Entries, Items, Mark, Node, Text, place_of
from parclose.policy.schema_audit import AuditSpec
from parclose.policy.schema_base import (
    SHORT,
    Bool,
    Cidr,
    Count,
    Country,
    Duration,
    Instant,
    Name,
    Scope,
    Str,
    Url,
    Written,
    noun,
    number,
    one_of,
)
from parclose.policy.schema_guardrail import GuardrailSpec
from parclose.policy.schema_identity import (
    AttributeSpec,
    ClientCaSpec,
    ClientSpec,
    IssuerSpec,
    KeyStoreSpec,
    RoleSpec,
    ScopeSpec,
)
from parclose.policy.schema_include import IncludeSpec
from parclose.policy.schema_segment import (
    LimitSpec,
    ProfileSpec,
    RouteSpec,
    SegmentSpec,
)
from parclose.policy.schema_settings import SettingsSpec
from parclose.policy.schema_tests import PersonaSpec, TestSpec
from parclose.policy.source import Source


class TlsSpec(Written):
    """How an upstream is trusted."""

    ca: Str | None = None
    server_name: Str | None = None
    client_cert: Str | None = None


class UpstreamSpec(Written):
    """Where allowed requests go."""

    url: Url
    tls: TlsSpec | None = None
    host_header: Annotated[str, one_of("keep", "rewrite")] = "keep"


class ZoneEntrySpec(Written):
    """One prefix of a zone."""

    short: ClassVar[type[Text] | type[Items] | None] = Text
    brief: Cidr | None = Field(None, alias=SHORT)
    cidr: Cidr | None = None
    about: Str | None = None
    until: Instant | None = None


class ZoneSpec(Written):
    """A zone: a list of prefixes, or a mapping."""

    short: ClassVar[type[Text] | type[Items] | None] = Items
    entries: list[ZoneEntrySpec] | None = Field(None, alias=SHORT)
    cidrs: list[ZoneEntrySpec] | None = None
    files: list[Str] | None = None
    union: list[Name] | None = None
    without: list[Name] | None = Field(None, alias="except")
    refresh: Duration | None = None
    max_entries: Count | None = None
    about: Str | None = None


class GeoSetSpec(Written):
    """A set of countries and networks."""

    short: ClassVar[type[Text] | type[Items] | None] = Items
    brief: list[Country] | None = Field(None, alias=SHORT)
    countries: list[Country] | None = None
    asn: list[Annotated[int, number(1, 2**32 - 1)]] | None = None
    legal: Bool = False
    link: Url | None = None
    about: Str | None = None


class GeoSpec(Written):
    """Databases of countries and networks, and sets of both."""

    country_db: Str | None = None
    asn_db: Str | None = None
    max_age: Duration | None = None
    on_unknown: Annotated[str, one_of("deny", "allow")] = "deny"
    sets: dict[Name, GeoSetSpec] | None = None


class PolicySpec(Written):
    """The whole file."""

    version: Annotated[str, one_of("1")]
    name: Name | None = None
    include: list[IncludeSpec] = Field(default_factory=list)
    settings: SettingsSpec | None = None
    upstreams: dict[Name, UpstreamSpec] = Field(default_factory=dict)
    issuers: dict[Name, IssuerSpec] = Field(default_factory=dict)
    client_cas: dict[Name, ClientCaSpec] = Field(default_factory=dict)
    attributes: dict[Name, AttributeSpec] = Field(default_factory=dict)
    clients: dict[Name, ClientSpec] = Field(default_factory=dict)
    roles: dict[Scope, RoleSpec] = Field(default_factory=dict)
    scopes: dict[Scope, ScopeSpec] = Field(default_factory=dict)
    api_keys: dict[Name, KeyStoreSpec] = Field(default_factory=dict)
    zones: dict[Name, ZoneSpec] = Field(default_factory=dict)
    geo: GeoSpec | None = None
    profiles: dict[Name, ProfileSpec] = Field(default_factory=dict)
    route_sets: dict[Name, dict[Str, RouteSpec]] = Field(default_factory=dict)
    limits: dict[Name, LimitSpec] = Field(default_factory=dict)
    segments: dict[Name, SegmentSpec] = Field(default_factory=dict)
    audit: AuditSpec | None = None
    guardrails: list[GuardrailSpec] = Field(default_factory=list)
    personas: dict[Name, PersonaSpec] = Field(default_factory=dict)
    tests: list[TestSpec] = Field(default_factory=list)


def decode[T: Written](kind: type[T], node: Node, source: Source) -> T | None:
    """Return a tree as what it means, or None after everything wrong with it was reported."""
    try:
        return kind.model_validate(node, context=source)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            _report(detail, node, source)
        return None


def _report(detail: ErrorDetails, root: Node, source: Source) -> None:
    node, mark, on_key = _find(root, detail["loc"])
    context = detail.get("ctx") or {}
    meant = node if on_key is None else on_key
    width = max(1, len(meant)) if isinstance(meant, Text) else 1
    if detail["type"] == "finding":
        source.report(
            context["id"], mark, context["text"], fix=context["fix"], expected=context["expected"],
            found=str(node) if isinstance(node, Text) else "", width=width, meant=context["meant"],
        )  # fmt: skip
    elif detail["type"] == "missing":
        key = detail["loc"][-1]
        source.report("TYP003", mark, f"`{key}` is missing", fix=f"add `{key}: ...`", expected=str(key), width=width)
    else:
        wanted = "a list" if detail["type"] == "list_type" else "a mapping"
        fix = "remove the key, or give it a value"
        if isinstance(node, Text) and node:
            fix = f"write `[{node}]`" if wanted == "a list" else "write `key: value` lines below it"
        source.report(
            "TYP002", mark, f"expected {wanted}, found {noun(node)}", fix=fix, expected=wanted, width=width,
            found=str(node) if isinstance(node, Text) else "",
        )  # fmt: skip


def _find(root: Node, loc: tuple[int | str, ...]) -> tuple[Node, Mark, Text | None]:
    """Return the node that an error is about, or the deepest above it, its place, and the key where that is meant."""
    node, mark = root, place_of(root, Mark("", 1, 1))
    for index, step in enumerate(loc):
        if step == SHORT:
            continue
        if isinstance(node, Items) and isinstance(step, int) and step < len(node):
            node = node[step]
            mark = place_of(node, mark)
        elif isinstance(node, Entries) and Text(str(step)) in node:
            key = next(known for known in node if known == step)
            if loc[index + 1 :] == ("[key]",):
                return key, key.mark, key
            node = node[key]
            mark = place_of(node, key.mark)
        else:
            break
    return node, mark, None


def json_schema() -> dict[str, Any]:
    """Return the JSON Schema of any policy, for editors; loading never uses it."""
    made = PolicySpec.model_json_schema(by_alias=True)
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"] = "Parclose policy"
    return made


__all__ = ["PolicySpec", "RouteSpec", "decode", "json_schema"]
