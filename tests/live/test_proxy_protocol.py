"""A real guard behind a balancer that speaks the PROXY protocol (checklist 30).

If these fail, everybody behind the balancer is the balancer, or a caller writes its own address.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.hooks.test_proxy_header import v2
from tests.live.certs import unverified
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Answer, Origin, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = """
listeners:
  edge: {port: 11111, kind: reverse, client_ip: {from: proxy-protocol, trusted_proxies: [balancer]}}
  plain: {port: 22222, kind: reverse}
"""
ZONES = """
zones:
  balancer: ["127.0.0.1/32"]
  office: ["198.51.100.0/24", "2001:db8:1::/48"]
"""
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [anonymous]}
    forward: {identity: {X-Client: client_ip}}
    limits: {few: {key: ip, rate: 3/h}}
    routes:
      read /open/**: public
      read /office/**: {public: true, network: {allow: [office]}}
"""
V4 = b"PROXY TCP4 198.51.100.7 192.0.2.1 40000 443\r\n"
V6 = b"PROXY TCP6 2001:db8:1::7 2001:db8::1 40000 443\r\n"
OFFICE = message("GET /office/1")


class Ground:
    """A guard with two listeners, edge and plain, before an origin."""

    def __init__(self, guard: Guard, origin: Origin) -> None:
        """Hold them."""
        self.guard, self.origin = guard, origin

    async def send(
        self, *parts: bytes, port: int = 0, source: str = "127.0.0.1", tls: ssl.SSLContext | None = None
    ) -> Answer:
        """Send the parts, a moment between two of them, the last through TLS if so; return the answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.guard.ports[port], local_addr=(source, 0))
        try:
            for number, part in enumerate(parts):
                if tls is not None and number == len(parts) - 1:
                    await writer.start_tls(tls, server_hostname="api.test")
                writer.write(part)
                with contextlib.suppress(OSError):
                    await writer.drain()
                await asyncio.sleep(0.05 if number < len(parts) - 1 else 0)
            return await read_answer(reader, timeout_s=8)
        except ConnectionError:
            return Answer(raw=b"", state="reset")
        finally:
            writer.transport.abort()

    def client(self) -> str:
        """Return the address that the upstream was told of the last request, by both its headers."""
        seen = self.origin.seen[-1]
        assert seen.header("X-Client") == seen.header("X-Forwarded-For")
        return seen.header("X-Client")[0]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One for the module."""
    async with Origin() as origin:
        realm = Realm(SEGMENTS, settings=SETTINGS, more=ZONES)
        guard = Guard(realm, modes=[f"reverse:http://127.0.0.1:{origin.port}"] * 2)
        text = realm.policy.read_text()
        realm.policy.write_text(text.replace("11111", str(guard.ports[0])).replace("22222", str(guard.ports[1])))
        async with guard:
            yield Ground(guard, origin)


@pytest.mark.parametrize(
    ("header", "client"),
    [
        (V4, "198.51.100.7"),
        (V6, "2001:db8:1::7"),
        (v2("198.51.100.8"), "198.51.100.8"),
        (v2("2001:db8:1::8"), "2001:db8:1::8"),
        (v2("198.51.100.9", tlvs=b"\x02\x00\x08api.test"), "198.51.100.9"),
        (b"PROXY TCP6 ::ffff:198.51.100.10 ::1 1 2\r\n", "198.51.100.10"),
    ],
    ids=["v1", "v1-6", "v2", "v2-6", "v2-tlv", "mapped"],
)
async def test_zones_are_those_of_the_client(ground: Ground, header: bytes, client: str) -> None:
    """And the upstream is told of it, whatever the caller wrote into a header of its own."""
    forged = message("GET /office/1", "X-Forwarded-For: 203.0.113.9")
    assert (await ground.send(header, forged)).status == 200
    assert ground.client() == client


