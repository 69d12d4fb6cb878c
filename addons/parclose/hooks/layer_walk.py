"""Layer walk: an event's way through mitmproxy's layers, without asking each time what is known of a kind.

Each event of an exchange passes some ten layers, and what they command passes the HTTP layer, which asks of each
command up to nine times what kind it is: some hundred questions an exchange. Here a kind is asked about once, in the
same order, and debugging output, which is off, is not looked for at each step.

Source: mitmproxy 12.2.3, proxy/layer.py (`Layer.handle_event`), proxy/layers/http/__init__.py
(`HttpLayer.event_to_child`).
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from mitmproxy import options
from mitmproxy.proxy import commands, events, layer
from mitmproxy.proxy.layers import http
from mitmproxy.proxy.layers.http import _base, _events

type Commands = Generator[commands.Command, Any, None]

RECEIVE, SEND, DROP, GET, REGISTER, OPEN, ON = range(7)
ORDER: tuple[tuple[type, int], ...] = (
    (_base.ReceiveHttp, RECEIVE),
    (http.SendHttp, SEND),
    (http.DropStream, DROP),
    (http.GetHttpConnection, GET),
    (http.RegisterHttpConnection, REGISTER),
    (commands.OpenConnection, OPEN),
    (commands.Command, ON),
)
"""What the HTTP layer does with a command: the first that fits counts, as in mitmproxy."""


class Kinds(dict[type, tuple[int, bool]]):
    """What is to be done with each kind of command, and whether its answer has to find its way back."""

    def __missing__(self, kind: type) -> tuple[int, bool]:
        """Find it out, once.

        Raises:
            AssertionError: it is no command.
        """
        for known, role in ORDER:
            if issubclass(kind, known):
                self[kind] = role, issubclass(kind, commands.RequestWakeup)
                return self[kind]
        raise AssertionError(f"Not a command: {kind}")


def event_to_child(kinds: Kinds, whole: http.HttpLayer, child: Any, event: events.Event) -> Commands:
    """Hand an event to a child of the HTTP layer, and see to what it commands."""
    for command in child.handle_event(event):
        role, wakes = kinds[type(command)]
        if command.blocking or wakes:
            whole.command_sources[command] = child
        if role == ON:
            yield command
        elif role == RECEIVE:
            about = command.event
            if isinstance(about, _events.RequestHeaders):
                yield from whole.make_stream(about.stream_id)
            stream = whole.streams.get(about.stream_id)
            if stream is not None:  # else it has been dealt with already
                yield from event_to_child(kinds, whole, stream, about)
        elif role == SEND:
            yield from event_to_child(kinds, whole, whole.connections[command.connection], command.event)
        else:
            yield from _rarely(whole, child, command, role)


def _rarely(whole: http.HttpLayer, child: Any, command: Any, role: int) -> Commands:
    """See to what is commanded once an exchange, or once a connection."""
    if role == DROP:
        whole.streams.pop(command.stream_id, None)
    elif role == GET:
        yield from whole.get_connection(command)
    elif role == REGISTER:
        yield from whole.register_connection(command)
    else:
        whole.connections[command.connection] = child
        yield command


def handle_event(walked: layer.Layer, event: events.Event) -> Commands:
    """Handle an event, or keep it while the layer waits for the answer to a command.

    A layer that waits lets the layers around it go on: it puts itself in place of the command's `blocking`.
    """
    if walked._paused:
        if isinstance(event, events.CommandCompleted) and event.command is walked._paused.command:
            yield from walked._Layer__continue(event)  # type: ignore[attr-defined]
        else:
            walked._paused_event_queue.append(event)
        return
    asked = walked._handle_event(event)
    for command in asked:
        if command.blocking is True:
            command.blocking = walked
            walked._paused = layer.Paused(command, asked)
            yield command
            return
        yield command


def install(opts: options.Options) -> None:
    """Walk without asking twice from now on, unless somebody debugs the layers; a second call changes nothing."""
    if getattr(opts, "proxy_debug", False) or hasattr(layer.Layer.handle_event, "parclose"):
        return
    kinds = Kinds()

    def to_child(whole: http.HttpLayer, child: Any, event: events.Event) -> Commands:
        return event_to_child(kinds, whole, child, event)

    stock = layer.Layer.handle_event, http.HttpLayer.event_to_child
    handle_event.parclose = stock  # type: ignore[attr-defined]
    layer.Layer.handle_event = handle_event  # type: ignore[method-assign, assignment]
    http.HttpLayer.event_to_child = to_child  # type: ignore[method-assign, assignment]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    stock = getattr(layer.Layer.handle_event, "parclose", None)
    if stock is not None:
        layer.Layer.handle_event, http.HttpLayer.event_to_child = stock  # type: ignore[method-assign]
        del handle_event.parclose  # type: ignore[attr-defined]
