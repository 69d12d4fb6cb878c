"""A segment as it is used: who it is for, what they may do there, and at what price. Frozen and normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parclose.policy.alerts import SegmentAudit
from parclose.policy.limiter import Limiter

if TYPE_CHECKING:  # the values come from their own files; importing them here would close a circle
    from parclose.policy.scalars import HostPattern, MethodSet, PathPattern
    from parclose.policy.surface import RouteTrie


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret is kept: `source` is `env` or `file`, `name` the variable or the resolved path."""

    source: str
    name: str
    where: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GeoSet:
    """A named set of countries (ISO 3166 alpha-2) and autonomous systems; `legal` ones are answered with 451."""

    name: str
    countries: frozenset[str] = frozenset()
    asn: frozenset[int] = frozenset()
    legal: bool = False
    link: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """From where a caller may come. Zone sets are bit masks of the policy's zone index; deny beats allow.

    `allow` None means any. `deny_as` is 403 or 404. Destinations (forward listeners) are masks too;
    `destinations_deny` is the built-in zone `internal` unless the policy writes otherwise. TLS to hosts of
    `passthrough` is left unopened.
    """

    allow: int | None = None
    deny: int = 0
    allow_zones: tuple[str, ...] = ()
    deny_zones: tuple[str, ...] = ()
    allow_geo: tuple[GeoSet, ...] | None = None
    deny_geo: tuple[GeoSet, ...] = ()
    deny_as: int = 403
    destinations_allow: int | None = None
    destinations_deny: int = 0
    passthrough: tuple[HostPattern, ...] = ()
    where: str = ""
    where_geo: str = ""

    @property
    def asks_place(self) -> bool:
        """Whether judging it needs the country or the autonomous system."""
        return self.allow_geo is not None or bool(self.deny_geo)


