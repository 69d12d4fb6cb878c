"""Segments, profiles, routes, limits, forward and errors as they are written."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from parclose.policy import scalars
from parclose.policy.errors import ScalarError
from parclose.policy.nodes import Entries, Node, Text
from parclose.policy.quotas import Quota, quota, time_zone
from parclose.policy.scalars import integer
from parclose.policy.schema_audit import SegmentAuditSpec
from parclose.policy.schema_base import (
    SHORT,
    Bool,
    Count,
    Duration,
    Host,
    Instant,
    Leaf,
    Methods,
    Name,
    Path,
    RateText,
    Scope,
    Size,
    Str,
    Written,
    number,
    one_of,
    refuse,
)

_LOG_ONLY = ("network", "scopes", "limits")


def _concern(text: Text) -> str:
    if text == "authn":
        raise ScalarError(
            "`authn` cannot be log-only: whoever proves nothing would get in", id="MOD001",
            fix="remove it, and try the stricter proof in a segment or route with `mode: shadow`",
        )  # fmt: skip
    return scalars.choice(text, _LOG_ONLY)


Mode = Annotated[str, one_of("enforce", "shadow", "off")]
LogOnly = Annotated[str, Leaf(_concern, (("enum", [*_LOG_ONLY]),))]


QuotaText = Annotated[Quota, Leaf(quota, (("type", "string"), ("pattern", "^[0-9]+/(day|month)$")))]
TimeZone = Annotated[str, Leaf(time_zone)]
# Hits taken ahead with each round trip; more than a thousand would make a shared limit a matter of luck.
Lease = Annotated[int, Leaf(lambda text: 0 if text == "off" else integer(text, least=1, most=1_000))]


class SecretSpec(Written):
    """Where a secret is kept; never the secret."""

    env: Str | None = None
    file: Str | None = None

    @classmethod
    def _shape(cls, data: Node) -> Entries:
        if isinstance(data, Text):
            raise refuse(
                ScalarError(
                    "a secret is never written in a policy", id="KEY001", fix="write `{env: NAME}` or `{file: path}`"
                )
            )
        return super()._shape(data)


class WhenSpec(Written):
    """What narrows a limit."""

    hint: list[Name] | None = None
    methods: Methods | None = None
    authenticated: Bool | None = None


class LimitSpec(Written):
    """A rate, a quota, a number of requests at once, or the name of a shared limit."""

    short: ClassVar[type[Text] | None] = Text
    shared: Name | None = Field(None, alias=SHORT)
    key: Str | None = None
    rate: RateText | None = None
    burst: Count | None = None
    quota: QuotaText | None = None
    tz: TimeZone | None = None
    concurrent: Count | None = None
    when: WhenSpec | None = None
    count: Annotated[str, one_of("allowed", "all")] = "allowed"


class AssertionSpec(Written):
    """A short-lived signed statement about the caller."""

    header: Str
    audience: Str
    key: SecretSpec
    ttl: Duration = 60.0


class ForwardSpec(Written):
    """What leaves towards the upstream."""

    credentials: Annotated[str, one_of("pass", "strip")] | None = None
    identity: dict[Str, Str] | None = None
    set: dict[Str, SecretSpec] | None = None
    remove: list[Str] | None = None
    assertion: AssertionSpec | None = None
    forwarded: Annotated[str, one_of("x-forwarded-for", "forwarded", "none")] | None = None


class ErrorsSpec(Written):
    """How refusals are worded."""

    body: Annotated[str, one_of("problem+json", "json", "text", "none")] | None = None
    detail: Annotated[str, one_of("minimal", "full")] | None = None
    realm: Str | None = None
    conceal: Bool | None = None
    resource_metadata: Bool | None = None


def _store(text: Text) -> str:
    if text == "memory":
        return text
    raise ScalarError(
        f"`{text}` is no store", fix="write `memory`, or `{redis: {env: REDIS_URL}}`", expected="`memory` or a mapping"
    )


class StoreSpec(Written):
    """Where counters live: `memory`, in this process, or a Redis that several proxies share."""

    short: ClassVar[type[Text] | None] = Text
    short_schema: ClassVar[dict[str, Any]] = {"enum": ["memory"]}
    brief: Annotated[str, Leaf(_store)] | None = Field(None, alias=SHORT)
    redis: SecretSpec | None = None


class LimiterSpec(Written):
    """Where counters live, and what follows when that is gone."""

    store: StoreSpec | None = None
    deadline: Duration | None = None
    prefix: Str | None = None
    lease: Lease | None = None
    on_error: Annotated[str, one_of("local", "allow", "deny")] | None = None


class DestinationsSpec(Written):
    """Where a forwarded request's resolved address may lie."""

    allow: list[Name] | None = None
    deny: list[Name] | None = None


