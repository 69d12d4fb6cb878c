"""What would be believed if these failed: that joining what is sent lost, doubled or reordered a byte or a command."""

import logging
from collections.abc import Iterator
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import connection
from mitmproxy.proxy import commands, events
from mitmproxy.test import tflow

from parclose.hooks.carried_out import DONE, JOINED_BYTES, CarriedOut, Outbox

CLIENT, SERVER = tflow.tclient_conn(), tflow.tserver_conn()


class Writer:
    """Stands for a socket: writes down, in one list for all, who was sent what."""

    def __init__(self, name: str, log: list[tuple[str, object]], *, closing: bool = False) -> None:
        self._name, self._log, self._closing = name, log, closing

    def is_closing(self) -> bool:
        """Tell whether nothing can be sent any more."""
        return self._closing

    def write(self, data: bytes) -> None:
        """Write down what was sent."""
        self._log.append((self._name, data))


class Handler:
    """Stands for a connection handler whose layers command what they are told to."""

    def __init__(self, *asked: commands.Command | Exception, known: tuple[connection.Connection, ...]) -> None:
        self.log_: list[tuple[str, object]] = []
        names = {CLIENT: "client", SERVER: "server"}
        self.transports = {one: cast("Any", Io(Writer(names[one], self.log_))) for one in known}
        self.timeout_watchdog = self
        self.client = CLIENT
        self.layer = self
        self._asked = asked

    def register_activity(self) -> None:
        """Take note that something happens."""

    def handle_event(self, _: object) -> Iterator[commands.Command]:
        """Command what was handed in; raise an exception in its place."""
        for one in self._asked:
            if isinstance(one, Exception):
                raise one
            yield one

    def hook_task(self, hook: commands.StartHook) -> object:
        """Note the hook, which is done at once."""
        self.log_.append(("hook", type(hook).__name__))
        return DONE

    def log(self, message: str, level: int, *, exc_info: bool) -> None:
        """Note what was logged."""
        self.log_.append((logging.getLevelName(level), message))


class Io:
    """Stands for what a handler knows of a connection."""

    def __init__(self, writer: Writer) -> None:
        self.writer = writer


class Ask(commands.StartHook):
    """A hook without anything to it."""

    name = "parclose_ask"

    def __new__(cls) -> Any:
        """Make one without the dataclass that mitmproxy asks for."""
        return object.__new__(cls)


async def told(*asked: commands.Command | Exception, known: tuple[Any, ...] = (CLIENT, SERVER)) -> list[Any]:
    """Carry out commands and return what was done, in order; what is left to mitmproxy is noted as `stock`."""
    handler = Handler(*asked, known=known)

    async def stock(of: Any, event: events.Event) -> None:
        for command in of.layer.handle_event(event):
            handler.log_.append(("stock", type(command).__name__))

    await CarriedOut(stock).handle(cast("Any", handler), events.Start())
    assert handler.layer is handler
    return handler.log_


def send(to: connection.Connection, data: bytes) -> commands.SendData:
    """Return the command to send."""
    return commands.SendData(to, data)


WAKE = commands.RequestWakeup(1)

ROWS: list[tuple[str, list[Any], list[Any]]] = [
    ("one piece", [send(CLIENT, b"a")], [("client", b"a")]),
    ("pieces for one peer", [send(CLIENT, b"a"), send(CLIENT, b"b")], [("client", b"ab")]),
    (
        "two peers in turn",
        [send(CLIENT, b"a"), send(SERVER, b"b"), send(CLIENT, b"c")],
        [("client", b"a"), ("server", b"b"), ("client", b"c")],
    ),
    (
        "a command between",
        [send(CLIENT, b"a"), WAKE, send(CLIENT, b"b")],
        [("client", b"a"), ("stock", "RequestWakeup"), ("client", b"b")],
    ),
    ("a hook after", [send(CLIENT, b"a"), Ask()], [("client", b"a"), ("hook", "Ask")]),
    (
        "a close after",
        [send(CLIENT, b"a"), commands.CloseConnection(CLIENT)],
        [("client", b"a"), ("stock", "CloseConnection")],
    ),
    (
        "as much as is joined",
        [send(CLIENT, b"a"), send(CLIENT, b"b" * (JOINED_BYTES - 1))],
        [("client", b"a" + b"b" * (JOINED_BYTES - 1))],
    ),
    (
        "one byte more",
        [send(CLIENT, b"a"), send(CLIENT, b"b" * JOINED_BYTES)],
        [("client", b"a"), ("client", b"b" * JOINED_BYTES)],
    ),
    (
        "a layer that raises",
        [send(CLIENT, b"a"), ValueError("x")],
        [("client", b"a"), ("ERROR", "mitmproxy has crashed!")],
    ),
]


@pytest.mark.parametrize(("case", "asked", "done"), ROWS, ids=[row[0] for row in ROWS])
async def test_what_is_commanded_is_done_in_its_order(case: str, asked: list[Any], done: list[Any]) -> None:
    """Pieces that follow each other are one; nothing else moves, and nothing is lost when a layer fails."""
    assert await told(*asked) == done


async def test_what_is_for_nobody_is_dropped() -> None:
    """A connection that is gone or closing takes nothing, and the others go on."""
    assert await told(send(SERVER, b"a"), send(CLIENT, b"b"), known=(CLIENT,)) == [("client", b"b")]
    handler = Handler(known=(CLIENT,))
    handler.transports[CLIENT].writer = Writer("client", handler.log_, closing=True)
    outbox = Outbox(cast("Any", handler))
    outbox.put(CLIENT, b"a")
    outbox.flush()
    assert handler.log_ == []


@given(pieces=st.lists(st.tuples(st.booleans(), st.binary(max_size=8) | st.just(b"x" * JOINED_BYTES)), max_size=20))
async def test_each_peer_gets_its_bytes_in_order(pieces: list[tuple[bool, bytes]]) -> None:
    """However the pieces are cut, the streams are the same."""
    done = await told(*(send(CLIENT if to_client else SERVER, data) for to_client, data in pieces))
    for name, wanted in (("client", True), ("server", False)):
        sent = b"".join(data for peer, data in done if peer == name)
        assert sent == b"".join(data for to_client, data in pieces if to_client is wanted)