@dataclass(frozen=True, slots=True, kw_only=True)
class Authn:
    """Which proof is asked for. `accept` holds alternatives, each the set of kinds that must all be there.

    `issuers` and `key_stores` empty mean any. `max_token_age_s` None means no bound.
    """

    accept: tuple[frozenset[str], ...] = ()
    issuers: frozenset[str] = frozenset()
    key_stores: frozenset[str] = frozenset()
    max_token_age_s: float | None = None
    amr: tuple[str, ...] = ()
    acr: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A requirement over names (scopes or roles): every one of `all`, and one of `any` unless that is empty."""

    all: tuple[str, ...] = ()
    any: tuple[str, ...] = ()

    def missing(self, held: frozenset[str]) -> tuple[str, ...]:
        """Return what `held` lacks: empty when the requirement is met; alternatives are all named."""
        lacks = tuple(name for name in self.all if name not in held)
        if self.any and not any(name in held for name in self.any):
            return lacks + self.any
        return lacks


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """What narrows a limit: methods, whether the caller is authenticated, names of hint clients."""

    methods: MethodSet | None = None
    authenticated: bool | None = None
    hint: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """How much a caller may do. `kind` is `rate`, `quota` or `concurrent`.

    A rate is `count` hits a `period_ns`, of which `burst` may come at once (GCRA). A quota is `count` units in each
    calendar `unit` (`day`, `month`) of the time zone `tz`; its `period_ns` is nominal, the shortest there is but for
    changed clocks. `concurrent` is `count` requests at once, held to their ends; it has no period. `burst` is `count`
    for both.

    `id` is stable over reloads and unique in the policy (`web-free/steady`, or `shared/customer-daily`); counters are
    keyed by it. `key` holds alternatives in order, each a join of parts; the first whose parts are all known is used.
    `shape` changes when any figure or the key does: a counter of another shape starts afresh. `counts_all` also charges
    requests that authn, network or scope refused.
    """

    id: str
    name: str
    key: tuple[tuple[str, ...], ...]
    count: int
    period_ns: int
    burst: int
    kind: str = "rate"
    unit: str = ""
    tz: str = "UTC"
    when: When | None = None
    counts_all: bool = False
    where: str = ""
    shape: str = ""

    @property
    def interval_ns(self) -> int:
        """Nanoseconds that one unit costs. Whole numbers: floats of epoch seconds refuse the last of a burst."""
        return self.period_ns // self.count

    @property
    def tolerance_ns(self) -> int:
        """How far ahead of the clock the counter may run."""
        return self.interval_ns * self.burst

    @property
    def window_s(self) -> int:
        """The window in whole seconds, at least 1, for headers."""
        return max(1, self.period_ns // 1_000_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Assertion:
    """A signed token about the caller that goes to the upstream in `header` (lower case), good for `ttl_s`."""

    header: str
    audience: str
    key: SecretRef
    ttl_s: float = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """What leaves towards the upstream. `identity` pairs a header with a source such as `identity.subject`.

    `forwarded` is `x-forwarded-for`, `forwarded` or `none`.
    """

    credentials: str = "pass"
    identity: tuple[tuple[str, str], ...] = ()
    set: tuple[tuple[str, SecretRef], ...] = ()
    remove: tuple[str, ...] = ()
    forwarded: str = "x-forwarded-for"
    assertion: Assertion | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Errors:
    """How refusals are worded. `body` is `problem+json`, `json`, `text` or `none`; `detail` `minimal` or `full`.

    `resource_metadata`: serve the document of RFC 9728 and name it in challenges.
    """

    body: str = "problem+json"
    detail: str = "minimal"
    realm: str = "parclose"
    conceal: bool = False
    resource_metadata: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One `METHODS /path` with its requirement; every inherited value is already worked in.

    `access` is `public` (no credential needed, one that is presented must be good), `open` (credentials are not looked
    at), or `caller` (a proven caller is needed). `bind` pairs a path parameter with a source. `limits` are all that
    apply: the segment's and the route's own. `mode` is `enforce` or `shadow`; `log_only` names concerns (`network`,
    `scopes`, `limits`) that cannot deny here, and that the policy in force is therefore compiled without.
    """

    key: str
    methods: MethodSet
    path: PathPattern
    access: str = "caller"
    scopes: Need | None = None
    roles: Need | None = None
    bind: tuple[tuple[str, str], ...] = ()
    cost: int = 1
    limits: tuple[Limit, ...] = ()
    network: Network = field(default_factory=Network)
    authn: Authn = field(default_factory=Authn)
    audit: SegmentAudit = field(default_factory=SegmentAudit)
    limiter: Limiter = field(default_factory=Limiter)
    mode: str = "enforce"
    log_only: frozenset[str] = frozenset()
    about: str = ""
    where: str = ""
    where_needs: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Whom a segment is for. Facets are all-of; inside a facet any-of; an absent facet is any.

    `clients` holds names of client types, `anonymous`, `unrecognized`; `any` is already spelled out. `zones` None means
    any, else a mask.
    """

    clients: frozenset[str]
    attributes: tuple[tuple[str, frozenset[str]], ...] = ()
    roles: frozenset[str] | None = None
    zones: int | None = None
    zone_names: tuple[str, ...] = ()
    geo: tuple[GeoSet, ...] | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """Where a segment stands: listeners (empty: all reverse ones), hosts, paths, methods (None: any)."""

    listeners: tuple[str, ...] = ()
    hosts: tuple[HostPattern, ...] = ()
    paths: tuple[PathPattern, ...] = ()
    methods: MethodSet | None = None
    env: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A surface plus an audience plus rules.

    `mode` and `log_only` are as in `Route`; `limits` are those written, be they log-only or not.
    """

    name: str
    surface: Surface
    audience: Audience
    routes: RouteTrie
    route_list: tuple[Route, ...]
    network: Network
    authn: Authn
    limits: tuple[Limit, ...] = ()
    wins_over: tuple[str, ...] = ()
    preflight: str = "allow"
    max_body_bytes: int = 10 * 1024 * 1024
    upstream: str = ""
    forward: Forward = field(default_factory=Forward)
    errors: Errors = field(default_factory=Errors)
    audit: SegmentAudit = field(default_factory=SegmentAudit)
    limiter: Limiter = field(default_factory=Limiter)
    mode: str = "enforce"
    log_only: frozenset[str] = frozenset()
    about: str = ""
    owner: str = ""
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upstream:
    """Where allowed requests of a segment go. `host_header` is `keep` or `rewrite`."""

    name: str
    scheme: str
    host: str
    port: int
    host_header: str = "keep"
    tls_ca: str = ""
    tls_server_name: str = ""
    tls_client_cert: str = ""
    where: str = ""


type SegmentsByName = Mapping[str, Segment]
