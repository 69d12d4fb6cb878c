"""Checklist 27 and 28: two credentials are a conflict, odd bytes an error, and nobody can claim an identity.

If these fail, the guard judges one of two headers and the origin believes the other.
"""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.clients import H2Client, pairs
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    forward:
      credentials: strip
      identity: {X-User: identity.subject, X-Segment: segment, X-Scopes: identity.scopes}
    routes:
      read /open/**: public
      read /things/**: things:read
  kept:
    match: {hosts: [api.test], paths: [/kept/**], clients: [app]}
    routes: {read /**: authenticated}
"""


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


def fill(guard: Guard, lines: str) -> list[str]:
    """Return header lines, `TOKEN` and `KEY` replaced by good ones."""
    text = lines.replace("TOKEN", guard.realm.token("things:read")).replace("KEY", guard.realm.key)
    return [line for line in text.split("|") if line]


@pytest.mark.parametrize(
    "lines",
    [
        "Authorization: Bearer TOKEN|Authorization: Bearer evil",
        "Authorization: Bearer TOKEN|AUTHORIZATION: Bearer TOKEN",
        "X-Api-Key: KEY|X-Api-Key: robot_other",
        "X-Api-Key: KEY|x-api-key: KEY",
        "Host: other.test",
        "Host: api.test",
        "X-A: a\0b",
        "X-A: a\rX-B: b",
        "X-A: one\r\n two",
        "Trailer: X-User",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: xchunked",
        "Content-Length: 3|Content-Length: 4",
        "Content-Length: 3|Transfer-Encoding: chunked",
        "Content-Length: +3",
        "X-A : 1",
    ],
    ids=ascii,
)
async def test_a_conflict_is_refused(guard: Guard, origin: Origin, lines: str) -> None:
    """Headers that say two things, or carry another line inside, are 400; the origin sees nothing, nothing raises."""
    seen = len(origin.seen)
    answer = await guard.ask(message("GET /open/1", *fill(guard, lines)))
    assert answer.status == 400 or (answer.status == 0 and answer.state in ("closed", "reset"))
    assert len(origin.seen) == seen
    assert guard.grep("crash|Traceback|Addon error") == []


async def test_no_host_is_refused(guard: Guard, origin: Origin) -> None:
    """A request that names nobody is 400."""
    seen = len(origin.seen)
    assert (await guard.ask(message("GET /open/1", host=""))).status == 400
    assert len(origin.seen) == seen


@pytest.mark.parametrize(
    ("lines", "status"),
    [
        ("X-A: caf\xe9\xff", 200),
        ("User-Agent: \xff\xfe", 200),
        ("Cookie: a=\xff", 200),
        ("Authorization: Bearer \xff\xfe", 401),
        ("Authorization: Bearer a.b.c", 401),
        ("Authorization: \xff", 401),
        ("Authorization:", 401),
        ("Authorization: Bearer", 401),
        ("Authorization: Basic Zm9v", 401),
        ("X-Api-Key: \xff", 401),
        ("X-Api-Key:", 401),
        ("X-Forwarded-For: \xff", 200),
        ("Origin: \xff", 200),
        ("Upgrade-Insecure-Requests: 1", 200),
    ],
    ids=ascii,
)
async def test_odd_bytes_raise_nothing(guard: Guard, lines: str, status: int) -> None:
    """Bytes that are no UTF-8 are an ordinary value, or an ordinary bad credential; never an exception."""
    answer = await guard.ask(message("GET /open/1", *fill(guard, lines)))
    assert answer.status == status
    assert guard.grep("crash|Traceback|Addon error") == []


@pytest.mark.parametrize(
    "lines",
    ["authorization: Bearer TOKEN|authorization: Bearer evil", "x-api-key: KEY|x-api-key: KEY", "host: other.test"],
)
async def test_a_conflict_is_refused_over_http2(guard: Guard, origin: Origin, lines: str) -> None:
    """The same over HTTP/2."""
    seen = len(origin.seen)
    headers = [line.partition(": ")[::2] for line in fill(guard, lines)]
    async with H2Client(guard.port) as client:
        stream = await client.ask(pairs("GET", "/open/1", *headers))
        assert stream.status == 400 or stream.reset is not None or client.closed
    assert len(origin.seen) == seen


CLAIMS = [
    "X-User: admin",
    "x-user: admin",
    "X-User: a|X-User: b",
    "X_User: admin",
    "X-Segment: other",
    "Proxy-Authorization: Bearer secret",
    "Forwarded: for=10.0.0.1",
    "X-Real-IP: 10.0.0.1",
    "X-Forwarded-Host: evil.test",
    "X-Forwarded-Proto: https",
    "X-Original-URL: /admin",
    "X-Rewrite-URL: /admin",
    "Connection: keep-alive, X-Scopes|X-Scopes: all",
]


@pytest.mark.parametrize("lines", CLAIMS)
async def test_nobody_claims_an_identity(guard: Guard, origin: Origin, lines: str) -> None:
    """What a client says about itself does not reach the origin, however it is spelt."""
    answer = await guard.ask(message("GET /things/1", *lines.split("|"), guard.realm.bearer()))
    assert answer.status == 200
    seen = origin.seen[-1]
    assert seen.header("X-User") == ["u-1"]
    assert seen.header("X-Segment") == ["things"]
    claimed = [line.partition(":")[2].strip() for line in lines.split("|") if not line.startswith("Connection")]
    told = [value.strip() for line in seen.head.decode("latin-1").split("\r\n") for value in [line.partition(":")[2]]]
    assert [value for value in claimed if value in told] == []


async def test_an_anonymous_caller_has_no_identity(guard: Guard, origin: Origin) -> None:
    """Where nobody is proven the identity headers are absent, also those that were sent."""
    assert (await guard.ask(message("GET /open/1", "X-User: admin", "X-Scopes: all"))).status == 200
    assert origin.seen[-1].header("X-User") == []
    assert origin.seen[-1].header("X-Scopes") == []


async def test_the_address_of_the_client_is_what_was_seen(guard: Guard, origin: Origin) -> None:
    """An untrusted peer's X-Forwarded-For is dropped, and its own address takes the place."""
    assert (await guard.ask(message("GET /open/1", "X-Forwarded-For: 10.0.0.1, 10.0.0.2"))).status == 200
    assert origin.seen[-1].header("X-Forwarded-For") == ["127.0.0.1"]


async def test_credentials_are_stripped_where_the_policy_says_so(guard: Guard, origin: Origin) -> None:
    """`credentials: strip` removes what proved the caller; without it the origin gets the token."""
    assert (await guard.ask(message("GET /things/1", guard.realm.bearer()))).status == 200
    assert origin.seen[-1].header("Authorization") == []
    assert (await guard.ask(message("GET /things/1", f"X-Api-Key: {guard.realm.key}"))).status == 200
    assert origin.seen[-1].header("X-Api-Key") == []
    bearer = guard.realm.bearer()
    assert (await guard.ask(message("GET /kept/1", bearer))).status == 200
    assert origin.seen[-1].header("Authorization") == [bearer.partition(": ")[2]]
