"""What handshakes brought, remembered for the requests on their connections.

The first handshake of a connection counts, which is the one with us: TLS inside a tunnel makes mitmproxy forget what
came before it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from mitmproxy import connection

from parclose.hooks.client_tls import Asking
from parclose.hooks.edition import Edition
from parclose.hooks.wire import kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The certificates of a handshake as the text of a credential, and whether they were good when it ended."""

    text: str = field(repr=False)
    verified: bool = False


class Handshakes:
    """What was shown on the open connections."""

    def __init__(self) -> None:
        """Start with none."""
        self._shown: dict[str, Shown] = {}

    def show(self, client_id: str, shown: Shown) -> None:
        """Remember what a client connection showed; what it shows later does not count."""
        self._shown.setdefault(client_id, shown)

    def of(self, client_id: str) -> Shown | None:
        """Return what a client connection showed, or None."""
        return self._shown.get(client_id)

    def forget(self, client_id: str) -> None:
        """Forget a client connection that has ended."""
        self._shown.pop(client_id, None)


def asking_of(edition: Edition | None, client: connection.Client) -> Asking | None:
    """Return what the listener of a client asks for, or None."""
    if edition is None or not edition.asks:
        return None
    return edition.asks.get(edition.policy.listener_at(client.sockname[1], kind_of(client.proxy_mode)))
