"""Checklist 18 and 19: a forward proxy is no way to what lies inside, in any spelling, by any name, at any time.

If these fail, a workload reads the credentials of its machine from the metadata service, or scans the network.

Everything is real but the ground below: a script answers for names, writes down each address that is connected to, and
leads the public ones to the origin of the test.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from parclose.stores.resolver import LIFE_S
from tests.live import destinations
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Answer, Origin, is_whole, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  out:
    match: {listeners: [forward], hosts: ["*"], clients: [anonymous]}
    routes: {any /**: public}
  near:
    match: {listeners: [forward], hosts: [near.example], clients: [anonymous]}
    network: {destinations: {allow: [here], deny: []}}
    routes: {any /**: public}
"""
# Names and connections are the ground on which the guard stands; nothing of the guard is touched.
GROUND = """
import asyncio, socket, time
names, asked, stock = {names!r}, {{}}, (socket.getaddrinfo, asyncio.open_connection)

def resolve(host, port, *arguments, **more):
    if host.startswith("slow-"):
        print(f"looked-up {{host}}\\n", end="", flush=True)
        time.sleep(6)
    if host not in names and host.endswith(".example"):
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    if host not in names:
        return stock[0](host, port, *arguments, **more)
    count = asked[host] = asked.get(host, 0) + 1
    print(f"looked-up {{host}}\\n", end="", flush=True)
    answers = names[host][min(count, len(names[host])) - 1]
    if not answers:
        raise socket.gaierror(socket.EAI_NONAME, "no such name")
    kinds = [socket.AF_INET6 if ":" in each else socket.AF_INET for each in answers]
    return [(kind, socket.SOCK_STREAM, 6, "", (each, port)) for kind, each in zip(kinds, answers)]

async def connect(host, port, **more):
    print(f"connects-to {{host}}\\n", end="", flush=True)
    return await stock[1]({led!r}.get(host, host), port, **more)

socket.getaddrinfo, asyncio.open_connection = resolve, connect
"""


class Ground:
    """A guard, an origin on 127.0.0.1 and one on 127.0.0.2 with the same port."""

    def __init__(self, guard: Guard, origin: Origin, inside: Origin) -> None:
        """Hold them."""
        self.guard, self.origin, self.inside = guard, origin, inside

    def connected(self) -> list[str]:
        """Return the addresses that were connected to, in order."""
        return [line.rpartition("connects-to ")[2].strip() for line in self.guard.grep("connects-to")]

    async def get(self, host: str) -> Answer:
        """Ask for a page of a host, as a client of a proxy does."""
        return await self.guard.ask(raw(f"GET http://{host}:{self.origin.port}/", f"{host}:{self.origin.port}"))

    async def tunnel(self, host: str) -> Answer:
        """Ask for a tunnel, and where there is one for a page through it."""
        where = f"{host}:{self.origin.port}"
        async with Line(self.guard.port) as line:
            line.writer.write(raw(f"CONNECT {where}", where))
            answer = await read_answer(line.reader, timeout_s=5, whole=opened_or_whole)
            return await line.ask(raw("GET /", where), timeout_s=5) if answer.status == 200 else answer


def opened_or_whole(answer: bytes) -> bool:
    """Tell whether an answer to CONNECT is there: one that opens a tunnel has no body."""
    return is_whole(answer) if b" 200 " not in answer[:16] else b"\r\n\r\n" in answer


def raw(line: str, host: str) -> bytes:
    """Return a request whose bytes are as written, UTF-8 where they are not ASCII."""
    return f"{line} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One of each for the module."""
    names = {**destinations.names, "near.example": [["127.0.0.1"], ["127.0.0.2"]]}
    public = {address for _, address in destinations.good}
    script = loader("ground", GROUND.format(names=names, led=dict.fromkeys(public, "127.0.0.1")))
    realm = Realm(SEGMENTS, more='zones: {here: ["127.0.0.1/32"]}\n')
    async with Origin() as origin, Origin(host="127.0.0.2", port=origin.port) as inside:  # noqa: SIM117
        async with Guard(realm, scripts=(script,)) as guard:
            yield Ground(guard, origin, inside)


async def test_there_are_enough() -> None:
    """The list is as long as was asked for."""
    assert len(destinations.good) >= 30
    assert len({*destinations.good, *destinations.bad, *destinations.digits}) >= 120


