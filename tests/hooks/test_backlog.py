"""Queues of listeners: if these fail, a burst of clients waits for seconds and nobody can see why."""

import asyncio
import logging
import socket
import struct
from types import SimpleNamespace
from typing import Any

import pytest

from parclose.hooks.backlog import BACKLOG, Backlog, lengthen

# Source: linux/tcp.h, struct tcp_info; of a listening socket `tcpi_sacked` is the length of its queue.
SACKED = slice(28, 32)


def queue_of(sock: Any) -> int:
    """Return how many connections the kernel queues for a socket."""
    return int(struct.unpack("I", sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 64)[SACKED])[0])


def allowed() -> int:
    """Return how many this system lets anybody queue."""
    with open("/proc/sys/net/core/somaxconn", encoding="ascii") as said:
        return int(said.read())


def test_every_listener_queues_a_crowd() -> None:
    """As many as the system allows, and connections are still taken."""

    async def serve() -> tuple[int, int, bytes]:
        async def answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"here")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        before = queue_of(server.sockets[0])
        proxyserver: Any = SimpleNamespace(servers=[SimpleNamespace(_servers=[object(), server]), SimpleNamespace()])
        Backlog(proxyserver).running()
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        said = await reader.read()
        writer.close()
        after = queue_of(server.sockets[0])
        server.close()
        return before, after, said

    assert asyncio.run(serve()) == (100, min(BACKLOG, allowed()), b"here")


def test_what_cannot_be_lengthened_is_said(caplog: pytest.LogCaptureFixture) -> None:
    """And is no reason not to start."""
    with caplog.at_level(logging.WARNING):
        lengthen(-1)
    assert "short queue" in caplog.text
