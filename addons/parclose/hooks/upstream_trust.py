"""Upstreams that name a CA of their own are believed by that CA alone, not by the machine's.

mitmproxy knows one set of trusted CAs for all. It makes the TLS connection in `tls_start_server`; after it, on the
master's chain, the connection is given another context, and with it another store of CAs. Everything else it was set
to (name to check, verification, ALPN) belongs to the connection and stays.

Source: OpenSSL, SSL_set_SSL_CTX: the store of the context counts unless the connection has its own.
"""

from __future__ import annotations

from collections.abc import Mapping

from mitmproxy import tls
from OpenSSL import SSL

from parclose.hooks.service import Service
from parclose.policy.model import Policy

type Trust = Mapping[tuple[str, int], SSL.Context]


def trust_of(policy: Policy) -> Trust:
    """Return the contexts of the upstreams that name a CA, by host and port.

    Raises:
        ValueError: a CA file cannot be used; the message names upstream and file.
    """
    contexts = {}
    for upstream in policy.upstreams.values():
        if upstream.tls_ca:
            context = SSL.Context(SSL.TLS_CLIENT_METHOD)
            try:
                context.load_verify_locations(upstream.tls_ca)
            except SSL.Error as wrong:
                problem = f"upstream `{upstream.name}`: `{upstream.tls_ca}` holds no CA certificate in PEM form"
                raise ValueError(problem) from wrong
            contexts[upstream.host, upstream.port] = context
    return contexts


class UpstreamTrust:
    """Hands each connection to such an upstream its own CAs; stands behind mitmproxy's `TlsConfig`."""

    name = "parclose-upstream-trust"

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self.service = service

    def tls_start_server(self, data: tls.TlsData) -> None:
        """Replace the context; without a connection to replace it on, mitmproxy fails the handshake by itself."""
        edition, address = self.service.edition, getattr(data.conn, "address", None)
        context = edition.trust.get(address[:2]) if edition is not None and address else None
        if context is not None and data.ssl_conn is not None:
            data.ssl_conn.set_context(context)
