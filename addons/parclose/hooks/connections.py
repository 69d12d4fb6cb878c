"""Closing client connections: on purpose, and where mitmproxy forgets to.

When a flow is cut while body bytes still arrive, the task of the connection can be cancelled while it waits for an
inner lock; `client_disconnected` runs, but the socket stays ESTABLISHED until garbage collection (6 of 50 tries).

Source: mitmproxy 12.2.3, proxy/server.py, handle_connection and server_event.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from mitmproxy import ctx

if TYPE_CHECKING:
    from mitmproxy import connection


def writer_of(client: connection.Client) -> asyncio.StreamWriter | None:
    """Return the writer of a client's TCP connection while the proxy holds one."""
    proxyserver = ctx.master.addons.get("proxyserver")
    handler = proxyserver.connections.get(client.id) if proxyserver else None
    held = handler.transports.get(handler.client) if handler else None
    writer = held.writer if held else None
    return writer if isinstance(writer, asyncio.StreamWriter) else None


def close_client(client: connection.Client) -> bool:
    """Cut a client's connection at once, unsent bytes and all; tells whether there was one to cut.

    For WebSockets, raw connections and tunnels, where `flow.kill()` does nothing.
    """
    writer = writer_of(client)
    if writer is None:
        return False
    writer.transport.abort()
    return True


class LeakFix:
    """Closes the socket of a client whose connection has ended; what is still to be sent is sent."""

    name = "parclose-leak-fix"

    def client_disconnected(self, client: connection.Client) -> None:
        """Close what mitmproxy left open."""
        if writer := writer_of(client):
            writer.close()
