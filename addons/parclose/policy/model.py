"""The policy as it is used: frozen, normalised, one reference to swap. Made by `compile.py`, read by every stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from parclose.policy.alerts import Alert, Outlet
from parclose.policy.certificates import ClientCa
from parclose.policy.identity import Attribute, Clients, Issuer, KeyStore
from parclose.policy.limiter import Limiter
from parclose.policy.scenario import Persona, Test
from parclose.policy.segment import Errors, Limit, Segment, Upstream

if TYPE_CHECKING:
    from parclose.policy.guardrails import Guardrail
    from parclose.policy.surface import SurfaceIndex
    from parclose.policy.zones import ZoneIndex


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientIp:
    """Whose address counts; `trusted` is a zone mask.

    `source` is `peer`, `x-forwarded-for`, `forwarded` or `proxy-protocol`.
    """

    source: str = "peer"
    trusted: int = 0

    @property
    def reads_header(self) -> bool:
        """Whether a header of the request names the client: what proxies write that read HTTP, and may end TLS."""
        return self.source in {"x-forwarded-for", "forwarded"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listener:
    """A port the proxy listens on; `kind` is `reverse` or `forward`. `port` None: every mode of that kind.

    `client_cert` is `off`, `request` or `require`; "" means `request` where a segment takes `mtls`, else `off`.
    """

    name: str
    kind: str
    port: int | None = None
    client_ip: ClientIp = field(default_factory=ClientIp)
    client_cert: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Paths:
    """How paths are read.

    `normalize` is `strict` or `lenient`, `trailing_slash` `same` or `distinct`,
    `case` `sensitive` or `insensitive`, `divergence` `reject`, `log` or `off`.
    """

    normalize: str = "strict"
    trailing_slash: str = "same"
    case: str = "sensitive"
    divergence: str = "reject"


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What is refused before any lookup or crypto. Masks are of the zone index."""

    deny: int = 0
    deny_zones: tuple[str, ...] = ()
    exempt: int = 0
    per_ip: Limit | None = None
    failed_auth: Limit | None = None
    block_s: float = 300.0
    max_path_segments: int = 64
    max_uri_bytes: int = 8 * 1024
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reload:
    """How a changed file is taken up. `watch_s` None: not at all. `require_tests` is `pass` or `ignore`."""

    watch_s: float | None = 0.25
    require_tests: str = "pass"
    min_coverage: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What holds for the whole policy. `admin_host` "" means that there is no admin port.

    `max_message_bytes` bounds a message of a WebSocket.
    """

    listeners: tuple[Listener, ...]
    admin_host: str = "127.0.0.1"
    admin_port: int = 9464
    sni: str = "match"
    paths: Paths = field(default_factory=Paths)
    admission: Admission = field(default_factory=Admission)
    errors: Errors = field(default_factory=Errors)
    reload: Reload = field(default_factory=Reload)
    envs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limiter: Limiter = field(default_factory=Limiter)
    max_message_bytes: int = 1024 * 1024
    legacy_ratelimit_headers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Geo:
    """Country and network databases. `on_unknown` is `deny` or `allow`; it acts only where there are geo rules."""

    country_db: str
    asn_db: str = ""
    max_age_s: float | None = None
    on_unknown: str = "deny"


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonlSink:
    """An append-only file of one JSON object a line; the first one is the ledger. `rotate_bytes` None: never."""

    path: str
    rotate_bytes: int | None = None
    only: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """How decisions are kept.

    `durability` is `process` (in the kernel before the effect), `disk` (synced) or `async`;
    `on_failure` is `deny` or `continue`; `redact_ip` is `full`, `/24` or `hash`.
    """

    sinks: tuple[JsonlSink, ...] = ()
    durability: str = "process"
    on_failure: str = "deny"
    redact_headers: tuple[str, ...] = ()
    redact_query: tuple[str, ...] = ()
    redact_ip: str = "full"
    outlets: tuple[Outlet, ...] = ()
    alerts: tuple[Alert, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """Everything that decides, in one immutable value.

    `revision` is 12 hexadecimal digits over everything that was read: policy, key, JWKS and zone files. `files` are
    those, for the watcher; `included` are the policy's own files beside the first. `scopes` and `roles` map a name to
    the scopes it stands for, itself included.
    `identity_headers` (lower case) are set by some `forward` and so removed from every inbound request.
    `segments` and `surfaces` are what is in force. `shadow` is the same policy with everything in shadow live and
    nothing log-only; None where that is the policy itself.
    `claims_read` are the claim paths that any field reads: only those are kept with a decision.
    `folded` are all surfaces with folded paths, for the second look at a path; None where none folds to another.
    `resources` are the documents of RFC 9728 that the proxy answers itself, as surfaces of stand-ins.
    `unenforced` are the places that this version reads, tests and explains but cannot hold live traffic to, each as a
    sentence that begins with `file:line`: no live proxy takes such a policy up. `guardrails` are proven on each load.
    """

    name: str
    revision: str
    path: str
    files: tuple[str, ...]
    settings: Settings
    zones: ZoneIndex
    surfaces: SurfaceIndex
    segments: Mapping[str, Segment]
    clients: Clients = field(default_factory=Clients)
    issuers: Mapping[str, Issuer] = field(default_factory=dict)
    issuer_of: Mapping[str, str] = field(default_factory=dict)
    client_cas: Mapping[str, ClientCa] = field(default_factory=dict)
    key_stores: Mapping[str, KeyStore] = field(default_factory=dict)
    attributes: Mapping[str, Attribute] = field(default_factory=dict)
    scopes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    roles: Mapping[str, frozenset[str]] = field(default_factory=dict)
    geo: Geo | None = None
    upstreams: Mapping[str, Upstream] = field(default_factory=dict)
    audit: Audit = field(default_factory=Audit)
    personas: Mapping[str, Persona] = field(default_factory=dict)
    tests: tuple[Test, ...] = ()
    identity_headers: frozenset[str] = frozenset()
    claims_read: frozenset[tuple[str, ...]] = frozenset()
    shadow: Policy | None = None
    folded: SurfaceIndex | None = None
    resources: SurfaceIndex | None = None
    unenforced: tuple[str, ...] = ()
    guardrails: tuple[Guardrail, ...] = ()
    included: tuple[str, ...] = ()

    def listener_at(self, port: int, kind: str) -> Listener:
        """Return the listener that a connection to local `port` of a mode of `kind` belongs to.

        A port that no listener names belongs to a listener called after the kind, which only segments that name no
        listener can match (reverse), or none (forward).
        """
        for listener in self.settings.listeners:
            if listener.port == port:
                return listener
        for listener in self.settings.listeners:
            if listener.port is None and listener.kind == kind:
                return listener
        return Listener(name=kind, kind=kind)
