"""What would be believed if these failed: that a revoked or ended connection is closed when it is open."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from mitmproxy import ctx
from mitmproxy.connection import Client
from mitmproxy.test import tflow

from parclose.hooks.connections import LeakFix, close_client, writer_of


class Writer(asyncio.StreamWriter):
    """A writer that notes how it was closed."""

    def __init__(self) -> None:
        """Note nothing yet; the stream itself is not set up."""
        self.ended: list[str] = []
        self._transport: Any = SimpleNamespace(abort=lambda: self.ended.append("abort"))

    def close(self) -> None:
        """Note a close that lets bytes leave."""
        self.ended.append("close")

    def __del__(self, *_: object) -> None:
        """Leave nothing to close."""


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Client:
    """A client whose connection mitmproxy holds."""
    connected = tflow.tclient_conn()
    handler = SimpleNamespace(client=connected, transports={connected: SimpleNamespace(writer=Writer())})
    proxyserver = SimpleNamespace(connections={connected.id: handler})
    monkeypatch.setattr(ctx, "master", SimpleNamespace(addons={"proxyserver": proxyserver}), raising=False)
    return connected


def ended(client: Client) -> list[str]:
    """Return how the client's writer was closed."""
    writer = writer_of(client)
    assert isinstance(writer, Writer)
    return writer.ended


def test_cutting_a_client_aborts_its_transport(client: Client) -> None:
    """Nothing waits to be sent to a client that is cut."""
    assert close_client(client)
    assert ended(client) == ["abort"]


def test_a_client_that_has_left_is_closed_with_its_answer(client: Client) -> None:
    """What was written before still leaves."""
    LeakFix().client_disconnected(client)
    assert ended(client) == ["close"]


@pytest.mark.parametrize("held", ["nothing", "another client", "no transport"])
def test_a_client_that_is_not_held_cannot_be_cut(client: Client, held: str) -> None:
    """There is nothing to close, and nothing fails."""
    if held == "nothing":
        ctx.master.addons.clear()
    elif held == "no transport":
        ctx.master.addons.get("proxyserver").connections[client.id].transports.clear()
    asked = tflow.tclient_conn() if held == "another client" else client
    assert close_client(asked) is False
    LeakFix().client_disconnected(asked)
