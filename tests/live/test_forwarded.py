"""Whose address it is: a real guard behind proxies that it trusts, and before callers that write what they like.

If these fail, a caller is in the office by saying so.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live import forwarded
from tests.live.realm import Guard, Realm
from tests.live.wire import Answer, Origin, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SETTINGS = """
listeners:
  x: {port: 11111, kind: reverse, client_ip: {from: x-forwarded-for, trusted_proxies: [proxies]}}
  standard: {port: 22222, kind: reverse, client_ip: {from: forwarded, trusted_proxies: [proxies]}}
  plain: {port: 33333, kind: reverse}
"""
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [anonymous]}
    forward: {identity: {X-Seen: client_ip}}
    routes: {read /open/**: public}
"""
TRUSTED, STRANGER = "127.0.0.1", "127.0.0.2"


class Ground:
    """A guard with a listener for each rule, before an origin."""

    def __init__(self, guard: Guard, origin: Origin) -> None:
        """Hold them."""
        self.guard, self.origin = guard, origin

    async def ask(self, port: int, source: str, *lines: str) -> Answer:
        """Send a request from an address; lines are UTF-8."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.guard.ports[port], local_addr=(source, 0))
        writer.write("\r\n".join(["GET /open/1 HTTP/1.1", "Host: api.test", *lines, "", ""]).encode())
        try:
            return await read_answer(reader)
        finally:
            writer.transport.abort()

    async def seen(self, port: int, source: str, *lines: str) -> tuple[str, list[str], list[str]]:
        """Return the address that was judged, and what the origin was told in either header."""
        before = len(self.origin.seen)
        answer = await self.ask(port, source, *lines)
        if answer.status != 200 or len(self.origin.seen) != before + 1:
            return f"status {answer.status}", [], []
        seen = self.origin.seen[-1]
        return (seen.header("X-Seen") or [""])[0], seen.header("X-Forwarded-For"), seen.header("Forwarded")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One for the module."""
    async with Origin() as origin:
        realm = Realm(SEGMENTS, settings=SETTINGS, more='zones: {proxies: ["127.0.0.1/32", "10.0.0.0/8"]}\n')
        guard = Guard(realm, modes=[f"reverse:http://127.0.0.1:{origin.port}"] * 3)
        text = realm.policy.read_text()
        for written, port in zip(("11111", "22222", "33333"), guard.ports, strict=True):
            text = text.replace(written, str(port))
        realm.policy.write_text(text)
        async with guard:
            yield Ground(guard, origin)


async def test_there_are_enough() -> None:
    """The lists are as long as was asked for, and half of what proxies send counts."""
    rows = [*forwarded.x_forwarded_for, *forwarded.forwarded]
    assert len(rows) + len(forwarded.for_nobody) >= 100
    assert len([address for _, address in rows if address]) * 2 >= len(rows)


@pytest.mark.parametrize(("port", "name"), [(0, "X-Forwarded-For"), (1, "Forwarded")])
async def test_what_a_trusted_proxy_says_counts(ground: Ground, port: int, name: str) -> None:
    """The rightmost that is no proxy of ours; the upstream is told of it last, after what the proxies said."""
    rows = forwarded.x_forwarded_for if port == 0 else forwarded.forwarded
    wrong = []
    for values, address in rows:
        judged, told, _ = await ground.seen(port, TRUSTED, *(f"{name}: {value}" for value in values))
        expected = address or TRUSTED
        if judged != expected or len(told) != 1 or told[0].rpartition(", ")[2] != expected:
            wrong.append((values[0][:60], expected, judged, told))
    assert wrong == []


@pytest.mark.parametrize(("port", "name"), [(0, "X-Forwarded-For"), (1, "Forwarded"), (2, "X-Forwarded-For")])
async def test_what_a_stranger_says_does_not(ground: Ground, port: int, name: str) -> None:
    """Nor is any of it passed on; on a listener without a rule everybody is a stranger."""
    rows = forwarded.forwarded if name == "Forwarded" else forwarded.x_forwarded_for
    source = TRUSTED if port == 2 else STRANGER
    wrong = []
    for values, _ in rows:
        found = await ground.seen(port, source, *(f"{name}: {value}" for value in values))
        if found != (source, [source], []):
            wrong.append((values[0][:60], found))
    assert wrong == []


@pytest.mark.parametrize("port", [0, 1, 2])
async def test_other_headers_name_nobody(ground: Ground, port: int) -> None:
    """From nobody, a trusted proxy included; nor does the standard's header where the other is read, nor both."""
    names = [*forwarded.for_nobody, ("Forwarded" if port != 1 else "X-Forwarded-For", "for=198.51.100.1")]
    wrong = []
    for name, value in names:
        found = await ground.seen(port, TRUSTED, f"{name}: {value}")
        if found[0] != TRUSTED:
            wrong.append((name, found))
    assert wrong == []


async def test_a_header_that_the_connection_lists_is_not_lost(ground: Ground) -> None:
    """`Connection: X-Forwarded-For` asks that it be taken away before anybody has read it: it is read all the same."""
    lines = ("X-Forwarded-For: 203.0.113.7", "Connection: X-Forwarded-For, keep-alive")
    judged, told, _ = await ground.seen(0, TRUSTED, *lines)
    assert (judged, [each.rpartition(", ")[2] for each in told]) == ("203.0.113.7", ["203.0.113.7"])
    judged, told, _ = await ground.seen(0, STRANGER, *lines)
    assert (judged, told) == (STRANGER, [STRANGER])
