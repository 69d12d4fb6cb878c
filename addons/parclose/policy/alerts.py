"""What is kept of a segment, who is told of what, and where lines go besides the files of this machine."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parclose.policy.errors import ScalarError
from parclose.policy.scalars import duration, integer, share

_OVER = re.compile(r"([^/]+)/([^/]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """More than `count` decisions, or more than `share` of all (from 0 to 1), in any window of `window_s` seconds.

    Exactly one of `count` and `share` is set; reaching it is not yet over it.
    """

    window_s: float
    count: int | None = None
    share: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """When somebody is told: one of the reasons `when` comes `over` so often, counted apart `by` each such value.

    `by` "" counts all together. `severity` is `low`, `medium`, `high` or `critical`; `notify` are URLs, besides the
    sinks that take alerts.
    """

    name: str
    when: frozenset[str]
    by: str
    over: Threshold
    severity: str = "medium"
    notify: tuple[str, ...] = ()
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlet:
    """Where lines leave this machine or its files: `kind` is `stdout`, `syslog`, `webhook` or `otlp`.

    `to` is a URL, a socket's path, or "" for the kind's own place. `format` is `ocsf` or `ecs`; `only` empty means all.
    Lines are gathered for `batch_s` seconds, 0 for not at all.
    """

    kind: str
    to: str = ""
    format: str = "ocsf"
    only: tuple[str, ...] = ()
    batch_s: float = 0.0
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAudit:
    """What the audit keeps of a segment or route. `allow_sample` is a share from 0 to 1; denials are always whole.

    `durability` is `process`, `disk` or `async`, `on_failure` `deny` or `continue`, `body` `none`, `hash` or
    `pointers`. `redact_*` come on top of the policy's own; `redact_ip` "" leaves that as it is.
    """

    allow_sample: float = 1.0
    tag: tuple[str, ...] = ()
    durability: str = "process"
    on_failure: str = "deny"
    body: str = "none"
    redact_headers: tuple[str, ...] = ()
    redact_query: tuple[str, ...] = ()
    redact_ip: str = ""
    alerts: tuple[Alert, ...] = ()


def threshold(text: str) -> Threshold:
    """Return what `N/window` or `share/window` says, such as `20/5m` or `5%/10m`."""
    match = _OVER.fullmatch(text)
    if not match:
        raise ScalarError(
            f"`{text}` is no threshold", fix="write `20/5m`, or a share of all: `5%/10m`", expected="`N/5m` or `5%/10m`"
        )
    window_s = duration(match[2])
    if window_s < 1:
        raise ScalarError(f"`{text}` has a window under a second", fix="write at least `1s`")
    if match[1].endswith("%"):
        return Threshold(share=share(match[1]), window_s=window_s)
    return Threshold(count=integer(match[1], least=0, most=10**12), window_s=window_s)
