"""Checklist 24: WebSockets, event streams and tunnels end when what admitted them does.

If these fail, whoever was revoked in the morning still listens in the evening.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import HOST, Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    routes:
      read /open/**: public
      read /things/**: things:read
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app]}
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""
WITHOUT = SEGMENTS.replace("      read /things/**: things:read\n", "").replace("[localhost]", "[other.test]")
MAX = 4096


def realm_of(segments: str = SEGMENTS) -> Realm:
    """Return a realm whose tokens end at their instant, and can be revoked."""
    realm = Realm(segments, settings=f"websocket: {{max_message: {MAX}B}}", files={"revoked.txt": "# nobody yet\n"})
    prepare(realm)
    return realm


def prepare(realm: Realm) -> None:
    """Say of the issuer that its tokens have no leeway, and where the revoked ones stand."""
    text, more = realm.policy.read_text(), "leeway: 0s, revoked: revoked.txt"
    realm.policy.write_text(text.replace("require: [subject]}", f"require: [subject], {more}}}"))


class Echo:
    """An origin of WebSockets that sends back what comes, and remembers how each ended."""

    def __init__(self) -> None:
        """Nobody has been here."""
        self.heard: list[str | bytes] = []
        self.ended: list[int | None] = []

    async def __call__(self, connection: ServerConnection) -> None:
        """Talk."""
        try:
            async for said in connection:
                self.heard.append(said)
                if said == "burst":
                    await connection.send("x" * (MAX + 1))
                else:
                    await connection.send(said)
        except ConnectionClosed:
            pass
        finally:
            await connection.wait_closed()
            self.ended.append(connection.close_code)


@asynccontextmanager
async def sockets(realm: Realm) -> AsyncIterator[tuple[Guard, Echo]]:
    """Start an echo and a guard before it."""
    echo = Echo()
    async with serve(echo, "127.0.0.1", 0, max_size=None) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Guard(realm, modes=(f"reverse:http://127.0.0.1:{port}",)) as guard:
            yield guard, echo


def dial(guard: Guard, token: str, path: str = "/things/feed") -> connect:
    """Return a connection that is about to be made."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return connect(
        f"ws://{HOST}{path}", additional_headers=headers, proxy=None, host="127.0.0.1", port=guard.port, max_size=None
    )


async def closing(client: ClientConnection, within_s: float) -> int | None:
    """Wait for the other side to close, and return its code."""
    async with asyncio.timeout(within_s):
        await client.wait_closed()
    return client.close_code


async def alive(client: ClientConnection) -> None:
    """See that both ways are open."""
    await client.send("still?")
    async with asyncio.timeout(3):
        assert await client.recv() == "still?"


def ends(guard: Guard) -> list[str]:
    """Return why exchanges were ended before their time, as the ledger has it."""
    return [line["error"] for line in guard.realm.ledger() if line.get("type") == "outcome" and line.get("error")]


async def test_a_policy_that_takes_the_route_away_closes_its_sockets() -> None:
    """With 1008 at both ends, within two seconds of its being in force; others stay, and a bad policy closes nobody."""
    realm = realm_of()
    async with (
        sockets(realm) as (guard, echo),
        dial(guard, realm.token("things:read")) as client,
        dial(guard, "", "/open/feed") as visitor,
    ):
        good = realm.policy.read_text()
        realm.policy.write_text(good + "nonsense: 1\n")
        await guard.says("policy refused")
        await alive(client)
        realm.policy.write_text(good + "x-note: changes nothing\n")
        await until(lambda: len(guard.grep("in force: revision")) == 2, "another revision")
        await asyncio.sleep(1.2)
        await alive(client)
        realm.write(WITHOUT)
        prepare(realm)
        await until(lambda: len(guard.grep("in force: revision")) == 3, "the new policy")
        assert await closing(client, 2.0) == 1008
        await alive(visitor)
        await until(lambda: echo.ended == [1008], "the other end")
        await until(lambda: ends(guard) == ["no_route"], "a record of the end")
        assert 'kind="websocket"' in (await realm.admin("/metrics")).body.decode()


async def test_a_token_that_ends_closes_its_socket() -> None:
    """Within two seconds of its end, not before."""
    realm = realm_of()
    async with sockets(realm) as (guard, _), dial(guard, realm.token("things:read", ttl_s=3)) as client:
        await alive(client)
        assert await closing(client, 5.0) == 1008
        await until(lambda: ends(guard) == ["token_invalid:expired"], "a record of the end")


