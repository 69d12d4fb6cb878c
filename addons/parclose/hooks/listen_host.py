"""Listeners that were opened on every interface by default are moved to the loopback.

mitmproxy opens its listeners before a script is loaded, so the listen host that Parclose sets comes too late for them.
Until they are moved they answer 503, since nothing is ready.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mitmproxy.addons.proxyserver import Proxyserver

logger = logging.getLogger(__name__)
WILDCARDS = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - they are recognised, not bound


class ListenHost:
    """Reopens the listeners that are not where the option `listen_host` wants them; on the master's chain."""

    name = "parclose-listen-host"

    def __init__(self, proxyserver: Proxyserver, listen_host: str) -> None:
        self._proxyserver = proxyserver
        self._listen_host = listen_host

    async def running(self) -> None:
        """Look at each listener once, when all are up."""
        if self._listen_host in WILDCARDS:
            return
        for listener in self._proxyserver.servers:
            bound = {str(address[0]) for address in listener.listen_addrs}
            if listener.mode.custom_listen_host is None and bound & WILDCARDS:
                logger.info("no listen host was chosen, moving `%s` to %s", listener.mode.full_spec, self._listen_host)
                await listener.stop()
                await listener.start()