class NetworkSpec(Written):
    """From where a caller may come, and where to."""

    allow: list[Name] | None = None
    deny: list[Name] | None = None
    allow_geo: list[Str] | None = None
    deny_geo: list[Str] | None = None
    destinations: DestinationsSpec | None = None
    passthrough: list[Host] | None = None
    deny_as: Annotated[str, one_of("403", "404")] | None = None


class AuthnSpec(Written):
    """Which proof is asked for."""

    accept: list[Str] | None = None
    issuers: list[Name] | None = None
    key_stores: list[Name] | None = None
    max_token_age: Duration | None = None
    amr: list[Str] | None = None
    acr: list[Str] | None = None


class NeedSpec(Written):
    """A requirement over scopes: one, all of, any of, or `none`."""

    short: ClassVar[type[Text] | None] = Text
    list_fix: ClassVar[str] = "say which: `{all: [...]}` or `{any: [...]}`"
    one: Scope | None = Field(None, alias=SHORT)
    all: list[Scope] | None = None
    any: list[Scope] | None = None


class RolesSpec(Written):
    """A requirement over roles."""

    list_fix: ClassVar[str] = "say which: `{any: [...]}` or `{all: [...]}`"
    all: list[Scope] | None = None
    any: list[Scope] | None = None


class ScopesSpec(Written):
    """The default requirement by group of methods."""

    read: NeedSpec | None = None
    write: NeedSpec | None = None


class RouteSpec(Written):
    """One route: `public`, `open`, `authenticated`, one scope, or a mapping."""

    short: ClassVar[type[Text] | None] = Text
    brief: Str | None = Field(None, alias=SHORT)
    public: Bool | None = None
    open: Bool | None = None
    scopes: NeedSpec | None = None
    roles: RolesSpec | None = None
    bind: dict[Str, Str] | None = None
    cost: Annotated[int, number(1, 1_000_000)] | None = None
    limits: dict[Name, LimitSpec | None] | None = None
    network: NetworkSpec | None = None
    authn: AuthnSpec | None = None
    audit: SegmentAuditSpec | None = None
    mode: Mode | None = None
    log_only: list[LogOnly] | None = None
    since: Instant | None = None
    about: Str | None = None
    sunset: Instant | None = None
    override: Bool | None = None


class MatchSpec(Written):
    """Surface and audience of a segment."""

    listeners: list[Name] | None = None
    hosts: list[Host] | None = None
    paths: list[Path] | None = None
    methods: list[Methods] | None = None
    env: Name | None = None
    clients: list[Name] | None = None
    attributes: dict[Name, list[Str]] | None = None
    roles: list[Scope] | None = None
    zones: list[Name] | None = None
    geo: list[Str] | None = None


class ProfileSpec(Written):
    """What a profile may hold: everything of a segment but `match`."""

    about: Str | None = None
    owner: Str | None = None
    network: NetworkSpec | None = None
    authn: AuthnSpec | None = None
    roles: RolesSpec | None = None
    scopes: ScopesSpec | None = None
    route_sets: list[Name] | None = None
    routes: dict[Str, RouteSpec] | None = None
    preflight: Annotated[str, one_of("allow", "deny", "authenticate")] | None = None
    limits: dict[Name, LimitSpec | None] | None = None
    max_body: Size | None = None
    upstream: Name | None = None
    forward: ForwardSpec | None = None
    mode: Mode | None = None
    log_only: list[LogOnly] | None = None
    since: Instant | None = None
    audit: SegmentAuditSpec | None = None
    errors: ErrorsSpec | None = None
    limiter: LimiterSpec | None = None
    wins_over: list[Name] | None = None


class SegmentSpec(ProfileSpec):
    """A segment: a profile of its own, with a match."""

    match: MatchSpec | None = None
    use: list[Name] | None = None