async def test_others_are_kept_out(ground: Ground) -> None:
    """A client that is not in the office, and the balancer itself when it looks whether we are there."""
    for header in (b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n", b"PROXY UNKNOWN\r\n", v2("198.51.100.7", command=0x20)):
        answer = await ground.send(header + OFFICE)
        assert (answer.status, answer.json()["reason"]) == (403, "zone_denied")  # type: ignore[index]


async def test_the_header_stands_before_tls(ground: Ground) -> None:
    """TLS begins after it, and one header holds for all requests of its connection."""
    answer = await ground.send(V4.replace(b".7 ", b".17 "), OFFICE, tls=unverified())
    assert (answer.status, ground.client()) == (200, "198.51.100.17")
    header = V4.replace(b".7 ", b".18 ")
    reader, writer = await asyncio.open_connection("127.0.0.1", ground.guard.ports[0])
    writer.write(header[:9])
    await asyncio.sleep(0.05)  # in pieces, as a network may bring it
    writer.write(header[9:] + OFFICE[:5])
    await asyncio.sleep(0.05)
    writer.write(OFFICE[5:])
    for _ in range(2):
        assert (await read_answer(reader)).status == 200
        assert ground.client() == "198.51.100.18"
        writer.write(OFFICE)
    writer.transport.abort()


async def test_limits_count_the_client(ground: Ground) -> None:
    """Each address behind the balancer has its own, an IPv6 network of 64 bits one."""

    def header(address: str) -> bytes:
        return f"PROXY TCP{6 if ':' in address else 4} {address} {address} 1 2\r\n".encode()

    async def burst(*addresses: str) -> list[int]:
        return [(await ground.send(header(address) + OFFICE)).status for address in addresses]

    assert await burst(*["198.51.100.50"] * 4) == [200, 200, 200, 429]
    assert await burst("198.51.100.51") == [200]
    same = [f"2001:db8:1:5::{last}" for last in range(1, 5)]
    assert await burst(*same, "2001:db8:1:6::1") == [200, 200, 200, 429, 200]


@pytest.mark.parametrize(
    ("parts", "source"),
    [
        ((OFFICE,), "127.0.0.1"),
        ((b"PROXY TCP4 198.51.100.7 192.0.2.1 1 2\n" + OFFICE,), "127.0.0.1"),
        ((b"PROXY TCP4 198.51.100.7 192.0.2.1 1 99999\r\n" + OFFICE,), "127.0.0.1"),
        ((v2("198.51.100.7", command=0x31) + OFFICE,), "127.0.0.1"),
        ((V4 + OFFICE,), "127.0.0.2"),
        ((OFFICE,), "127.0.0.2"),
        ((V4[:20],), "127.0.0.1"),
        ((b"",), "127.0.0.1"),
    ],
    ids=["none", "line-end", "port", "version", "stranger", "stranger-without", "cut", "silent"],
)
async def test_without_a_good_header_nobody_comes_in(ground: Ground, parts: tuple[bytes, ...], source: str) -> None:
    """The connection is closed without a word, and is on record with its peer."""
    before, lines = len(ground.origin.seen), len(ground.guard.realm.ledger())
    answer = await ground.send(*parts, source=source)
    assert (answer.raw, len(ground.origin.seen)) == (b"", before)
    assert answer.state in {"closed", "reset"}
    await until(lambda: len(ground.guard.realm.ledger()) > lines, "a line")
    line = str(ground.guard.realm.ledger()[-1])
    assert "proxy_header" in line
    assert source in line


@pytest.mark.parametrize("header", [V4, V6, v2("198.51.100.7")], ids=["v1", "v1-6", "v2"])
async def test_on_another_listener_it_is_no_header(ground: Ground, header: bytes) -> None:
    """Nobody asked for it there: closed or refused, and nothing of it is believed."""
    before = len(ground.origin.seen)
    assert (await ground.send(header + OFFICE, port=1)).status in (0, 400)
    assert len(ground.origin.seen) == before
    answer = await ground.send(message("GET /open/1"), port=1)
    assert (answer.status, ground.client()) == (200, "127.0.0.1")


async def test_a_second_header_is_part_of_the_request(ground: Ground) -> None:
    """What a client writes itself behind the balancer's header is no header any more."""
    before = len(ground.origin.seen)
    assert (await ground.send(b"PROXY TCP4 203.0.113.7 192.0.2.1 1 2\r\n" + V4 + OFFICE)).status in (0, 400)
    assert len(ground.origin.seen) == before


async def test_both_addresses_are_on_record(ground: Ground) -> None:
    """Who connected, and for whom it spoke."""
    await ground.send(V4.replace(b".7 ", b".77 ") + OFFICE)
    line = str(ground.guard.realm.decisions()[-1])
    assert "198.51.100.77" in line
    assert "127.0.0.1" in line
