"""Checklist 26: what was judged is what is sent; a path that servers read differently is refused, honest ones pass.

If these fail, `/things/../admin` is judged as one thing and served as another.
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
  all:
    match: {hosts: [api.test], clients: [anonymous, app]}
    routes: {any /**: public}
  admin:
    match: {hosts: [api.test], paths: [/admin/**], clients: [app]}
    routes: {any /**: authenticated}
"""
AMBIGUOUS = [
    "/a//b",
    "//evil.test/admin",
    "/a/../admin",
    "/a/./b",
    "/a/%2e%2e/admin",
    "/a/%2E./admin",
    "/a/..%2fadmin",
    "/a%2fb",
    "/a%5cb",
    "/a%252e%252e/admin",
    "/a%00b",
    "/a%0d%0aX:%20y",
    "/a%7fb",
    "/a%3bb",
    "/a%23b",
    "/a%3fb",
    "/a;x=1/../admin",
    "/admin;jsessionid=1",
    "/a\\..\\admin",
    "/a#frag",
    "/a%",
    "/a%zz",
    "/a%c3",
    "/caf\xc3\xa9",
    "/\xff\xfe",
    "/a\tb",
    "/Admin/users",
    "/ADMIN/users",
    "/admin./users",
    "/admin%20/users",
]
HONEST = [
    "/",
    "/a",
    "/a/b/c",
    "/a/",
    "/a.b/c~d",
    "/caf%C3%A9",
    "/a%20b",
    "/a+b",
    "/users/@me",
    "/v1/orders/0f8fad5b-d9cb-469f-a165-70867728950e",
    "/a:b(c)!$&'*,=",
    "/Ab/CD",
    "/a%2Eb",
    "/.well-known/thing",
    "/...",
    "/a?x=/../y;z=%2e%2e&q=a+b",
    "/a?",
    "/a?x=%00",
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def origin() -> AsyncIterator[Origin]:
    """One origin for the module."""
    async with Origin() as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guard(origin: Origin) -> AsyncIterator[Guard]:
    """A guard that reads paths strictly."""
    async with Guard(Realm(SEGMENTS), upstream=origin) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lenient(origin: Origin) -> AsyncIterator[Guard]:
    """A guard that normalises paths."""
    async with Guard(Realm(SEGMENTS, settings="paths: {normalize: lenient}"), upstream=origin) as running:
        yield running


@pytest.mark.parametrize("target", AMBIGUOUS, ids=ascii)
async def test_an_ambiguous_path_is_refused(guard: Guard, origin: Origin, target: str) -> None:
    """What two servers may read as two paths is 400 or cut, and the origin sees nothing of it."""
    seen = len(origin.seen)
    answer = await guard.ask(message(f"GET {target}"))
    assert answer.status == 400
    assert len(origin.seen) == seen


@pytest.mark.parametrize("target", [target for target in AMBIGUOUS if "\t" not in target], ids=ascii)
async def test_an_ambiguous_path_is_refused_over_http2(guard: Guard, origin: Origin, target: str) -> None:
    """The same over HTTP/2, where the path travels as it is."""
    seen = len(origin.seen)
    async with H2Client(guard.port) as client:
        stream = await client.ask(pairs("GET", target))
        assert stream.status == 400 or client.closed
    assert len(origin.seen) == seen


@pytest.mark.parametrize("target", HONEST, ids=ascii)
async def test_an_honest_path_passes_as_it_is(guard: Guard, origin: Origin, target: str) -> None:
    """Byte for byte what came is forwarded."""
    answer = await guard.ask(message(f"GET {target}"))
    assert answer.status == 200
    assert origin.seen[-1].line == f"GET {target} HTTP/1.1"


@pytest.mark.parametrize(
    ("target", "status", "sent"),
    [
        ("/a//b", 200, "/a/b"),
        ("/a/../b", 200, "/b"),
        ("/a/./b", 200, "/a/b"),
        ("/a;x=1/b", 200, "/a/b"),
        ("/a/%2e%2e/b", 200, "/b"),
        ("/a//b?x=//y", 200, "/a/b?x=//y"),
        ("/a/../admin/users", 401, ""),
        ("/x//..//admin/users", 401, ""),
        ("/a%2fb", 400, ""),
        ("/a%252e%252e/b", 400, ""),
        ("/a\\b", 400, ""),
    ],
)
async def test_a_lenient_policy_sends_what_it_judged(
    lenient: Guard, origin: Origin, target: str, status: int, sent: str
) -> None:
    """With `normalize: lenient` the normal form is judged, and that form leaves."""
    seen = len(origin.seen)
    answer = await lenient.ask(message(f"GET {target}"))
    assert answer.status == status
    assert [request.line for request in origin.seen[seen:]] == ([f"GET {sent} HTTP/1.1"] if sent else [])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET /admin", "/x"),
        ("GET", "/x HTTP/1.1\r\nX: y"),
        ("GET", "/x y"),
        ("GET", "x"),
        ("GET", ""),
        ("GET", "http://evil.test/x"),
        ("get", "/x"),
        ("G\xc9T", "/x"),
    ],
)
async def test_nothing_is_injected_over_http2(guard: Guard, origin: Origin, method: str, path: str) -> None:
    """A method or path that would become another request line on HTTP/1 is refused."""
    seen = len(origin.seen)
    async with H2Client(guard.port) as client:
        stream = await client.ask(pairs(method, path))
        assert stream.status == 400 or client.closed or stream.reset is not None
    assert len(origin.seen) == seen


@pytest.mark.parametrize("line", ["get /a", "GeT /a", "G\xc9T /a", "CONNECT api.test:80", "CONNECT /a"])
async def test_only_plain_methods_pass(guard: Guard, origin: Origin, line: str) -> None:
    """A method that is no upper-case token is refused, and CONNECT has no business in front of an API."""
    seen = len(origin.seen)
    answer = await guard.ask(message(line))
    assert answer.status in (400, 403, 404, 405) or answer.state in ("closed", "reset")
    assert len(origin.seen) == seen
