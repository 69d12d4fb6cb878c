"""Crowds that mean no good: silent clients, slow heads, endless heads, refused uploads; beside mitmproxy with no addon.

If these fail, one machine with many sockets keeps everybody else's requests out.
"""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterable

import pytest
import pytest_asyncio

from tests.live.lab import Proxy, until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Answer, Origin, exchange

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

IDLE, SLOW, BOMBS, UPLOADS = 10_000, 2_000, 100, 4
HEAD = b"GET /open/1 HTTP/1.1\r\nHost: api.test\r\n"
# Bare listeners queue a hundred connections; the kernel lets a client beyond them wait for a second.
PACE, PAUSE_S = 50, 0.02
BOMB_BYTES = 2 << 20
UPLOAD_BYTES = 50 << 20
QUIET = ("--set", "flow_detail=0", "--set", "connection_strategy=lazy")
# What the same crowd costs twice differs by some: the allocator's doing.
SLACK_KIB = 24 * 1024


class Pair:
    """A guard, and mitmdump with no addon, before one origin."""

    def __init__(self, guard: Guard, bare: Proxy) -> None:
        """Hold them."""
        self.guard, self.bare = guard, bare

    async def good(self, proxy: Proxy) -> list[int]:
        """Return what twenty good clients are answered, one after another, each on a connection of its own."""
        return [(await ask(proxy, message("GET /open/1", "Connection: close"))).status for _ in range(20)]


async def ask(proxy: Proxy, data: bytes) -> Answer:
    """Ask with patience: what is measured here is whether there is an answer."""
    return await exchange(proxy.port, data, timeout_s=15)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair() -> AsyncIterator[Pair]:
    """One of each for the module."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < IDLE + 1000:
        pytest.skip(f"a process may open {hard} files here; {IDLE + 1000} are needed")
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    try:
        async with Origin() as origin:
            mode = f"reverse:http://127.0.0.1:{origin.port}"
            async with (
                Guard(Realm(), *QUIET, upstream=origin) as guard,
                Proxy(*QUIET, modes=[mode], scripts=()) as bare,
            ):
                pair = Pair(guard, bare)
                assert set(await pair.good(guard)) == set(await pair.good(bare)) == {200}
                yield pair
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.asynccontextmanager
async def crowd(port: int, count: int, data: bytes = b"") -> AsyncIterator[list[socket.socket]]:
    """Open many connections, from several addresses, each of which sends some bytes and then waits."""
    loop, held = asyncio.get_running_loop(), []
    try:
        for number in range(count):
            sock = socket.socket()
            held.append(sock)
            sock.setblocking(False)
            sock.bind((f"127.0.1.{1 + number % 200}", 0))
            async with asyncio.timeout(30):
                await loop.sock_connect(sock, ("127.0.0.1", port))
            if data:
                await loop.sock_sendall(sock, data)
            if number % PACE == PACE - 1:
                await asyncio.sleep(PAUSE_S)
        yield held
    finally:
        for sock in held:
            sock.close()
        await asyncio.sleep(0)


def closed(socks: Iterable[socket.socket]) -> int:
    """Count those that the other side has closed."""
    count = 0
    for sock in socks:
        with contextlib.suppress(BlockingIOError):
            try:
                while data := sock.recv(65536):
                    assert data.startswith(b"HTTP/1.1 4"), data
            except ConnectionError:
                pass
            count += 1
    return count


async def connected(proxy: Proxy, count: int) -> None:
    """Wait until so many clients are connected."""
    await until(lambda: proxy.established() == count, f"{count} connections", 60)


async def test_ten_thousand_silent_clients(pair: Pair) -> None:
    """Good clients are answered among them; they take no more memory than without us, and are cut, as they are not."""
    grown = {}
    for proxy in (pair.bare, pair.guard):
        before = proxy.rss_kib()
        async with crowd(proxy.port, IDLE) as silent:
            await connected(proxy, IDLE)
            grown[proxy] = proxy.rss_kib() - before
            assert set(await pair.good(proxy)) == {200}
            if proxy is pair.guard:
                await connected(proxy, 0)
                assert closed(silent) == IDLE
        await connected(proxy, 0)
    print("KiB a silent client, bare and guarded:", *(round(each / IDLE, 1) for each in grown.values()))
    assert grown[pair.guard] < grown[pair.bare] * 1.25 + SLACK_KIB


async def test_two_thousand_slow_heads(pair: Pair) -> None:
    """Good clients are answered among them, and the slow ones are cut; without us they stay."""
    async with crowd(pair.guard.port, SLOW, HEAD) as slow, crowd(pair.bare.port, SLOW, HEAD) as kept:
        grown = pair.guard.rss_kib()
        for _ in range(3):  # a byte now and then keeps mitmproxy's own time-out from striking
            for sock in (*slow, *kept):
                with contextlib.suppress(OSError):
                    sock.send(b"X")
            assert set(await pair.good(pair.guard)) == {200}
        await connected(pair.guard, 0)
        assert closed(slow) == SLOW
        assert closed(kept) == 0
        assert pair.guard.rss_kib() - grown < SLACK_KIB


async def test_endless_heads(pair: Pair) -> None:
    """A head without an end is cut at its limit, and not kept; without us all of it is."""
    grown = {}
    for proxy in (pair.bare, pair.guard):
        before = proxy.rss_kib()
        async with crowd(proxy.port, BOMBS, HEAD) as bombs:
            loop = asyncio.get_running_loop()
            for sock in bombs:
                with contextlib.suppress(OSError, TimeoutError):
                    async with asyncio.timeout(10):
                        await loop.sock_sendall(sock, b"X: " + b"a" * BOMB_BYTES)
            assert set(await pair.good(proxy)) == {200}
            grown[proxy] = proxy.rss_kib() - before
        await connected(proxy, 0)
    print("MiB for endless heads, bare and guarded:", *(round(each / 1024) for each in grown.values()))
    assert grown[pair.guard] < grown[pair.bare] / 4


async def test_refused_uploads(pair: Pair) -> None:
    """Fifty megabytes that nobody may send are answered at the head; good clients do not notice."""
    before = pair.guard.rss_kib()
    head = b"POST /things/1 HTTP/1.1\r\nHost: api.test\r\nContent-Length: %d\r\n\r\n" % UPLOAD_BYTES

    async def upload() -> int:
        """Send as much as is taken, and return the status."""
        reader, writer = await asyncio.open_connection("127.0.0.1", pair.guard.port)
        writer.write(head)
        status = int((await asyncio.wait_for(reader.readline(), 15)).split()[1])
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(10):
                for _ in range(UPLOAD_BYTES >> 16):
                    writer.write(b"x" * 65536)
                    await writer.drain()
        writer.transport.abort()
        return status

    uploads = [asyncio.create_task(upload()) for _ in range(UPLOADS)]
    assert set(await pair.good(pair.guard)) == {200}
    assert set(await asyncio.gather(*uploads)) == {401}
    assert pair.guard.rss_kib() - before < SLACK_KIB
    await connected(pair.guard, 0)
