"""Issuers, key stores, client types, attributes, scopes and roles as they are written."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field
from pydantic.config import JsonDict

from parclose.policy.nodes import Items, Text
from parclose.policy.schema_base import SHORT, Bool, Duration, Host, Leaf, Name, Scope, Str, Url, Written, one_of
from parclose.policy.schema_segment import SecretSpec

_ANYTHING: JsonDict = {"type": ["string", "array"], "items": {"type": "string"}}


class ClaimsSpec(Written):
    """Which claims make up an identity."""

    subject: Any = Field(None, json_schema_extra=_ANYTHING)
    client: Any = Field(None, json_schema_extra=_ANYTHING)
    scopes: Any = Field(None, json_schema_extra=_ANYTHING)
    roles: Any = Field(None, json_schema_extra=_ANYTHING)
    tenant: Any = Field(None, json_schema_extra=_ANYTHING)


class IntrospectionSpec(Written):
    """Where opaque tokens are asked about."""

    url: Url
    client_id: Str
    client_secret: SecretSpec
    timeout: Duration | None = None
    cache: Duration | None = None
    negative_cache: Duration | None = None


class IssuerSpec(Written):
    """Someone whose tokens are accepted."""

    discovery: Url | None = None
    jwks_url: Url | None = None
    jwks_file: Str | None = None
    jwks: Any = Field(None, json_schema_extra={"type": "object"})
    introspection: IntrospectionSpec | None = None
    issuer: Str | None = None
    audience: list[Str] | None = None
    algorithms: list[Str] | None = None
    token_type: Str | None = None
    leeway: Duration | None = None
    max_age: Duration | None = None
    require: list[Annotated[str, one_of("subject", "client", "scopes", "roles", "tenant")]] | None = None
    claims: ClaimsSpec | None = None
    sender_constrained: Annotated[str, one_of("none", "dpop", "mtls", "either")] = "none"
    dpop_nonce: Bool = False
    stale_keys: Duration | None = None
    revoked: Str | None = None
    on_unavailable: Annotated[str, one_of("deny")] = "deny"


class AttributeSpec(Written):
    """A named value that a caller carries."""

    claim: Str
    values: list[Str] | None = None
    default: Str | None = None
    on_unknown: Annotated[str, one_of("other", "default")] = "other"
    about: Str | None = None


class TokenSpec(Written):
    """A verified token of an issuer, from certain clients of it."""

    issuer: Name
    client: list[Str] | None = None


class KeySpec(Written):
    """A verified key of a store."""

    store: Name
    ids: list[Str] | None = None


class ClientCaSpec(Written):
    """An authority whose client certificates count."""

    file: Str
    crl: Str | None = None
    about: Str | None = None


class MtlsSpec(Written):
    """A verified client certificate of an authority, with certain names."""

    ca: Name | None = None
    san_dns: list[Host] | None = None
    spiffe: list[Str] | None = None
    subject: list[Str] | None = None


class RecogniserSpec(Written):
    """One way to be a client type; its keys must all hold."""

    token: TokenSpec | None = None
    api_key: KeySpec | None = None
    mtls: MtlsSpec | None = None


class HintSpec(Written):
    """A guess from the User-Agent."""

    user_agent: list[Str]


class ClientSpec(Written):
    """A client type: a list of recognisers, or a hint."""

    short: ClassVar[type[Text] | type[Items] | None] = Items
    recognisers: list[RecogniserSpec] | None = Field(None, alias=SHORT)
    hint: HintSpec | None = None
    about: Str | None = None


class ScopeSpec(Written):
    """A scope, and the scopes it stands for."""

    about: Str | None = None
    implies: list[Scope] | None = None


class RoleSpec(Written):
    """A role, and the scopes it grants."""

    about: Str | None = None
    grants: list[Scope] | None = None


class KeyRecordSpec(Written):
    """One API key; of its secret only a hash."""

    id: Str
    hash: Annotated[Text, Leaf(lambda text: text)]
    client: Str | None = None
    tenant: Str | None = None
    scopes: list[Scope] | None = None
    roles: list[Scope] | None = None
    attributes: dict[Name, Str] | None = None
    zones: list[Name] | None = None
    not_before: Str | None = None
    expires: Str
    about: Str | None = None


class KeyStoreSpec(Written):
    """Where API keys are looked for, and which there are."""

    header: Str | None = None
    query: Str | None = None
    keys_: list[KeyRecordSpec] | None = Field(None, alias="keys")
    file: Str | None = None
    hash_env: Str | None = None


class KeyFile(Written):
    """A file of key records."""

    short: ClassVar[type[Text] | type[Items] | None] = Items
    records: list[KeyRecordSpec] | None = Field(None, alias=SHORT)


__all__ = [
    "AttributeSpec",
    "ClaimsSpec",
    "ClientCaSpec",
    "ClientSpec",
    "IntrospectionSpec",
    "IssuerSpec",
    "KeyFile",
    "KeyRecordSpec",
    "KeyStoreSpec",
    "MtlsSpec",
    "RecogniserSpec",
    "RoleSpec",
    "ScopeSpec",
    "SecretSpec",
]
