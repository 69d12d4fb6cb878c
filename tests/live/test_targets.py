"""Two hundred and more request targets over HTTP/1 and HTTP/2: honest ones pass as they are, others reach nothing.

If these fail, a path has two readings: the one that is judged, and the one that is served.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import AsyncIterator
from urllib.parse import unquote

import pytest
import pytest_asyncio

from tests.live import targets
from tests.live.clients import H2Client, pairs
from tests.live.realm import HOST, Guard, Realm
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  site:
    match: {hosts: [api.test], clients: [anonymous, app]}
    routes:
      read /: public
      read /public/**: public
      read /v1/**: public
      "read /v1/items/{id:int}": public
      any /v1/payouts/**: authenticated
      any /admin/**: authenticated
"""
# Refused as ambiguous or malformed, asked for a credential, not there, too long.
REFUSED = frozenset({400, 401, 404, 405, 414})
STRICT = re.compile(r"/(admin|v1/payouts)(/|$)")


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


def readings(path: str) -> set[str]:
    """Return every way in which a server that means well might read a path: an independent, generous reading."""
    found, waiting = set[str](), [path.partition("?")[0]]
    while waiting:
        text = waiting.pop()
        if text in found or len(found) > 200:
            continue
        found.add(text)
        waiting += [
            unquote(text, errors="replace"),
            text.lower(),
            unicodedata.normalize("NFKC", text),
            text.partition("#")[0],
        ]
        waiting += [text.replace("\\", "/"), re.sub("/+", "/", text), re.sub(r";[^/]*", "", text)]
        waiting += [re.sub(r"[. \t\u00a0]+(/|$)", r"\1", text)] if not re.search(r"/\.\.?(/|$)", text) else []
        waiting += [re.sub(r"/\./|/\.$", "/", text), re.sub(r"/[^/]+/\.\.(/|$)", "/", text)]
    return found


def raw(target: str) -> bytes:
    """Return a request for a target, one byte a character."""
    return f"GET {target} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode("latin-1")


async def test_there_are_enough() -> None:
    """The lists are as long as was asked for, and say each thing once."""
    rows = [*targets.honest, *targets.hostile]
    assert len(rows) == len(set(rows)) >= 200
    assert len(targets.honest) >= 100


@pytest.mark.parametrize("version", ["HTTP/1", "HTTP/2"])
async def test_an_honest_target_passes_as_it_is(guard: Guard, origin: Origin, version: str) -> None:
    """Byte for byte, its query too."""
    wrong = []
    async with H2Client(guard.port) as client:
        for target in targets.honest:
            before = len(origin.seen)
            if version == "HTTP/1":
                status = (await guard.ask(raw(target))).status
            else:
                status = (await client.ask(pairs("GET", target))).status
            sent = [seen.line.split(" ")[1] for seen in origin.seen[before:]]
            if (status, sent) != (200, [target]):
                wrong.append((target[:80], status, sent))
    assert wrong == []


@pytest.mark.parametrize("version", ["HTTP/1", "HTTP/2"])
async def test_no_other_target_reaches_anything(guard: Guard, origin: Origin, version: str) -> None:
    """Refused one way or another, and the origin sees nothing of it."""
    wrong = []
    for target in targets.hostile:
        before = len(origin.seen)
        if version == "HTTP/1":
            status = (await guard.ask(raw(target))).status
        else:
            async with H2Client(guard.port) as client:
                stream = await client.ask(pairs("GET", target))
                status = stream.status or (400 if client.closed or stream.reset is not None else 0)
        if status not in REFUSED or len(origin.seen) != before:
            wrong.append((target[:80], status, [seen.line[:80] for seen in origin.seen[before:]]))
    assert wrong == []


async def test_nothing_strict_was_reached_in_any_reading(guard: Guard, origin: Origin) -> None:
    """Whatever the origin got from nobody: no reading of it is of a path that asks for a credential."""
    assert guard.port
    wrong = []
    for seen in origin.seen:
        path = seen.line.split(" ")[1]
        if strict := [text for text in readings(path) if STRICT.match(text)]:
            wrong.append((path[:80], strict[0]))
    assert len(origin.seen) >= len(targets.honest)
    assert wrong == []


async def test_the_reading_finds_what_it_should() -> None:
    """It would see through the tricks that are played here."""
    for path in (
        "/public/..%2fadmin",
        "/v1/Payouts/1",
        "/public/..;/admin",
        "/public/%252e%252e/admin",
        "/v1\\payouts",
    ):
        assert any(STRICT.match(text) for text in readings(path)), path
    assert not any(STRICT.match(text) for text in readings("/public/a.b/caf%C3%A9"))


async def test_who_has_a_credential_gets_what_is_strict(guard: Guard, origin: Origin) -> None:
    """In its plain spellings."""
    for target in ("/admin/users", "/v1/payouts/1", "/v1/%70ayouts/1", "/admin/caf%C3%A9"):
        data = raw(target).replace(b"Connection: close", guard.realm.bearer().encode())
        assert (await guard.ask(data)).status == 200
        assert origin.seen[-1].line.split(" ")[1] == target
