"""The way out: what an allowed request becomes, and where its bytes may go. After the last stage, before the audit.

Forward listeners connect to the addresses that were judged and no others: the first is pinned through
`request.data.host` (the `.host` property would rewrite the Host header), so no second look-up can say otherwise.
Upstreams of reverse listeners are approved by name. TLS towards the upstream always asks for the name that was judged.
"""

from __future__ import annotations

import ipaddress

from mitmproxy import connection, http
from mitmproxy.proxy import mode_specs, server_hooks

from parclose.hooks.answers import limit_headers
from parclose.hooks.bodies import Meter, is_streamed, stream_response
from parclose.hooks.connections import close_client
from parclose.hooks.exchange import Exchange
from parclose.hooks.forwarding import Leaving, rewrite
from parclose.hooks.passages import Passage
from parclose.hooks.service import Service
from parclose.hooks.tunnels import Tunnel
from parclose.hooks.verdicts import REPLAY
from parclose.policy.model import Policy
from parclose.reasons import Reason

type Address = tuple[str, int]

NOT_FOR_CLIENTS = frozenset({b"alt-svc", b"sec-websocket-extensions"})
"""What invites to leave by QUIC, and what agrees to something that was not asked for: mitmproxy would inflate."""


class Departure:
    """Shapes what leaves; what may not leave after all is refused here, so that the audit writes that down."""

    name = "departure"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service
        # The name that TLS asks for, by client connection and upstream address.
        self._names: dict[str, dict[Address, str]] = {}

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        """Prepare an allowed request: body, destination, headers."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None or not exchange.conclude().allowed or exchange.walk.published:
            return
        segment, facts = exchange.segment, exchange.walk.facts
        if segment is None:
            exchange.refuse(Reason.INTERNAL_ERROR, found="an allow without a segment")
            return
        if facts.body_bytes is not None and facts.body_bytes > segment.max_body_bytes:
            exchange.refuse(Reason.BODY_TOO_LARGE, found=f"a body of {facts.body_bytes} bytes")
            return
        if not self._direct(flow, exchange):
            exchange.refuse(Reason.DESTINATION_DENIED, detail="admin", found="the proxy's own admin port")
            return
        if is_streamed(facts.body_bytes):
            flow.request.stream = Meter(segment.max_body_bytes, lambda: self._cut(flow))
        rewrite(
            flow.request,
            Leaving(
                policy=exchange.walk.policy,
                facts=facts,
                verdict=exchange.conclude(),
                segment=segment,
                secrets=exchange.edition.secrets,
                signer=exchange.edition.signers.get(segment.name),
                target=exchange.walk.target,
            ),
        )

    def http_connect(self, flow: http.HTTPFlow) -> None:
        """Prepare an allowed tunnel: where it leads, and who opened it, for the requests inside."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None or not exchange.conclude().allowed:
            return
        if not self._direct(flow, exchange):
            exchange.refuse(Reason.DESTINATION_DENIED, detail="admin", found="the proxy's own admin port")
            return
        flow.request.headers.pop("proxy-authorization", None)
        facts, unopened = exchange.walk.facts, exchange.conclude().unopened
        if unopened and not self._leave_closed(flow, exchange):
            exchange.refuse(Reason.PROTOCOL_DENIED, detail="passthrough", found="a parent proxy that resolves the name")
            return
        self._service.tunnels.open(
            flow.client_conn.id,
            Tunnel(
                host=facts.host,
                port=facts.port,
                presented=facts.presented,
                decision=facts.decision,
                unopened=unopened,
            ),
        )

    def _leave_closed(self, flow: http.HTTPFlow, exchange: Exchange) -> bool:
        """Grant that TLS stays closed, to the address that is approved; False where a parent chooses the address."""
        if isinstance(flow.client_conn.proxy_mode, mode_specs.UpstreamMode):
            return False
        request = flow.request.data
        exchange.passage = Passage(host=exchange.walk.facts.host, address=(request.host, request.port))
        self._service.passages.open(flow.client_conn.id, exchange.passage)
        return True

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        """Stream what is large or endless; tell an admitted caller how much is left."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None or flow.response is None or not exchange.conclude().allowed:
            return
        stream_response(flow)
        told = limit_headers(exchange.conclude().readings)
        headers = flow.response.headers
        headers.fields = (
            *(field for field in headers.fields if field[0].lower() not in NOT_FOR_CLIENTS),
            *((name.encode(), value.encode("latin-1", "replace")) for name, value in told),
        )

    def server_connect(self, data: server_hooks.ServerConnectionHookData) -> None:
        """Ask for the judged name in TLS: the client's own, or an address, is mitmproxy's choice otherwise."""
        names = self._names.get(data.client.id) or self._names.get(REPLAY, {})
        if data.server.address is not None and (name := names.get(data.server.address[:2])):
            data.server.sni = name

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget a client that has gone."""
        self._names.pop(client.id, None)

    def _direct(self, flow: http.HTTPFlow, exchange: Exchange) -> bool:
        """Set and approve where an exchange may connect to; False when that is the admin port."""
        request, facts = flow.request, exchange.walk.facts
        name = facts.host
        if facts.kind == "reverse":
            name = self._to_upstream(flow, exchange)
        elif not isinstance(flow.client_conn.proxy_mode, mode_specs.UpstreamMode):
            pinned = exchange.walk.addresses
            if pinned and request.data.host not in pinned:
                request.data.host = pinned[0]
        if not request.data.host.isascii():
            request.data.host = facts.host  # decoded by mitmproxy; what was judged is what is looked up
        if is_admin(exchange.walk.policy, request.data.host, request.data.port):
            return False
        client_id = REPLAY if exchange.replayed else flow.client_conn.id
        address, is_parent = destination_of(flow)
        self._service.verdicts.approve_server(client_id, address)
        if not is_parent:  # whose own name mitmproxy asks for
            self._names.setdefault(client_id, {})[address] = name
        return True

    def _to_upstream(self, flow: http.HTTPFlow, exchange: Exchange) -> str:
        """Turn a request to its segment's upstream and return the name to ask for in TLS."""
        request, segment = flow.request, exchange.segment
        upstream = exchange.walk.policy.upstreams[segment.upstream] if segment and segment.upstream else None
        if upstream is None:
            return request.data.host
        request.data.scheme = upstream.scheme.encode()
        request.data.host, request.data.port = upstream.host, upstream.port
        if upstream.host_header == "rewrite":
            authority = authority_of(upstream.scheme, upstream.host, upstream.port)
            if request.data.authority:
                request.data.authority = authority.encode()
            if "host" in request.headers or not request.data.authority:
                request.headers["Host"] = authority
        return upstream.tls_server_name or upstream.host

    def _cut(self, flow: http.HTTPFlow) -> None:
        """End an exchange whose body turned out too large while it was streamed; nothing more of it is forwarded."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is not None:
            exchange.refuse(Reason.BODY_TOO_LARGE, found="a streamed body beyond the limit")
        self._service.verdicts.deny(flow)
        close_client(flow.client_conn)


def destination_of(flow: http.HTTPFlow) -> tuple[Address, bool]:
    """Return what an admitted exchange may connect to, as mitmproxy will name it, and whether that is a parent proxy.

    A parent resolves names itself, and nothing may go past it.
    """
    mode = flow.client_conn.proxy_mode
    if isinstance(mode, mode_specs.UpstreamMode):
        return mode.address, True
    return (flow.request.data.host, flow.request.data.port), False


def authority_of(scheme: str, host: str, port: int) -> str:
    """Return host and port as a Host header says them, the scheme's own port left out."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port == {"http": 80, "https": 443}.get(scheme) else f"{shown}:{port}"


def is_admin(policy: Policy, host: str, port: int) -> bool:
    """Tell whether a destination is the admin port, by any loopback name or address where it listens there."""
    settings = policy.settings
    if not settings.admin_host or port != settings.admin_port:
        return False
    if host.lower().removesuffix(".") in ("localhost", settings.admin_host):
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return False
    return address.is_loopback or address.is_unspecified