async def test_a_revoked_token_closes_its_socket() -> None:
    """Within two seconds of the list's being in force, and its messages are heard no more."""
    realm = realm_of()
    async with (
        sockets(realm) as (guard, echo),
        dial(guard, realm.token("things:read", jti="t-1")) as client,
        dial(guard, realm.token("things:read", jti="t-2")) as other,
    ):
        await alive(client)
        (realm.folder / "revoked.txt").write_text("jti t-1\n")
        await until(lambda: len(guard.grep("in force: revision")) == 2, "the new list")
        assert await closing(client, 2.0) == 1008
        await alive(other)
        assert echo.heard.count("still?") == 2
        with pytest.raises(InvalidStatus):
            await dial(guard, realm.token("things:read", jti="t-1"))


@pytest.mark.parametrize("how", ["whole", "parts", "endless", "upstream"])
async def test_a_message_has_a_size(how: str) -> None:
    """In one frame, in parts, in a part that never ends, from either end: closed with 1009, and not passed on."""
    realm = realm_of()
    async with sockets(realm) as (guard, echo), dial(guard, realm.token("things:read")) as client:
        await client.send("y" * MAX)
        assert await client.recv() == "y" * MAX
        if how == "whole":
            await client.send("x" * (MAX + 1))
        elif how == "parts":
            await client.send(["x" * (MAX // 2)] * 3)
        elif how == "endless":
            before = guard.rss_kib()

            async def parts() -> AsyncIterator[str]:
                for _ in range(2000):
                    yield "x" * 65536

            with pytest.raises(ConnectionClosed):
                await client.send(parts())
            assert guard.rss_kib() - before < 10 * 1024
            # A client that does not stop to send may miss what it is told; the other end does not.
            assert await closing(client, 3.0) in (1006, 1009)
            await until(lambda: echo.ended == [1009], "the other end")
            return
        else:
            await client.send("burst")
        assert await closing(client, 3.0) == 1009
        assert [len(said) for said in echo.heard] == [MAX, *([5] if how == "upstream" else [])]


async def test_messages_are_not_kept() -> None:
    """Ten thousand of them leave nothing behind."""
    realm = realm_of()
    async with sockets(realm) as (guard, _), dial(guard, realm.token("things:read")) as client:
        for _ in range(200):
            await client.send("x" * MAX)
            await client.recv()
        before = guard.rss_kib()
        for _ in range(50):
            for _ in range(40):
                await client.send("x" * MAX)
            for _ in range(40):
                await client.recv()
        assert guard.rss_kib() - before < 8 * 1024  # 16 MiB went through


async def test_a_slot_is_held_until_the_socket_is_closed() -> None:
    """One at a time means one open socket."""
    realm = realm_of(SEGMENTS.replace("    routes:\n", "    limits: {one: {key: ip, concurrent: 1}}\n    routes:\n", 1))
    async with sockets(realm) as (guard, _):
        async with dial(guard, realm.token("things:read")) as client:
            await alive(client)
            with pytest.raises(InvalidStatus) as refused:
                await dial(guard, realm.token("things:read"))
            assert refused.value.response.status_code == 429
        await until(lambda: any(line.get("type") == "outcome" for line in guard.realm.ledger()[1:]), "its end")
        async with dial(guard, realm.token("things:read")) as again:
            await alive(again)


async def test_event_streams_and_tunnels_are_cut() -> None:
    """By the policy that takes them away; the upstream is left too."""
    left = asyncio.Event()

    async def events(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del origin
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        writer.write(b"9\r\ndata: 1\n\n\r\n")
        await writer.drain()
        await reader.read()
        left.set()

    realm = realm_of()
    async with Origin(handler=events) as feed, Origin() as plain:
        modes = (f"reverse:http://127.0.0.1:{feed.port}", "regular")
        async with Guard(realm, modes=modes) as guard, Line(guard.ports[0]) as stream, Line(guard.ports[1]) as tunnel:
            stream.writer.write(message("GET /things/events", realm.bearer()))
            await asyncio.wait_for(stream.reader.readuntil(b"data: 1\n\n"), 3)
            where = f"localhost:{plain.port}"
            assert (await tunnel.connect(where, realm.bearer(header="Proxy-Authorization"))).status == 200
            assert (await tunnel.ask(message("GET /", host=where))).status == 200
            await asyncio.sleep(1.2)
            assert not stream.reader.at_eof()
            realm.write(WITHOUT)
            prepare(realm)
            await until(lambda: len(guard.grep("in force: revision")) == 2, "the new policy")
            assert await tunnel.is_closed()
            with contextlib.suppress(ConnectionResetError):
                await asyncio.wait_for(stream.reader.read(), 2)
            await asyncio.wait_for(left.wait(), 3)
            await until(lambda: sorted(ends(guard)) == ["egress_denied", "no_route"], "records of both ends")
