"""Prompt events: what follows from a hook that did not have to wait is done in the same turn of the loop.

Stock mitmproxy runs each hook in a task of its own, which starts at once and finds the connection's lock taken: by
the very event that started it. So each of the four hooks of a request costs a wait for the lock and a turn of the
loop, even where every handler is synchronous. Here an event that arrives while another one of the same connection is
being handled is put in line, and handled right after it, in the order of arrival: what the lock does, without turns.

After `AT_ONCE` events other connections get their turn: a client that sends many small requests at once must not hold
the loop.

Source: mitmproxy 12.2.3, proxy/server.py (`server_event`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from mitmproxy.proxy import events, server

AT_ONCE = 16  # two requests' worth of events: hooks, data, completions

type Stock = Callable[[server.ConnectionHandler, events.Event], Awaitable[None]]


class PromptEvents:
    """Takes the place of `ConnectionHandler.server_event`."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    async def handle(self, handler: server.ConnectionHandler, event: events.Event) -> None:
        """Handle an event and those that it leads to, or put it in line where one is being handled.

        INVARIANT: the line is on the handler while somebody works it off, so that the lock inside is never contended
        and what it guards never pauses.
        """
        line: deque[events.Event] | None = handler.__dict__.get("parclose_line")
        if line is not None:
            line.append(event)
            return
        line = handler.__dict__["parclose_line"] = deque((event,))
        try:
            handled = 0
            while line:
                await self.stock(handler, line.popleft())
                handled += 1
                if handled % AT_ONCE == 0:
                    await asyncio.sleep(0)
        finally:
            del handler.__dict__["parclose_line"]


def install() -> None:
    """Handle events promptly on every connection from now on; a second call changes nothing."""
    if hasattr(server.ConnectionHandler.server_event, "parclose"):
        return
    prompt = PromptEvents(server.ConnectionHandler.server_event)

    async def server_event(handler: server.ConnectionHandler, event: events.Event) -> None:
        await prompt.handle(handler, event)

    server_event.parclose = prompt  # type: ignore[attr-defined]
    server.ConnectionHandler.server_event = server_event  # type: ignore[method-assign, assignment]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    prompt = getattr(server.ConnectionHandler.server_event, "parclose", None)
    if prompt is not None:
        server.ConnectionHandler.server_event = prompt.stock  # type: ignore[method-assign]
