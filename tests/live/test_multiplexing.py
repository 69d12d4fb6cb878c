"""Checklist 31: requests that share a connection are judged each alone.

If these fail, one good token opens a connection for everything that follows on it.
"""

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.clients import H2Client, Line, pairs
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin, exchange, never

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

ROUNDS = 20


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin() -> AsyncIterator[Origin]:
    """One origin for the module."""
    async with Origin() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard(origin: Origin) -> AsyncIterator[Guard]:
    """One guard for the module."""
    async with Guard(Realm(), upstream=origin) as running:
        yield running


async def test_pipelined_requests_are_judged_alone(guard: Guard, origin: Origin) -> None:
    """Allowed and refused requests sent at once on one connection get their own answers, in order."""
    good, poor = guard.realm.bearer(), guard.realm.bearer("other")
    script = [
        ("GET /open/pipe-1", [], 200),
        ("GET /things/pipe-2", [], 401),
        ("GET /things/pipe-3", [good], 200),
        ("GET /things/pipe-4", [], 401),
        ("DELETE /things/pipe-5", [poor], 403),
        ("GET /nowhere/pipe-6", [], 404),
        ("GET /open/pipe-7", ["Connection: close"], 200),
    ]
    data = b"".join(message(line, *headers) for line, headers, _ in script)
    answer = await exchange(guard.port, data, timeout_s=4, whole=never)
    statuses = [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer.raw)]
    assert statuses == [status for _, _, status in script]
    assert [seen.line.split()[1] for seen in origin.seen if "pipe-" in seen.line] == [
        line.split()[1] for line, _, status in script if status == 200
    ]


async def test_a_kept_connection_is_no_credential(guard: Guard, origin: Origin) -> None:
    """After an allowed request the next one on the connection still has to prove itself, and the other way round."""
    async with Line(guard.port) as line:
        for number in range(ROUNDS):
            good = number % 2 == 0
            headers = [guard.realm.bearer()] if good else []
            answer = await line.ask(message(f"GET /things/kept-{number}", *headers))
            assert answer.status == (200 if good else 401)
    assert len([seen for seen in origin.seen if "kept-" in seen.line]) == ROUNDS // 2


async def test_streams_are_judged_alone(guard: Guard, origin: Origin) -> None:
    """Streams of one HTTP/2 connection, all open at once, each get their own verdict."""
    async with H2Client(guard.port) as client:
        wanted = {}
        for number in range(ROUNDS):
            good = number % 2 == 0
            extra = [("authorization", guard.realm.bearer().partition(": ")[2])] if good else []
            stream = client.send(pairs("GET", f"/things/h2-{number}", *extra))
            wanted[stream] = 200 if good else 401
        got = {stream: (await client.answer(stream)).status for stream in wanted}
    assert got == wanted
    paths = sorted(seen.line.split()[1] for seen in origin.seen if "/h2-" in seen.line)
    assert paths == sorted(f"/things/h2-{number}" for number in range(0, ROUNDS, 2))


async def test_a_refused_upload_leaves_the_other_streams_alone(guard: Guard) -> None:
    """A stream refused in the middle of its body does not disturb those beside it."""
    async with H2Client(guard.port) as client:
        refused = client.send(pairs("POST", "/things/1"), body=b"x" * 1000, end=False)
        beside = [client.send(pairs("GET", f"/open/{number}")) for number in range(5)]
        assert (await client.answer(refused)).status == 401
        assert [(await client.answer(stream)).status for stream in beside] == [200] * 5
        assert (await client.ask(pairs("GET", "/open/after"))).status == 200


@pytest.mark.parametrize("declared", [False, True], ids=["unknown length", "declared length"])
async def test_a_body_is_no_request(guard: Guard, origin: Origin, declared: bool) -> None:
    """A body over HTTP/2 reaches an HTTP/1 origin as a body, in pieces and without a length too, never as a request."""
    hidden = message("DELETE /things/hidden-in-a-body", "X-User: admin")
    bearer = ("authorization", guard.realm.bearer().partition(": ")[2])
    length = [("content-length", str(len(hidden)))] if declared else []
    async with H2Client(guard.port) as client:
        number = client.send(pairs("POST", "/things/body", bearer, *length), end=False)
        for part in (b"", hidden[:10], b"", hidden[10:]):
            client.more(number, part)
        client.more(number, b"", end=True)
        assert (await client.answer(number)).status == 200
        assert (await client.ask(pairs("GET", "/open/after-body"))).status == 200
    bodies = [seen.body for seen in origin.seen if seen.line == "POST /things/body HTTP/1.1"]
    assert bodies[-1] == hidden
    assert [seen.line for seen in origin.seen if seen.line.startswith("DELETE")] == []
