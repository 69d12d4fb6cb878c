"""A flow becomes facts: the one conversion from the wire, normalising once, raising never.

What is wrong on the wire is not refused here but written down as a fault, in the order found; the canonical stage
refuses the first. Everything is read from mitmproxy's raw bytes: its text properties join repeated headers, fold the
method, and hand out lone surrogates.
"""

from __future__ import annotations

from dataclasses import replace

from mitmproxy import http
from mitmproxy.proxy import mode_specs

from parclose.facts import Facts, Presented
from parclose.hooks.credentials_of import Query, forward_credentials, reverse_credentials
from parclose.hooks.layer_gate import upgrade_kind
from parclose.hooks.method_override import override_of
from parclose.hooks.tunnels import Tunnel
from parclose.hooks.wire import (
    BAD_QUERY,
    LENGTH,
    METHOD,
    Fields,
    elements,
    fields_of,
    has_bad_value,
    kind_of,
    normal_host,
    plain_address,
    split_authority,
    text_of,
    told_host,
)
from parclose.policy.model import Listener, Policy

MAX_FORWARDED = 64  # elements looked at; nginx and Envoy see single figures in honest traffic
MAX_AGENT = 1024  # characters kept of a User-Agent: audit lines stay short
DEFAULT_PORTS = {"http": 80, "https": 443}


def facts_of(
    flow: http.HTTPFlow, policy: Policy, *, decision: str, tunnel: Tunnel | None = None, replayed: bool = False
) -> Facts:
    """Convert a flow, seen in `requestheaders` or `http_connect`, under the policy pinned for it.

    `tunnel` is the CONNECT that it came through. Nobody vouches for the recorded peer of what is `replayed`.
    """
    request, client, kind = flow.request, flow.client_conn, kind_of(flow.client_conn.proxy_mode)
    listener, fields = policy.listener_at(client.sockname[1], kind), fields_of(request.headers)
    connect = request.data.method.upper() == b"CONNECT"  # as mitmproxy takes it
    target, raw_query = (b"", b"") if connect else request.data.path.partition(b"?")[::2]
    query = Query.of(raw_query)
    host, port, disagreements = _where_to(flow, fields, kind, tunnel, connect=connect)
    presented, conflicts = _presented(policy, fields, query, kind, tunnel)
    override, asked_twice = override_of(fields, query.pairs)
    own_tls = kind == "reverse" or tunnel is not None  # else the TLS name is the proxy's own
    return Facts(
        at=request.timestamp_start,
        decision=decision,
        listener=listener.name,
        kind=kind,
        method=request.data.method.decode("latin-1"),
        host=host,
        target=target.decode("latin-1"),
        peer="" if replayed else plain_address(client.peername),
        scheme="https" if request.data.scheme == b"https" or (own_tls and client.tls_established) else "http",
        port=port,
        version=request.data.http_version.decode("latin-1"),
        uri_bytes=0 if connect else len(request.data.path),
        query_keys=query.keys,
        faults=(*_faults_of_head(flow, fields, raw_query), *disagreements, *conflicts, *asked_twice),
        forwarded=_forwarded(fields, listener),
        sni=client.sni if own_tls else None,
        tls=client.tls_established,
        connect=connect,
        tunnel=tunnel is not None,
        user_agent=text_of(fields, b"user-agent")[:MAX_AGENT],
        origin=text_of(fields, b"origin"),
        preflight=_preflight(request, fields),
        override=override,
        upgrade=_upgrade(request, fields),
        body_bytes=_body_bytes(request, fields),
        presented=presented,
    )


def with_certificate(facts: Facts, text: str | None) -> Facts:
    """Add what was shown in the handshake with us: "" where that was not kept, None where there was none.

    A request in a tunnel has that of its CONNECT.
    """
    if text is None or facts.tunnel:
        return facts
    return replace(facts, presented=(*facts.presented, Presented(kind="mtls", place="handshake", text=text)))


def with_claim(facts: Facts, policy: Policy, claimed: str) -> Facts:
    """Add the client that the PROXY header of a connection names, where its listener reads one; "" names nobody."""
    if not claimed:
        return facts
    reads = any(
        one.name == facts.listener and one.client_ip.source == "proxy-protocol" for one in policy.settings.listeners
    )
    return replace(facts, forwarded=(claimed,)) if reads else facts


def _faults_of_head(flow: http.HTTPFlow, fields: Fields, query: bytes) -> list[str]:
    """Return what is wrong with the request line, the header values, or the framing."""
    request, faults = flow.request, []
    if flow.error is not None:  # mitmproxy's own validity checks, which answer by themselves
        faults.append("request_malformed:framing")
    if not METHOD.fullmatch(request.data.method):
        faults.append("request_malformed:method")
    version = request.data.http_version
    is_h2 = version == b"HTTP/2.0" and flow.client_conn.alpn == b"h2"
    if not is_h2 and version not in (b"HTTP/1.1", b"HTTP/1.0"):
        faults.append("request_malformed:version")
    if has_bad_value(request.headers):
        faults.append("request_malformed:header_value")
    lengths = fields.get(b"content-length", ())
    if len(lengths) > 1 or any(not LENGTH.fullmatch(value) for value in lengths):
        faults.append("request_malformed:content_length")
    if b"trailer" in fields:  # announced trailers cannot be judged, and end mitmproxy's HTTP/1 layer
        faults.append("request_malformed:trailer")
    if BAD_QUERY.search(query):
        faults.append("path_ambiguous:query")
    return faults


