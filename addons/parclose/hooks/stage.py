"""The addon of a run of stages: takes them on the walk of each request, and does nothing else.

It decides nothing itself, answers nothing, and looks at no flow: the walk says what has been found out so far. Where
the world answers at once, so does the hook; only where it must wait does the hook return something to wait for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from typing import ClassVar

from mitmproxy import http

from parclose.engine import Stage, drive, proceed
from parclose.hooks.exchange import Exchanges


class StageAddon:
    """Takes adjacent stages of one concern, when they are next; steps aside once the request is refused."""

    concern: ClassVar[str] = ""

    def __init__(self, name: str, stages: Sequence[Stage], exchanges: Exchanges) -> None:
        """Take the stages to ask, which must be adjacent in the order of evaluation."""
        self.name = name
        self.stages = tuple(stages)
        self._exchanges = exchanges

    def requestheaders(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Take the stages on a request."""
        exchange = self._exchanges.get(flow.id)
        if exchange is None or exchange.verdict is not None:
            return None
        rest = proceed(exchange.walk, self.stages)
        return None if rest is None else drive(rest, exchange.edition.world)

    def http_connect(self, flow: http.HTTPFlow) -> Awaitable[None] | None:
        """Take the stages on a CONNECT, whose host alone is known."""
        return self.requestheaders(flow)
