"""A conversation with mitmproxy's HTTP layer without a socket: bytes in, bytes and commands out, for the self-tests."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mitmproxy import connection, options
from mitmproxy.proxy import commands, context, events, mode_specs
from mitmproxy.proxy.layers import http as http_layers
from mitmproxy.proxy.layers.http import HTTPMode


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What the layer did: bytes for the client, upstream connections wanted, how the client was closed, hooks run."""

    sent: bytes = b""
    opened: bool = False
    closed: bool = False
    half_closed: bool = False
    hooks: list[str] = field(default_factory=list)
    wakeups: list[commands.RequestWakeup] = field(default_factory=list)

    def take(self, command: commands.Command) -> None:
        """Note one command."""
        if isinstance(command, commands.SendData):
            self.sent += command.data
        elif isinstance(command, commands.OpenConnection):
            self.opened = True
        elif isinstance(command, commands.CloseTcpConnection) and command.half_close:
            self.half_closed = True
        elif isinstance(command, commands.CloseConnection):
            self.closed = True
        elif isinstance(command, commands.RequestWakeup):
            self.wakeups.append(command)


def trial_context(opts: options.Options) -> context.Context:
    """Return the context of a client of a regular proxy that exists on paper only."""
    client = connection.Client(
        peername=("127.0.0.1", 1),
        sockname=("127.0.0.1", 2),
        timestamp_start=0.0,
        state=connection.ConnectionState.OPEN,
        proxy_mode=mode_specs.ProxyMode.parse("regular"),
    )
    return context.Context(client, opts)


def converse(
    opts: options.Options,
    *parts: bytes,
    on_hook: Callable[[commands.StartHook], None] = lambda _: None,
    wake: bool = False,
) -> Outcome:
    """Let a client of a regular proxy send some bytes; every hook is handed to `on_hook` and then completed.

    With `wake`, all timers the layer asked for are over once the bytes are sent. An upstream connection is never made.
    """
    trial = trial_context(opts)
    top = http_layers.HttpLayer(trial, HTTPMode.regular)
    outcome = Outcome()
    waiting: list[events.Event] = [events.Start(), *(events.DataReceived(trial.client, part) for part in parts)]
    while waiting:
        for command in top.handle_event(waiting.pop(0)):
            outcome.take(command)
            if isinstance(command, commands.StartHook):
                outcome.hooks.append(command.name)
                on_hook(command)
                if command.blocking:
                    waiting.insert(0, events.HookCompleted(command))
        if wake and not waiting:
            waiting, wake = [events.Wakeup(command) for command in outcome.wakeups], False
    return outcome
