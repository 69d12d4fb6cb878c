"""What would have been said: the second verdict of each request, where something of the policy is on trial.

After the verdict, before it is written down. Nothing hangs on it: whatever fails or takes too long here is logged and
counted by the guard, and the request goes on with the verdict that it has.
"""

from __future__ import annotations

from collections.abc import Awaitable

from mitmproxy import http

from parclose.engine import drive
from parclose.hooks.exchange import Exchange
from parclose.hooks.service import Service
from parclose.shadow import begin_second


class Shadow:
    """Comes to second verdicts, counts them, and leaves them with the exchange.

    `spare_s` is the longest that a request waits for something that only its second verdict asks for: a name to
    resolve, a key to fetch. A healthy resolver takes milliseconds.
    """

    name = "shadow"
    spare_s = 1.0

    def __init__(self, service: Service) -> None:
        """Take what the addons share."""
        self._service = service

    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Come to the second verdict, where the policy has anything on trial."""
        exchange = self._service.exchanges.get(flow.id)
        if exchange is None or exchange.edition.shadow is None:
            return None
        exchange.second = second = begin_second(exchange.walk, exchange.edition.shadow)
        if second is None:
            return None
        waiting = drive(second.asking(), second)
        if waiting is not None:
            return self._wait(exchange, waiting)
        self._conclude(exchange)
        return None

    def http_connect(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Come to the second verdict on a tunnel."""
        return self.requestheaders(flow)

    async def _wait(self, exchange: Exchange, waiting: Awaitable[None]) -> None:
        """Come to the second verdict once the world has answered."""
        await waiting
        self._conclude(exchange)

    def _conclude(self, exchange: Exchange) -> None:
        """Keep the second verdict where it says something, and count it."""
        if exchange.second is not None:
            exchange.would = exchange.second.would()
        if exchange.would is not None:
            self._service.metrics.tried(exchange.would)
