"""Prompt events: what follows from a hook that did not have to wait is done in the same turn of the loop.

Stock mitmproxy runs each hook in a task of its own, which starts at once and finds the connection's lock taken: by
the very event that started it. So each of the four hooks of a request costs a wait for the lock and a turn of the
loop, even where every handler is synchronous. Here an event that arrives while another one of the same connection is
being handled is put in line, and handled right after it, in the order of arrival: what the lock does, without turns.

After `AT_ONCE` events other connections get their turn: a client that sends many small requests at once must not hold
the loop.

Source: mitmproxy 12.2.3, proxy/server.py (`server_event`), proxy/mode_servers.py (`handle_hook`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from mitmproxy import flow
from mitmproxy.proxy import commands, events, mode_servers, server

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


async def handle_hook(handler: mode_servers.ProxyConnectionHandler, hook: commands.StartHook) -> None:
    """Run a hook while the idle watchdog sleeps, as mitmproxy's own does, without a generator for each."""
    (about,) = hook.args()
    watchdog = handler.timeout_watchdog
    watchdog.can_timeout.clear()
    watchdog.blocker += 1
    try:
        await handler.master.addons.handle_lifecycle(hook)
        if isinstance(about, flow.Flow) and about.intercepted:
            await about.wait_for_resume()
    finally:
        watchdog.blocker -= 1
        if watchdog.blocker == 0:
            watchdog.register_activity()
            watchdog.can_timeout.set()


def install() -> None:
    """Handle events promptly on every connection from now on; a second call changes nothing."""
    if hasattr(server.ConnectionHandler.server_event, "parclose"):
        return
    prompt = PromptEvents(server.ConnectionHandler.server_event)

    async def server_event(handler: server.ConnectionHandler, event: events.Event) -> None:
        await prompt.handle(handler, event)

    server_event.parclose = prompt, mode_servers.ProxyConnectionHandler.handle_hook  # type: ignore[attr-defined]
    server.ConnectionHandler.server_event = server_event  # type: ignore[method-assign, assignment]
    mode_servers.ProxyConnectionHandler.handle_hook = handle_hook  # type: ignore[method-assign, assignment]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    installed = getattr(server.ConnectionHandler.server_event, "parclose", None)
    if installed is not None:
        prompt, stock_hook = installed
        server.ConnectionHandler.server_event = prompt.stock  # type: ignore[method-assign]
        mode_servers.ProxyConnectionHandler.handle_hook = stock_hook  # type: ignore[method-assign]
