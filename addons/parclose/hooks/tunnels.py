"""Tunnels: what a CONNECT was granted, remembered for the requests inside it."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.facts import Presented


@dataclass(frozen=True, slots=True, kw_only=True)
class Tunnel:
    """A CONNECT as it was judged: host (normal form) and port asked for, and the credentials it came with.

    `unopened` says that its TLS stays closed: nothing inside is ever judged, so only judging the CONNECT again can
    end it.
    """

    host: str
    port: int
    presented: tuple[Presented, ...] = ()
    decision: str = ""
    unopened: bool = False


class Tunnels:
    """The open tunnels by client connection; one connection holds at most one, since tunnels in tunnels are refused."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[str, Tunnel] = {}

    def open(self, client_id: str, tunnel: Tunnel) -> None:
        """Remember what a client connection may now send through."""
        self._open[client_id] = tunnel

    def of(self, client_id: str) -> Tunnel | None:
        """Return the tunnel of a client connection, or None."""
        return self._open.get(client_id)

    def close(self, client_id: str) -> None:
        """Forget the tunnel of a client connection that has ended."""
        self._open.pop(client_id, None)
