"""What leaves towards upstreams, where upstreams are, and how refusals are worded: as written to as used."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import cast
from urllib.parse import urlsplit

from parclose.policy.desk import Desk
from parclose.policy.hosts import normal_host
from parclose.policy.inherit import pick
from parclose.policy.nodes import Text
from parclose.policy.schema import UpstreamSpec
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import AssertionSpec, ErrorsSpec, ForwardSpec, SecretSpec
from parclose.policy.segment import Assertion, Errors, Forward, SecretRef, Upstream

# Source: RFC 9110 section 5.1, a field name is a token.
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_STANDARD = frozenset(
    {
        "authorization", "proxy-authorization", "cookie", "set-cookie", "host", "content-length", "content-type",
        "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "date", "accept",
        "accept-encoding", "user-agent", "referer", "origin", "forwarded", "x-forwarded-for", "x-forwarded-host",
        "x-forwarded-proto", "x-real-ip", "via", "range", "dpop", "content-encoding", "proxy-connection",
    }
)  # fmt: skip
_SOURCES = ("segment", "route", "decision", "country", "client_ip")
_IDENTITY = ("subject", "client", "tenant", "scopes", "roles", "issuer")


def compile_upstreams(desk: Desk) -> None:
    """Read all upstreams."""
    for name, spec in desk.spec.upstreams.items():
        made = _upstream(desk, name, spec)
        if made is not None:
            desk.upstreams[str(name)] = made


def _upstream(desk: Desk, name: Text, spec: UpstreamSpec) -> Upstream | None:
    try:
        parts = urlsplit(spec.url)
        host, port = normal_host(parts.hostname or ""), parts.port
    except ValueError:
        desk.report("TYP002", spec.url.mark, f"`{spec.url}` is no URL", fix="write `https://host:port`", text=spec.url)
        return None
    if parts.path not in {"", "/"} or parts.query or parts.fragment or "@" in parts.netloc:
        desk.report(
            "TYP002", spec.url.mark, "an upstream is scheme, host and port alone",
            fix=f"write `{parts.scheme}://{parts.netloc.rpartition('@')[2]}`", text=spec.url,
        )  # fmt: skip
        return None
    ca = desk.source.resolve(spec.tls.ca, absolute=True) if spec.tls and spec.tls.ca else ""
    return Upstream(
        name=str(name),
        scheme=parts.scheme,
        host=host,
        port=port or (443 if parts.scheme == "https" else 80),
        host_header=spec.host_header,
        tls_ca=ca or "",
        tls_client_cert=_client_cert(desk, name, spec),
        tls_server_name=str(spec.tls.server_name or "") if spec.tls else "",
        where=where(name.mark),
    )


def _client_cert(desk: Desk, name: Text, spec: UpstreamSpec) -> str:
    if spec.tls is None or spec.tls.client_cert is None:
        return ""
    desk.unenforced(spec.tls.at("client_cert"), f"`tls.client_cert` of upstream `{name}`")
    return desk.source.resolve(spec.tls.client_cert, absolute=True) or ""


def compile_forward(desk: Desk, sections: Sequence[Written]) -> Forward:
    """Return what `sections`, the strongest first, say of what leaves."""

    def owner(key: str) -> ForwardSpec | None:
        return cast("ForwardSpec | None", pick(sections, key))

    credentials, forwarded = owner("credentials"), owner("forwarded")
    signed = owner("assertion")
    identity, secrets, remove = owner("identity"), owner("set"), owner("remove")
    return Forward(
        credentials=(credentials.credentials if credentials else None) or "pass",
        identity=_identity(desk, identity) if identity else (),
        set=_secrets(desk, secrets) if secrets else (),
        remove=tuple(_header(desk, name) for name in remove.remove or ()) if remove else (),
        forwarded=(forwarded.forwarded if forwarded else None) or "x-forwarded-for",
        assertion=_assertion(desk, signed.assertion) if signed and signed.assertion else None,
    )


def _header(desk: Desk, name: Text) -> str:
    if not _HEADER.fullmatch(name):
        desk.report(
            "TYP002", name.mark, f"`{name}` is no header name", fix="write letters, digits and hyphens", text=name
        )
    return name.lower()


def _identity(desk: Desk, spec: ForwardSpec) -> tuple[tuple[str, str], ...]:
    found = []
    for name, source in (spec.identity or {}).items():
        header = _own_header(desk, name)
        if _source(desk, source):
            found.append((header, str(source)))
    return tuple(found)


def _own_header(desk: Desk, name: Text) -> str:
    """Return the name of a header that says who calls; one that means something else already is reported."""
    header = _header(desk, name)
    keyed = {store.header for store in desk.key_stores.values() if store.header}
    if header in _STANDARD or header in keyed or header.startswith(("sec-", "access-control-")):
        desk.report(
            "FWD002", name.mark, f"`{name}` is a standard or credential header", text=name,
            fix="choose a name of your own, such as `X-Caller-Subject`",
        )  # fmt: skip
    return header


def _assertion(desk: Desk, spec: AssertionSpec) -> Assertion | None:
    """Return the signed word about a caller, or None after it was reported."""
    header, key = _own_header(desk, spec.header), secret(desk, spec.key)
    if key is not None and key.source != "file":
        desk.report("TYP003", spec.key.mark, "a signing key is kept in a file", fix="write `{file: path}`")
    if key is None:
        return None
    return Assertion(header=header, audience=str(spec.audience), key=key, ttl_s=spec.ttl)


def _source(desk: Desk, source: Text) -> bool:
    head, _, rest = source.partition(".")
    if head == "attribute" and rest:
        if rest in desk.attributes:
            return True
        desk.report(
            "REF001", source.mark, f"unknown attribute `{rest}`", fix="define it under `attributes`", text=source
        )
        return False
    known = (*_SOURCES, *(f"identity.{field}" for field in _IDENTITY))
    return desk.knows(source, known, "source", id="TYP002")


def secret(desk: Desk, spec: SecretSpec) -> SecretRef | None:
    """Return where a secret is kept, or None after it was reported."""
    if (spec.env is None) == (spec.file is None):
        desk.report("TYP003", spec.mark, "a secret needs one of `env` and `file`", fix="write `{env: NAME}`")
        return None
    if spec.env is not None:
        return SecretRef(source="env", name=str(spec.env), where=where(spec.mark))
    path = desk.source.resolve(spec.file, absolute=True) if spec.file is not None else None
    return None if path is None else SecretRef(source="file", name=path, where=where(spec.mark))


def _secrets(desk: Desk, spec: ForwardSpec) -> tuple[tuple[str, SecretRef], ...]:
    found = []
    for name, written in (spec.set or {}).items():
        header, made = _header(desk, name), secret(desk, written)
        if made is not None:
            found.append((header, made))
    return tuple(found)


def compile_errors(sections: Sequence[Written], realm: str) -> Errors:
    """Return how refusals are worded by `sections`, the strongest first."""

    def value(key: str) -> object:
        owner = pick(sections, key)
        return getattr(cast("ErrorsSpec", owner), key) if owner else None

    return Errors(
        body=str(value("body") or "problem+json"),
        detail=str(value("detail") or "minimal"),
        realm=str(value("realm") or realm),
        conceal=bool(value("conceal")),
        resource_metadata=value("resource_metadata") is not False,
    )