def _where_to(
    flow: http.HTTPFlow, fields: Fields, kind: str, tunnel: Tunnel | None, *, connect: bool
) -> tuple[str, int, list[str]]:
    """Return host and port that the request names, and how its names for the destination disagree."""
    request = flow.request
    authority = request.data.authority.decode("latin-1")
    hosts = [value.decode("latin-1").strip(" \t") for value in fields.get(b"host", ())]
    is_h2 = request.data.http_version == b"HTTP/2.0"
    if connect:
        return _connect_to(request, hosts)
    faults: list[str] = []
    if _is_out_of_form(flow, tunnel, is_h2=is_h2):
        faults.append("request_malformed:absolute_form")
    named = authority if is_h2 and authority else (hosts[0] if len(hosts) == 1 else "")
    if len(hosts) > 1 or (is_h2 and hosts and authority and hosts[0].lower() != authority.lower()):
        faults.append("request_malformed:host" if len(hosts) > 1 else "request_malformed:authority")
    split = split_authority(named)
    if not named or split is None:
        return "", request.data.port, [*faults, "request_malformed:host"]
    host = split[0]
    port = split[1] or DEFAULT_PORTS.get(request.data.scheme.decode("latin-1"), 80)
    if kind == "forward":
        faults.extend(_forward_disagreements(flow, host, port, tunnel))
    return host, port, faults


def _is_out_of_form(flow: http.HTTPFlow, tunnel: Tunnel | None, *, is_h2: bool) -> bool:
    """Tell whether a whole URL stands where a path belongs.

    mitmproxy has already taken what it names from the absolute form on a regular listener, so what is left there was
    not understood. An `https` URL outside a tunnel would share upstream connections with others on the same address.
    """
    mode, request = flow.client_conn.proxy_mode, flow.request
    if tunnel is None and isinstance(mode, mode_specs.RegularMode | mode_specs.UpstreamMode):
        if request.data.scheme == b"https":
            return True
        if isinstance(mode, mode_specs.UpstreamMode):
            return False
    return not is_h2 and bool(request.data.authority)


def _connect_to(request: http.Request, hosts: list[str]) -> tuple[str, int, list[str]]:
    """Return what a CONNECT asks for; a Host header beside it must say the same."""
    host, port = told_host(request.data.host), request.data.port
    if not host or not port:
        return "", port, ["request_malformed:authority"]
    authority = request.data.authority.decode("latin-1")
    if authority and split_authority(authority) != (host, port):  # mitmproxy reads `[name]` as a name
        return host, port, ["request_malformed:authority"]
    if len(hosts) > 1:
        return host, port, ["request_malformed:host"]
    if hosts:
        split = split_authority(hosts[0])
        if split is None or split[0] != host or split[1] not in (None, port):
            return host, port, ["request_malformed:authority"]
    return host, port, []


def _forward_disagreements(flow: http.HTTPFlow, host: str, port: int, tunnel: Tunnel | None) -> list[str]:
    """Return faults where Host, the URL or the CONNECT, and the TLS name do not all name one destination."""
    if tunnel is None:
        where = told_host(flow.request.data.host), flow.request.data.port
        return [] if where == (host, port) else ["request_malformed:authority"]
    faults = [] if (tunnel.host, tunnel.port) == (host, port) else ["request_malformed:authority"]
    sni = flow.client_conn.sni
    if sni and normal_host(sni) != tunnel.host:  # whatever `settings.sni` says: mitmproxy would connect with this name
        faults.append("sni_mismatch")
    return faults


def _presented(
    policy: Policy, fields: Fields, query: Query, kind: str, tunnel: Tunnel | None
) -> tuple[tuple[Presented, ...], list[str]]:
    """Return the credentials that count here: a tunnel's are those of its CONNECT."""
    if tunnel is not None:
        return tunnel.presented, []
    if kind == "forward":
        return forward_credentials(policy, fields)
    return reverse_credentials(policy, fields, query)


def _upgrade(request: http.Request, fields: Fields) -> str:
    """Return the upgrade asked for: `none`, `websocket`, or `refused` for any other.

    `h2c` alone is not refused but left out when forwarding, as RFC 9110 section 7.8 allows: Java's client asks for it
    on every plain connection.
    """
    asked = fields.get(b"upgrade")
    if not asked or [value.lower() for value in elements(asked)] == ["h2c"]:
        return "none"
    kind = upgrade_kind(request.headers)
    if kind == "websocket" and (request.data.method != b"GET" or request.data.http_version != b"HTTP/1.1"):
        return "refused"
    return kind


def _preflight(request: http.Request, fields: Fields) -> str:
    """Return the method that a CORS preflight asks for, or ""."""
    asked = fields.get(b"access-control-request-method", ())
    if request.data.method != b"OPTIONS" or b"origin" not in fields or len(asked) != 1:
        return ""
    return asked[0].decode("latin-1") if METHOD.fullmatch(asked[0]) else ""


def _forwarded(fields: Fields, listener: Listener) -> tuple[str, ...]:
    """Return the elements of the header that names the client, the last `MAX_FORWARDED` of them."""
    if not listener.client_ip.reads_header:
        return ()
    return tuple(elements(fields.get(listener.client_ip.source.encode(), ()))[-MAX_FORWARDED:])


def _body_bytes(request: http.Request, fields: Fields) -> int | None:
    """Return the declared length of the body, 0 where HTTP/1 declares none, None when it is unknown."""
    if b"transfer-encoding" in fields:
        return None
    lengths = fields.get(b"content-length", ())
    if not lengths:
        return None if request.data.http_version == b"HTTP/2.0" else 0
    return int(lengths[0]) if len(lengths) == 1 and lengths[0].isdigit() and len(lengths[0]) < 19 else None
