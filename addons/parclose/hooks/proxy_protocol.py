"""Listeners behind a balancer that passes bytes on: its header is read before mitmproxy sees the connection.

mitmproxy does not know the PROXY protocol: version 1 is a bad request to it, version 2 hangs. Here, on listeners whose
policy says `client_ip: {from: proxy-protocol}`, each connection must begin with one, and come from a trusted proxy. The
peer of the connection stays what it is; the address in the header is kept beside it, and is a fact of each request.

Source: mitmproxy 12.2.3, proxy/mode_servers.py, ServerInstance.handle_stream, and proxy/server.py, handle_client.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Final, Protocol

from mitmproxy import connection
from mitmproxy.proxy import mode_servers, server

from parclose.hooks.edition import Edition
from parclose.hooks.proxy_header import HeaderFault, read_header
from parclose.hooks.wire import kind_of, plain_address
from parclose.stages.address import read_peer

# A balancer writes its header with the first packet.
HEADER_DEADLINE_S: Final = 5.0
DETAIL: Final = "proxy_header"

type IsAsked = Callable[[connection.Client], bool | None]
"""Whether a connection must begin with a header: None where its listener asks for none, False for a stranger's."""


class Claims:
    """What the headers of open connections said: the client's address, or what was wrong with a header."""

    def __init__(self) -> None:
        """Start with none."""
        self._said: dict[str, str] = {}
        self._faults: dict[str, str] = {}

    def say(self, client_id: str, address: str) -> None:
        """Remember for whom a connection speaks."""
        self._said[client_id] = address

    def refuse(self, client_id: str, fault: str) -> None:
        """Remember why a connection must end."""
        self._faults[client_id] = fault

    def of(self, client_id: str) -> str:
        """Return the address in the header of a connection, "" where there is none."""
        return self._said.get(client_id, "")

    def fault_of(self, client_id: str) -> str:
        """Return why a connection must end, "" where it need not."""
        return self._faults.get(client_id, "")

    def forget(self, client_id: str) -> None:
        """Forget a connection that has ended."""
        self._said.pop(client_id, None)
        self._faults.pop(client_id, None)


class Host(Protocol):
    """Who holds the claims; `on_refused` may be another later on."""

    claims: Claims
    on_refused: Callable[[connection.Client, str], None]


class _Asked:
    """What is asked of whom; set by `install`."""

    of: IsAsked = staticmethod(lambda client: None)
    claims = Claims()


_stock = server.ConnectionHandler.handle_client


def install(is_asked: IsAsked, claims: Claims) -> None:
    """Read the header of every new connection for which `is_asked` says so."""
    _Asked.of, _Asked.claims = staticmethod(is_asked), claims
    mode_servers.ProxyConnectionHandler.handle_client = handle_client  # type: ignore[method-assign, assignment]


async def handle_client(self: mode_servers.ProxyConnectionHandler) -> None:
    """Read what stands before the connection, then let mitmproxy have the rest of it."""
    client, claims = self.client, _Asked.claims
    try:
        reader = self.transports[client].reader
        asked = _Asked.of(client)
        if asked is False:
            claims.refuse(client.id, "a peer that is no trusted proxy")
        elif asked and isinstance(reader, asyncio.StreamReader):
            async with asyncio.timeout(HEADER_DEADLINE_S):
                claims.say(client.id, await read_header(reader.readexactly))
    except HeaderFault as wrong:
        claims.refuse(client.id, str(wrong))
    except TimeoutError:
        claims.refuse(client.id, f"no whole PROXY header within {HEADER_DEADLINE_S:g} s")
    except (asyncio.IncompleteReadError, OSError):
        claims.refuse(client.id, "a connection that ended in its PROXY header")
    except Exception as wrong:  # noqa: BLE001 - whatever it is, nobody's address is known, so nobody may come in
        claims.refuse(client.id, type(wrong).__name__)
    await _stock(self)


class HeaderGate:
    """Ends the connections whose header was refused, when everybody else has seen that they are there."""

    name = "parclose-proxy-header"

    def __init__(self, host: Host) -> None:
        """Take who remembers, and who is told."""
        self._host = host

    def client_connected(self, client: connection.Client) -> None:
        """Refuse what must not begin; mitmproxy then closes it without another hook than its end."""
        fault = self._host.claims.fault_of(client.id)
        if fault:
            client.error = fault
            self._host.on_refused(client, DETAIL)

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget it."""
        self._host.claims.forget(client.id)


def is_asked_by(edition: Edition | None, client: connection.Client) -> bool | None:
    """Tell whether a client must begin with a header under the policy in force."""
    if edition is None:
        return None  # nothing is served yet
    listener = edition.policy.listener_at(client.sockname[1], kind_of(client.proxy_mode))
    if listener.client_ip.source != "proxy-protocol":
        return None
    peer = read_peer(plain_address(client.peername))
    return peer is not None and bool(edition.policy.zones.mask(peer[0], time.time()) & listener.client_ip.trusted)


def self_test() -> str:
    """Return what is not as expected in this mitmproxy, empty when all is well; run it after `install`."""
    kind = mode_servers.ProxyConnectionHandler
    if kind.handle_client is not handle_client or "handle_client" in vars(server.LiveConnectionHandler):
        return "connections do not begin where they are read from"
    if "handle_client" not in mode_servers.ServerInstance.handle_stream.__code__.co_names:
        return "listeners begin connections in another way"
    said: list[bytes] = []

    async def read(count: int) -> bytes:
        """Hand out the next bytes."""
        said[:] = [said[0][:count], said[0][count:]] if len(said) == 1 else [said[1][:count], said[1][count:]]
        return said[0]

    said.append(b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET")
    try:
        read_header(read).send(None)  # nothing in it waits
    except StopIteration as done:
        return "" if (done.value, said[1]) == ("192.0.2.1", b"GET") else f"a header was read as {done.value!r}"
    return "a header was not read at once"
