"""The one raw layer there is: relays TLS that stays closed, and counts its bytes.

Only the layer gate makes one, for a passage that a verdict has granted, after it has read the ClientHello.

Source: mitmproxy 12.2.3, proxy/layers/tcp.py.
"""

from __future__ import annotations

from mitmproxy.proxy import context, events, layer, layers

from parclose.hooks.passages import Passage


class Relay(layers.TCPLayer):
    """Relays both ways, without hooks: to them nothing of it would mean anything."""

    def __init__(self, about: context.Context, passage: Passage) -> None:
        """Take the passage that is relayed."""
        super().__init__(about, ignore=True)
        self._passage = passage
        passage.taken = True

    def _handle_event(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Connect, then relay; whoever cannot be reached is a fault of the passage."""
        yield from super().start(event)
        if not self.context.server.connected:
            self._passage.fault = "unreachable"

    def relay_messages(self, event: events.Event) -> layer.CommandGenerator[None]:
        """Count, and pass on."""
        if isinstance(event, events.DataReceived):
            if event.connection is self.context.client:
                self._passage.received_bytes += len(event.data)
            else:
                self._passage.sent_bytes += len(event.data)
        yield from super().relay_messages(event)
