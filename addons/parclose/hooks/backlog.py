"""Listeners that queue a crowd: asyncio asks the kernel for a queue of 100 connections, whatever anybody wants.

A client that finds the queue full hears nothing and tries again after a second, so a burst of a few hundred shows up
as seconds of waiting that no metric sees. `listen` on a socket that listens already only makes its queue longer.

Source: CPython, asyncio/base_events.py, create_server; listen(2).
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver

logger = logging.getLogger(__name__)
# What Linux allows by default (net.core.somaxconn); it takes the smaller of the two.
BACKLOG: Final = 4096


class Backlog:
    """Makes the queues of all listeners longer, once they are up and where they shall be; on the master's chain."""

    name = "parclose-backlog"

    def __init__(self, proxyserver: Proxyserver) -> None:
        """Take who holds the listeners."""
        self._proxyserver = proxyserver

    def running(self) -> None:
        """Look at each listener once; one that cannot be changed stays as it is."""
        for listener in self._proxyserver.servers:
            for server in getattr(listener, "_servers", ()):
                if isinstance(server, asyncio.Server):
                    for sock in server.sockets:
                        lengthen(sock.fileno())


def lengthen(descriptor: int) -> None:
    """Let a listening socket queue `BACKLOG` connections."""
    try:
        with socket.socket(fileno=os.dup(descriptor)) as same:
            same.listen(BACKLOG)
    except OSError as wrong:
        logger.warning("a listener keeps its short queue: %s", wrong)
