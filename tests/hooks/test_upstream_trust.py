"""What would be believed if these failed: that an upstream with a CA of its own is believed by no other."""

import socket
import ssl
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import connection, tls
from OpenSSL import SSL

from parclose.hooks.upstream_trust import UpstreamTrust, trust_of
from tests.hooks.ground import policy, service
from tests.live.certs import make_certificate, serving


def with_ca(path: str) -> Any:
    """Return a policy whose upstream names a CA."""
    made = policy()
    return replace(made, upstreams={"billing": replace(made.upstreams["billing"], tls_ca=path)})


def test_an_unusable_ca_is_said_so(tmp_path: Path) -> None:
    """By upstream and file; upstreams without one have nothing of their own."""
    path = tmp_path / "ca.pem"
    path.write_text("rubbish")
    with pytest.raises(ValueError, match="upstream `billing`"):
        trust_of(with_ca(str(path)))
    assert trust_of(policy()) == {}


def handshake(connected: SSL.Connection, theirs: socket.socket, server: ssl.SSLContext) -> str:
    """Let a connection shake hands with a server; return what went wrong."""

    def serve() -> None:
        try:
            server.wrap_socket(theirs, server_side=True).close()
        except OSError:
            theirs.close()

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        connected.set_connect_state()
        connected.do_handshake()
    except SSL.Error as error:
        return str(error)
    finally:
        connected.close()
        thread.join()
    return ""


@pytest.mark.parametrize(("address", "trusted"), [(("billing.internal", 8443), True), (("elsewhere", 8443), False)])
def test_its_connections_trust_that_ca_alone(tmp_path: Path, address: tuple[str, int], trusted: bool) -> None:
    """The handshake succeeds with the CA's certificate; other addresses keep what mitmproxy gave them."""
    authority = make_certificate("trust-ca", is_ca=True)
    server = serving(make_certificate("billing.internal", authority))
    house = service(tmp_path)
    assert house.edition is not None
    house.edition = replace(house.edition, trust=trust_of(with_ca(str(authority.chain))))
    stock = SSL.Context(SSL.TLS_CLIENT_METHOD)
    stock.set_verify(SSL.VERIFY_PEER)
    ours, theirs = socket.socketpair()
    made = SSL.Connection(stock, ours)
    data = tls.TlsData(connection.Server(address=address), cast("Any", SimpleNamespace()), ssl_conn=made)
    UpstreamTrust(house).tls_start_server(data)
    assert (handshake(made, theirs, server) == "") is trusted


def test_without_a_connection_nothing_is_done(tmp_path: Path) -> None:
    """The handshake then fails by itself."""
    data = tls.TlsData(connection.Server(address=None), cast("Any", SimpleNamespace()))
    UpstreamTrust(service(tmp_path)).tls_start_server(data)
    assert data.ssl_conn is None