async def test_what_lies_outside_is_reached(ground: Ground) -> None:
    """Plainly and through a tunnel, at exactly the address that was judged."""
    wrong = []
    for host, address in destinations.good:
        for way in (ground.get, ground.tunnel):
            before, seen = len(ground.connected()), len(ground.origin.seen)
            answer = await way(host)
            found = answer.status, ground.connected()[before:], len(ground.origin.seen) - seen
            if found != (200, [address], 1):
                wrong.append((host, way.__name__, found, answer.raw[-120:]))
    assert wrong == []


async def test_what_lies_inside_is_never_connected_to(ground: Ground) -> None:
    """No spelling of it; and no name that stands for it, or also stands for it."""
    wrong, before, seen = [], len(ground.connected()), ground.origin.connections
    for host in (*destinations.bad, *destinations.digits):
        for way in (ground.get, ground.tunnel):
            answer = await way(host)
            if answer.status not in (400, 403):
                wrong.append((host, way.__name__, answer.status, answer.raw[-120:]))
    assert wrong == []
    assert ground.connected()[before:] == []
    assert (ground.origin.connections, ground.inside.connections) == (seen, 0)


async def test_a_name_that_is_bound_anew_gains_nothing(ground: Ground) -> None:
    """The first answer is judged and connected to; the second is judged again."""
    for host in ("rebound.example", "rebound-6.example", "rebound-metadata.example"):
        for way in (ground.get, ground.tunnel):
            before = len(ground.connected())
            assert (await way(host)).status == 200
            assert ground.connected()[before:] == [destinations.PUBLIC]
    # What was looked up is forgotten after some seconds; then the name stands for something inside.
    await asyncio.sleep(LIFE_S + 0.5)
    for host in ("rebound.example", "rebound-6.example", "rebound-metadata.example"):
        before = len(ground.connected())
        assert (await ground.get(host)).status == 403
        assert (await ground.tunnel(host)).status == 403
        assert ground.connected()[before:] == []


async def test_a_kept_connection_goes_where_it_was_judged(ground: Ground) -> None:
    """A connection is used for as long as it holds, whatever its name means by now: 20 requests, one of it."""
    before, where = ground.origin.connections, f"near.example:{ground.origin.port}"
    async with Line(ground.guard.port) as line:
        for number in range(20):
            assert (await line.ask(raw(f"GET http://{where}/{number}", where), timeout_s=2)).status == 200
    assert ground.origin.connections - before == 1
    async with Line(ground.guard.port) as line:
        assert (await line.connect(where)).status == 200
        for number in range(20):
            assert (await line.ask(raw(f"GET /{number}", where), timeout_s=2)).status == 200
    assert ground.origin.connections - before == 2
    assert ground.inside.connections == 0


async def test_names_without_an_answer_hold_up_nobody(ground: Ground) -> None:
    """Forty names whose servers are silent, and another name at the same time: it is found before they are given up."""
    waiting = [asyncio.create_task(ground.get(f"slow-{number}.example")) for number in range(40)]
    await until(lambda: len(ground.guard.grep("looked-up slow-")) >= 40, "forty lookups")
    assert (await ground.get("many.example")).status == 200
    assert not any(task.done() for task in waiting)
    answers = await asyncio.gather(*waiting)
    assert {answer.status for answer in answers} == {403}


async def test_a_redirect_inside_is_judged_like_any_request(ground: Ground) -> None:
    """An outside server cannot send a client in: the proxy follows nothing, and judges what the client follows."""
    ground.origin.handler = redirecting
    try:
        answer = await ground.get("site.example")
    finally:
        ground.origin.handler = None
    assert (answer.status, answer.headers["location"]) == (302, "http://169.254.169.254/latest/meta-data/")
    followed = await ground.guard.ask(message(f"GET {answer.headers['location']}", host="169.254.169.254"))
    said = json.loads(followed.body)
    assert (followed.status, said["reason"]) == (403, "destination_denied")
    assert "destination_ip_prohibited" in followed.headers["proxy-status"]


async def redirecting(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer every request with a redirect to the metadata service."""
    del origin
    await reader.readuntil(b"\r\n\r\n")
    to = b"HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"
    writer.write(to)
    await writer.drain()
