"""The verdicts in force, in memory: who decided what, for flows that are alive.

Never in `flow.metadata`: a recording or a replay brings its metadata along.
"""

from __future__ import annotations

from weakref import WeakSet

from mitmproxy import flow

type Address = tuple[str, int]

REPLAY = "replay"
"""Stands for the client id of a client replay: mitmproxy gives each a connection of its own that no flow knows."""


class Verdicts:
    """What the stage addons decided, and what the seal therefore lets pass; not ready at first, so nothing passes."""

    def __init__(self) -> None:
        self.ready = False
        self.draining = False
        self._admitted: WeakSet[flow.Flow] = WeakSet()
        self._denied: WeakSet[flow.Flow] = WeakSet()
        self._approved: dict[str, set[Address]] = {}

    @property
    def open(self) -> bool:
        """Whether new requests are judged at all: everything is loaded, and nothing shuts down."""
        return self.ready and not self.draining

    def admit(self, judged: flow.Flow) -> None:
        """Let a flow pass; never undoes a denial."""
        if judged not in self._denied:
            self._admitted.add(judged)

    def deny(self, judged: flow.Flow) -> None:
        """Refuse a flow for good; the response it carries is the refusal."""
        self._admitted.discard(judged)
        self._denied.add(judged)

    def is_admitted(self, judged: flow.Flow) -> bool:
        """Tell whether the flow may pass."""
        return judged in self._admitted

    def is_denied(self, judged: flow.Flow) -> bool:
        """Tell whether the flow was refused."""
        return judged in self._denied

    def approve_server(self, client_id: str, address: Address) -> None:
        """Let a client connection reach an upstream address, by the very name or address mitmproxy will connect to."""
        self._approved.setdefault(client_id, set()).add(normal(address))

    def is_approved(self, client_id: str, address: Address | None) -> bool:
        """Tell whether a client connection may reach an upstream address."""
        return address is not None and normal(address) in self._approved.get(client_id, ())

    def forget(self, judged: flow.Flow) -> None:
        """Drop what was decided about a flow, which has ended or begins anew as a replay."""
        self._admitted.discard(judged)
        self._denied.discard(judged)

    def forget_client(self, client_id: str) -> None:
        """Drop the approved addresses of a client connection that has ended."""
        self._approved.pop(client_id, None)


def normal(address: Address) -> Address:
    """Write an address in one way: lower case, host and port alone."""
    return str(address[0]).lower(), address[1]
