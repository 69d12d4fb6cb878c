"""Checklist 25: one request is one request for everybody; if these fail, a second one reaches the origin unjudged."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.realm import Guard, Realm
from tests.live.smuggling import ENDLESS, HONEST, HOSTILE, Row
from tests.live.wire import Answer, Origin, Seen, exchange, never

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  all:
    match: {hosts: [api.test], clients: [anonymous, app]}
    routes:
      any /free/**: public
      any /strict/**: authenticated
      read /things/{id}: public
      POST /things/{id}: public
      DELETE /things/{id}: authenticated
"""
AT_ONCE = 20
QUIET_S = 0.8
"""How long a row may take to say what it has to say; a connection that is kept stays silent after its answers."""
HEAD = re.compile(rb"[A-Z]+ /[!-~]* HTTP/1\.[01]\r\n(?:[!#$%&'*+.^_`|~0-9A-Za-z-]+: ?[^\x00\r\n]*\r\n)+\r\n")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin() -> AsyncIterator[Origin]:
    """One origin for the module."""
    async with Origin() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard(origin: Origin) -> AsyncIterator[Guard]:
    """One guard for the module."""
    async with Guard(Realm(SEGMENTS), upstream=origin) as running:
        yield running


async def send(guard: Guard, rows: list[Row], name: str) -> list[Answer]:
    """Send each row on a connection of its own, many at once, and return all that came back on it."""
    answers: list[Answer] = []
    for start in range(0, len(rows), AT_ONCE):
        raw = [row.raw(f"/free/{name}/{number}") for number, row in enumerate(rows[start : start + AT_ONCE], start)]
        batch = [exchange(guard.port, data, whole=never, timeout_s=QUIET_S) for data in raw]
        answers += await asyncio.gather(*batch)
    return answers


def is_clean(seen: Seen) -> bool:
    """Tell whether a head has one reading: whole lines, plain names, at most one length."""
    lengths = seen.header("Content-Length") + seen.header("Transfer-Encoding")
    return HEAD.fullmatch(seen.head) is not None and len(lengths) <= 1 and len(seen.header("Host")) == 1


async def test_the_corpus_is_large() -> None:
    """A guard that refuses everything would pass the hostile rows."""
    assert len({row.text for row in HOSTILE}) >= 150
    assert len(HONEST) >= 40


async def test_what_has_two_readings_is_refused(guard: Guard, origin: Origin) -> None:
    """The origin sees nothing of it, and the client hears 400, or an answer of that kind, or is cut."""
    seen = len(origin.seen)
    answers = await send(guard, HOSTILE, "hostile")
    arrived = [one.head[:90] for one in origin.seen[seen:]]
    failed = [
        f"{row.text[:100]!a}: answered {answer.status}, {answer.state}"
        for row, answer in zip(HOSTILE, answers, strict=True)
        if answer.status not in (400, 403, 501) and not (answer.status == 0 and answer.state != "open")
    ]
    assert (failed, arrived) == ([], []), "\n".join(["", *failed, *map(ascii, arrived)])
    assert guard.grep("crash|Traceback|Addon error") == []


async def test_a_body_without_end_is_no_request(guard: Guard, origin: Origin) -> None:
    """A size beyond all counting is a body of which more is awaited; nothing in it is taken for a request."""
    seen = len(origin.seen)
    answers = await send(guard, ENDLESS, "endless")
    assert {answer.status for answer in answers} <= {0, 400, 413}
    assert len(origin.seen) == seen


async def test_an_honest_request_arrives_once_and_clean(guard: Guard, origin: Origin) -> None:
    """It arrives with its whole body and one reading, and what follows on its connection is judged for itself."""
    before = len(origin.seen)
    answers = await send(guard, HONEST, "honest")
    failed = []
    for number, (row, answer) in enumerate(zip(HONEST, answers, strict=True)):
        arrived = [one for one in origin.seen[before:] if f" /free/honest/{number} " in one.line]
        bodies = [one.body.decode() for one in arrived]
        if answer.status != 200 or bodies != [row.body] or not all(map(is_clean, arrived)):
            heads = [one.head for one in arrived]
            failed.append(f"{row.text[:100]!a}: answered {answer.status}, arrived {heads} with {bodies}")
        if "EVIL" in row.text and b"401" not in answer.raw:
            failed.append(f"{row.text[:100]!a}: what follows was not judged: {answer.raw!r}")
    assert not failed, "\n".join(["", *failed])
    assert len(origin.seen) - before == len(HONEST)
    assert [one.line for one in origin.seen if "/strict/" in one.line] == []
