"""Carried out: what the layers command in answer to one event, with what goes to one peer sent at once.

mitmproxy writes each piece as it comes, so that the head and the body of an answer are two packets and two calls to the
kernel. Here pieces for one connection that follow each other are joined while they are small. Every other command is
carried out by mitmproxy's own code, in its place among them.

Source: mitmproxy 12.2.3, proxy/server.py (`server_event`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, cast

from mitmproxy import connection
from mitmproxy.proxy import commands, events, layer, server
from mitmproxy.utils import asyncio_utils

JOINED_BYTES = 16 * 1024  # one TLS record: more is not sent faster in one piece
DONE = object()
"""What `hook_task` returns in place of what a task would have to do."""

type Stock = Callable[[server.ConnectionHandler, events.Event], Awaitable[None]]


class Outbox:
    """Pieces for one connection, written when something else is to happen."""

    __slots__ = ("_data", "_handler", "_to")

    def __init__(self, handler: server.ConnectionHandler) -> None:
        """Start with nothing to write."""
        self._handler = handler
        self._to: connection.Connection | None = None
        self._data = b""

    def put(self, to: connection.Connection, data: bytes) -> None:
        """Take a piece, behind those for the same connection."""
        if self._to is to and len(self._data) + len(data) <= JOINED_BYTES:
            self._data += data
            return
        self.flush()
        self._to, self._data = to, data

    def flush(self) -> None:
        """Write what is held; what is for a connection that has been closed is dropped, as mitmproxy does."""
        to, data = self._to, self._data
        if to is None:
            return
        self._to, self._data = None, b""
        if to in self._handler.transports:
            writer = cast("asyncio.StreamWriter", self._handler.transports[to].writer)
            # Who is sent to has been connected; else this raises, which ends the exchange as mitmproxy's `assert` does.
            if not writer.is_closing():
                writer.write(data)


class CarriedOut:
    """Takes the place of the inside of `ConnectionHandler.server_event`; `stock` is the whole of it."""

    def __init__(self, stock: Stock) -> None:
        """Keep mitmproxy's own."""
        self.stock = stock

    async def handle(self, handler: server.ConnectionHandler, event: events.Event) -> None:
        """Hand an event to the layers and carry out what they command.

        INVARIANT: nothing pauses in here but mitmproxy's own code, which does not either; who calls keeps events of
        one connection apart.
        """
        handler.timeout_watchdog.register_activity()
        outbox = Outbox(handler)
        try:
            for command in handler.layer.handle_event(event):
                if type(command) is commands.SendData:
                    outbox.put(command.connection, command.data)
                    continue
                outbox.flush()
                if isinstance(command, commands.StartHook):
                    start_hook(handler, command)
                else:
                    await self._as_stock(handler, event, command)
            outbox.flush()
        except Exception:  # noqa: BLE001 - what a layer raises must not end the connection's task: as in mitmproxy
            outbox.flush()
            handler.log("mitmproxy has crashed!", logging.ERROR, exc_info=True)

    async def _as_stock(
        self, handler: server.ConnectionHandler, event: events.Event, command: commands.Command
    ) -> None:
        """Let mitmproxy carry out one command, as if its layers had commanded that and nothing else."""
        layers = handler.layer
        handler.layer = cast("layer.Layer", OneCommand(command))
        try:
            await self.stock(handler, event)
        finally:
            handler.layer = layers


class OneCommand:
    """Stands for layers that answer any event with one command."""

    __slots__ = ("_command",)

    def __init__(self, command: commands.Command) -> None:
        """Take the command."""
        self._command = command

    def handle_event(self, event: events.Event) -> Iterator[commands.Command]:
        """Command it."""
        yield self._command


def start_hook(handler: server.ConnectionHandler, hook: commands.StartHook) -> None:
    """Run a hook, in a task of its own where it is not done at once."""
    work: Any = handler.hook_task(hook)
    if work is not DONE:
        asyncio_utils.create_task(work, name=f"handle_hook({hook.name})", keep_ref=True, client=handler.client.peername)
