"""Audit: as written to as used; what a segment or route does not write it inherits, key by key."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

from parclose.policy.alerts import Alert, Outlet, SegmentAudit
from parclose.policy.answers import REASONS
from parclose.policy.desk import Desk
from parclose.policy.inherit import pick
from parclose.policy.model import Audit, JsonlSink
from parclose.policy.nodes import Text
from parclose.policy.schema_audit import AlertSpec, RedactSpec, SegmentAuditSpec, SinkSpec
from parclose.policy.schema_base import Written, where

LEDGER = "audit/decisions.jsonl"  # where decisions go when no sink is written
_CREDENTIAL_HEADERS = ("authorization", "proxy-authorization", "cookie", "set-cookie")
_BY = ("ip", "segment", "route", "client", "subject", "tenant", "reason")
# What a sink's address may begin with; a socket of this machine is a path.
_SCHEMES = {
    "webhook": ("https", "http"),
    "otlp": ("https", "http"),
    "syslog": ("udp", "tcp", "tls"),
}


def compile_audit(desk: Desk) -> Audit:
    """Return how decisions are kept."""
    spec, source = desk.spec.audit, desk.source
    stores = desk.key_stores.values()
    headers = (*_CREDENTIAL_HEADERS, *(store.header for store in stores if store.header))
    query = tuple(store.query for store in stores if store.query)
    ledger = JsonlSink(path=str(source.folder / LEDGER))
    if spec is None:
        return Audit(sinks=(ledger,), redact_headers=headers, redact_query=query)
    redact = spec.redact
    sinks = [_file(desk, each) for each in spec.sinks or () if each.type == "jsonl"]
    outlets = [_outlet(desk, each) for each in spec.sinks or () if each.type != "jsonl"]
    if spec.durability == "async":
        desk.unenforced(spec.at("durability"), "`audit.durability: async`")
    return Audit(
        sinks=tuple(sink for sink in sinks if sink is not None) or (ledger,),
        outlets=tuple(outlet for outlet in outlets if outlet is not None),
        durability=spec.durability or "process",
        on_failure=spec.on_failure or "deny",
        # Headers that carry credentials are left out whether or not the policy says so.
        redact_headers=_once((*headers, *_lower(redact.headers if redact else ()))),
        redact_query=_once((*query, *map(str, (redact and redact.query) or ()))),
        redact_ip=(redact and redact.ip) or "full",
        alerts=_alerts(desk, (spec,)),
    )


def _once(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _lower(names: Iterable[Text] | None) -> tuple[str, ...]:
    return tuple(name.lower() for name in names or ())


def _file(desk: Desk, spec: SinkSpec) -> JsonlSink | None:
    _only_for(desk, spec, "url", ("webhook", "otlp", "syslog"))
    _only_for(desk, spec, "batch", ("webhook", "otlp", "syslog"))
    if spec.format == "ecs":
        desk.unenforced(spec.at("format"), "`format: ecs` of a sink")
    if spec.path is None:
        desk.report("TYP003", spec.mark, "a `jsonl` sink needs a path", fix=f"add `path: {LEDGER}`")
        return None
    path = desk.source.resolve(spec.path, absolute=True)
    return None if path is None else JsonlSink(path=path, rotate_bytes=spec.rotate, only=tuple(spec.only or ()))


def _outlet(desk: Desk, spec: SinkSpec) -> Outlet | None:
    """Return a sink besides the files; none of them is written to yet."""
    desk.unenforced(spec.mark, f"a sink of type `{spec.type}`")
    _only_for(desk, spec, "rotate", ("jsonl",))
    _only_for(desk, spec, "path", ("jsonl", "syslog"))
    _only_for(desk, spec, "url", tuple(_SCHEMES))
    _only_for(desk, spec, "batch", tuple(_SCHEMES))
    schemes = _SCHEMES.get(spec.type, ())
    if spec.url is not None and schemes:
        parts = urlsplit(spec.url)
        if parts.scheme not in schemes or not parts.hostname:
            desk.report(
                "TYP002", spec.url.mark, f"`{spec.url}` is no address of a `{spec.type}`", text=spec.url,
                fix=f"write `{schemes[0]}://host` and the rest",
            )  # fmt: skip
    elif spec.type in {"webhook", "otlp"}:
        desk.report("TYP003", spec.mark, f"a `{spec.type}` sink needs a url", fix="add `url: https://...`")
        return None
    return Outlet(
        kind=spec.type,
        to=str(spec.url or spec.path or ""),
        format=spec.format,
        only=tuple(spec.only or ()),
        batch_s=spec.batch or 0.0,
        where=where(spec.mark),
    )


def _only_for(desk: Desk, spec: SinkSpec, key: str, types: Sequence[str]) -> None:
    if spec.has(key) and spec.type not in types:
        desk.report("TYP003", spec.at(key), f"`{key}` is not for a `{spec.type}` sink", text=key, fix=f"remove `{key}`")


def compile_segment_audit(desk: Desk, sections: Sequence[Written]) -> SegmentAudit:
    """Return what is kept of a segment or route, as `sections`, the strongest first, say, else the whole policy."""
    base = (desk.spec.audit,) if desk.spec.audit is not None else ()

    def value(key: str, otherwise: Any = None) -> Any:
        owner = pick((*sections, *base), key)
        return getattr(owner, key) if owner else otherwise

    for section in sections:
        _note(desk, section)
    redact = pick(sections, "redact")
    own: RedactSpec | None = getattr(redact, "redact", None)
    return SegmentAudit(
        allow_sample=value("allow_sample", 1.0),
        tag=tuple(map(str, value("tag", ()))),
        durability=value("durability", "process"),
        on_failure=value("on_failure", "deny"),
        body=value("body", "none"),
        redact_headers=_lower(own.headers if own else ()),
        redact_query=tuple(map(str, (own and own.query) or ())),
        redact_ip=(own and own.ip) or "",
        alerts=_alerts(desk, sections),
    )


def _note(desk: Desk, section: Written) -> None:
    """Note what of a segment's audit no live proxy holds to yet."""
    for key in ("durability", "redact"):
        if section.has(key):
            desk.unenforced(section.at(key), f"`audit.{key}` of a segment or route")


