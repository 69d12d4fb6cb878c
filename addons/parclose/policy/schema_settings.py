"""Settings as they are written: listeners, addresses, paths, admission, reload."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from parclose.policy.schema_base import (
    Bool,
    Count,
    Duration,
    DurationOrOff,
    Host,
    Name,
    RateText,
    Share,
    Size,
    Str,
    Written,
    number,
    one_of,
)
from parclose.policy.schema_segment import ErrorsSpec, ForwardSpec, LimiterSpec


class ClientIpSpec(Written):
    """Whose address counts."""

    source: Annotated[str, one_of("peer", "x-forwarded-for", "forwarded", "proxy-protocol")] = Field(
        "peer", alias="from"
    )
    trusted_proxies: list[Name] | None = None


class ListenerSpec(Written):
    """A port that the proxy listens on."""

    port: Annotated[int, number(1, 65_535)]
    kind: Annotated[str, one_of("reverse", "forward")]
    client_ip: ClientIpSpec | None = None
    client_cert: Annotated[str, one_of("off", "request", "require")] | None = None


class AdminSpec(Written):
    """Where metrics and health are served."""

    listen: Str | None = None


class EnvSpec(Written):
    """An environment, by host or listener."""

    hosts: list[Host] | None = None
    listeners: list[Name] | None = None
    default: Bool | None = None


class PathsSpec(Written):
    """How paths are read."""

    normalize: Annotated[str, one_of("strict", "lenient")] = "strict"
    trailing_slash: Annotated[str, one_of("same", "distinct")] = "same"
    case: Annotated[str, one_of("sensitive", "insensitive")] = "sensitive"
    divergence: Annotated[str, one_of("reject", "log", "off")] = "reject"


class PerIpSpec(Written):
    """How often one address may come."""

    rate: RateText
    burst: Count | None = None


class FailedAuthSpec(Written):
    """How often one address may fail to prove who it is."""

    key: Annotated[str, one_of("ip")] = "ip"
    rate: RateText
    block: Duration = 300.0


class AdmissionSpec(Written):
    """What is refused before anything is looked up."""

    deny_zones: list[Name] | None = None
    per_ip: PerIpSpec | None = None
    failed_auth: FailedAuthSpec | None = None
    exempt_zones: list[Name] | None = None
    max_path_segments: Annotated[int, number(1, 256)] = 64
    max_uri: Size = 8 * 1024


class ReloadSpec(Written):
    """How a changed file is taken up."""

    watch: DurationOrOff = 0.25
    on_invalid: Annotated[str, one_of("keep-last-good")] = "keep-last-good"
    require_tests: Annotated[str, one_of("pass", "ignore")] = "pass"
    min_coverage: Share = 0.0


class WebSocketSpec(Written):
    """What a WebSocket may carry."""

    max_message: Size | None = None


class SettingsSpec(Written):
    """What holds for the whole policy."""

    listeners: dict[Name, ListenerSpec] | None = None
    admin: AdminSpec | None = None
    envs: dict[Name, EnvSpec] | None = None
    sni: Annotated[str, one_of("match", "ignore")] = "match"
    client_ip: ClientIpSpec | None = None
    paths: PathsSpec | None = None
    admission: AdmissionSpec | None = None
    errors: ErrorsSpec | None = None
    websocket: WebSocketSpec | None = None
    legacy_ratelimit_headers: Bool = False
    forward: ForwardSpec | None = None
    reload: ReloadSpec | None = None
    limiter: LimiterSpec | None = None
