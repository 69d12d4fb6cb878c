"""Prompt events: what follows from a hook that did not have to wait is done in the same turn of the loop.

Stock mitmproxy runs each hook in a task of its own, which starts at once and finds the connection's lock taken: by
the very event that started it. So each of the four hooks of a request costs a wait for the lock and a turn of the
loop, even where every handler is synchronous. Here an event that arrives while another one of the same connection is
being handled is put in line, and handled right after it, in the order of arrival: what the lock does, without turns.
And a hook that has nothing to wait for needs no task at all; one that has is given its task for the rest.

After `AT_ONCE` events other connections get their turn: a client that sends many small requests at once must not hold
the loop.

Source: mitmproxy 12.2.3, proxy/server.py (`server_event`), (`hook_task`), proxy/mode_servers.py (`handle_hook`).
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from mitmproxy import flow
from mitmproxy.proxy import commands, events, mode_servers, server

from parclose.hooks.carried_out import DONE, CarriedOut
from parclose.hooks.dispatch import BEGIN

LINE = "parclose_line"  # under this name a handler has the events in line, while one is being handled
AT_ONCE = 16  # two requests' worth of events: hooks, data, completions

type Stock = Callable[[server.ConnectionHandler, events.Event], Awaitable[None]]


class PromptEvents:
    """Takes the place of `ConnectionHandler.server_event`; `stock` handles one event."""

    def __init__(self, stock: Stock) -> None:
        self.stock = stock

    async def handle(self, handler: server.ConnectionHandler, event: events.Event) -> None:
        """Handle an event and those that it leads to, or put it in line where one is being handled.

        INVARIANT: the line is on the handler while somebody works it off, so that the lock inside is never contended
        and what it guards never pauses.
        """
        line: deque[events.Event] | None = vars(handler).get(LINE)
        if line is not None:
            line.append(event)
            return
        line = vars(handler)[LINE] = deque((event,))
        try:
            handled, stopped = 0, None
            while line:
                await self.stock(handler, line.popleft())
                handled += 1
                if handled % AT_ONCE == 0:
                    try:
                        await asyncio.sleep(0)
                    except asyncio.CancelledError as cancelled:
                        stopped = cancelled  # others' events stand in line too: they are handled first
            if stopped is not None:
                raise stopped
        finally:
            del vars(handler)[LINE]


def hook_task(handler: mode_servers.ProxyConnectionHandler, hook: commands.StartHook) -> object:
    """Run a hook at once as far as nothing must be waited for; return `DONE`, or what is left for a task."""
    begin = vars(handler.master.addons).get(BEGIN)
    line: deque[events.Event] | None = vars(handler).get(LINE)
    if begin is None or line is None:
        return server.ConnectionHandler.hook_task(handler, hook)
    (about,) = hook.args()
    rest = begin(hook)
    if rest is None and not (isinstance(about, flow.Flow) and about.intercepted):
        if hook.blocking:
            line.append(events.HookCompleted(hook))
        return DONE
    return finish_hook(handler, hook, about, rest)


async def finish_hook(
    handler: mode_servers.ProxyConnectionHandler, hook: commands.StartHook, about: object, rest: Awaitable[None] | None
) -> None:
    """Wait for the rest of a hook, and for a flow that is held, while the idle watchdog sleeps."""
    with handler.timeout_watchdog.disarm():
        if rest is not None:
            await rest
        if isinstance(about, flow.Flow):
            await about.wait_for_resume()
    if hook.blocking:
        await handler.server_event(events.HookCompleted(hook))


def install() -> None:
    """Handle events and hooks promptly on every connection from now on; a second call changes nothing."""
    if hasattr(server.ConnectionHandler.server_event, "parclose"):
        return
    carried_out = CarriedOut(server.ConnectionHandler.server_event)
    prompt = PromptEvents(carried_out.handle)

    async def server_event(handler: server.ConnectionHandler, event: events.Event) -> None:
        await prompt.handle(handler, event)

    server_event.parclose = carried_out  # type: ignore[attr-defined]
    server.ConnectionHandler.server_event = server_event  # type: ignore[method-assign, assignment]
    mode_servers.ProxyConnectionHandler.hook_task = hook_task  # type: ignore[method-assign, assignment]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    carried_out = getattr(server.ConnectionHandler.server_event, "parclose", None)
    if carried_out is not None:
        server.ConnectionHandler.server_event = carried_out.stock  # type: ignore[method-assign]
        del mode_servers.ProxyConnectionHandler.hook_task