def note_bodies(desk: Desk) -> None:
    """Note each `body` that asks for more than nothing: no live proxy keeps bodies yet."""
    spec = desk.spec
    parts = [spec.audit, *(part.audit for part in (*spec.profiles.values(), *spec.segments.values()))]
    routes = [part.routes for part in (*spec.profiles.values(), *spec.segments.values())]
    for keyed in (*routes, *spec.route_sets.values()):
        parts += [route.audit for route in (keyed or {}).values()]
    for part in parts:
        if part is not None and part.body not in {None, "none"}:
            desk.unenforced(part.at("body"), f"`audit.body: {part.body}`")


def _alerts(desk: Desk, sections: Sequence[Written]) -> tuple[Alert, ...]:
    found: dict[str, Alert | None] = {}
    for section in sections:
        if section.has("alerts") and getattr(section, "alerts", None) is None:
            break
        if isinstance(section, SegmentAuditSpec):
            for name, spec in (section.alerts or {}).items():
                if str(name) not in found:
                    found[str(name)] = None if spec is None else _alert(desk, name, spec)
    return tuple(alert for alert in found.values() if alert is not None)


def _alert(desk: Desk, name: Text, spec: AlertSpec) -> Alert:
    desk.unenforced(name.mark, f"alert `{name}`")
    if not spec.when:
        desk.report("TYP003", spec.at("when"), f"alert `{name}` waits for nothing", fix="name reasons", text="when")
    when = [str(reason) for reason in spec.when if desk.knows(reason, sorted(REASONS), "reason", id="TYP002")]
    if spec.by is not None and not spec.by.startswith("attribute."):
        desk.knows(spec.by, _BY, "key of an alert", id="TYP002")
    elif spec.by is not None and spec.by.removeprefix("attribute.") not in desk.attributes:
        desk.report(
            "REF001",
            spec.by.mark,
            f"unknown attribute in `{spec.by}`",
            fix="define it under `attributes`",
            text=spec.by,
        )
    return Alert(
        name=str(name),
        when=frozenset(when),
        by=str(spec.by or ""),
        over=spec.over,
        severity=spec.severity,
        notify=tuple(map(str, spec.notify or ())),
        where=where(name.mark),
    )
