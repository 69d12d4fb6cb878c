"""The relay: if these fail, bytes of TLS are changed, lost, or not counted."""

from mitmproxy import options
from mitmproxy.connection import ConnectionState
from mitmproxy.proxy import commands, events

from parclose.hooks.layer_trial import trial_context
from parclose.hooks.passages import Passage
from parclose.hooks.relay import Relay

AT = ("192.0.2.1", 443)


def started(*, reached: bool) -> tuple[Relay, Passage, list[commands.Command]]:
    """Return a relay that has tried to connect, and what it commanded after that."""
    held = trial_context(options.Options())
    held.server.address = AT
    passage = Passage(host="pay.test", address=AT)
    relay = Relay(held, passage)
    (opening,) = relay.handle_event(events.Start())
    assert isinstance(opening, commands.OpenConnection)
    assert opening.connection.address == AT
    held.server.timestamp_start = 1.0  # mitmproxy notes when it began, whatever comes of it
    if reached:
        held.server.state = ConnectionState.OPEN
    said = relay.handle_event(events.OpenConnectionCompleted(opening, None if reached else "refused"))
    return relay, passage, [*said]


def test_bytes_pass_as_they_are_and_are_counted() -> None:
    """Both ways, without a hook between."""
    relay, passage, said = started(reached=True)
    held = relay.context
    assert said == []
    for source, target, data in (
        (held.client, held.server, b"hello"),
        (held.server, held.client, b"certificate"),
        (held.client, held.server, b"\x00\xff"),
    ):
        (sent,) = relay.handle_event(events.DataReceived(source, data))
        assert isinstance(sent, commands.SendData)
        assert (sent.connection, sent.data) == (target, data)
    assert (passage.received_bytes, passage.sent_bytes, passage.fault) == (7, 11, "")


def test_who_cannot_be_reached_is_a_fault() -> None:
    """The client is closed, and the passage says why."""
    relay, passage, said = started(reached=False)
    assert [type(command) for command in said] == [commands.CloseConnection]
    assert passage.fault == "unreachable"
    assert [*relay.handle_event(events.DataReceived(relay.context.client, b"late"))] == []
    assert passage.received_bytes == 0


def test_it_ends_with_both_ends() -> None:
    """What one end has still to say gets through after the other has ended."""
    relay, _, _ = started(reached=True)
    held = relay.context
    held.client.state = ConnectionState.CAN_WRITE
    (half,) = relay.handle_event(events.ConnectionClosed(held.client))
    assert isinstance(half, commands.CloseTcpConnection)
    assert half.half_close
    assert [*relay.handle_event(events.DataReceived(held.server, b"last"))]
    held.server.state = ConnectionState.CAN_WRITE
    ended = [*relay.handle_event(events.ConnectionClosed(held.server))]
    assert [type(command) for command in ended] == [commands.CloseConnection, commands.CloseConnection]
