"""Checklist 9 to 13: a refusal is decided and sent at the headers; the body is neither read nor kept, nothing hangs.

If these fail, a stranger without a token can fill the memory of the proxy, or have an upload reach an API that refuses
it.
"""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.clients import H2Client, pairs
from tests.live.lab import LOADER, script, until
from tests.live.realm import Guard, Realm, loader, message
from tests.live.wire import Answer, Origin, exchange, is_whole, never, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

UPLOAD_BYTES = 50 * 1024 * 1024
RSS_GROWTH_KIB = 5 * 1024
LEAKED = 200
# What somebody else's script may do; the refusal must not care.
STREAMING = """
class Streams:
    def requestheaders(self, flow):
        flow.request.stream = True
addons = [Streams()]
"""
# The deadline of a head, cut short so that the test is; everything else is the product.
IMPATIENT = """
from mitmproxy import ctx
from parclose.hooks import header_cap, host
host.install(ctx.master, limits=header_cap.HeadLimits(head_deadline_s=0.6))
"""


class Ground:
    """An origin and a guard before it."""

    def __init__(self, origin: Origin, guard: Guard) -> None:
        """Hold both."""
        self.origin, self.guard = origin, guard


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard for the module; nothing here changes it."""
    async with Origin() as origin, Guard(Realm(), upstream=origin) as guard:
        yield Ground(origin, guard)


def head(framing: str, size: int, *headers: str, path: str = "/things/1") -> bytes:
    """Return the head of an upload, `framing` being `length` or `chunked`."""
    how = f"Content-Length: {size}" if framing == "length" else "Transfer-Encoding: chunked"
    return message(f"POST {path}", how, *headers)


async def upload(port: int, start: bytes, size: int, framing: str) -> tuple[Answer, int]:
    """Send a head, wait for an answer, go on sending as a careless client does; return answer and bytes sent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(start)
        answer = await read_answer(reader, timeout_s=3)
        part, sent = b"x" * 65536, 0
        piece = part if framing == "length" else b"10000\r\n" + part + b"\r\n"
        try:
            while sent < size:
                writer.write(piece)
                async with asyncio.timeout(1):
                    await writer.drain()
                sent += len(part)
        except (OSError, TimeoutError):
            pass
        return answer, sent
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_refused_upload_is_answered_before_its_body(ground: Ground, framing: str) -> None:
    """50 MB refused over HTTP/1: status first, no 100, no upstream connection, no memory, whatever is sent on."""
    before, connections = ground.guard.rss_kib(), ground.origin.connections
    answer, _ = await upload(
        ground.guard.port, head(framing, UPLOAD_BYTES, "Expect: 100-continue"), UPLOAD_BYTES, framing
    )
    assert answer.status == 401
    assert not answer.raw.startswith(b"HTTP/1.1 100")
    assert ground.guard.rss_kib() - before < RSS_GROWTH_KIB
    assert ground.origin.connections == connections


async def test_a_refused_upload_over_http2_is_answered_before_its_body(ground: Ground) -> None:
    """50 MB refused over HTTP/2: the status comes before the body, and the other streams go on."""
    before, connections = ground.guard.rss_kib(), ground.origin.connections
    async with H2Client(ground.guard.port) as client:
        refused = client.send(pairs("POST", "/things/1", ("content-length", str(UPLOAD_BYTES))), end=False)
        await until(lambda: client.streams[refused].status, "status")
        assert client.streams[refused].status == 401
        await client.upload(refused, UPLOAD_BYTES)
        assert ground.origin.connections == connections
        assert (await client.ask(pairs("GET", "/open/1"))).status == 200
    assert ground.guard.rss_kib() - before < RSS_GROWTH_KIB


async def test_a_blind_upload_over_http2_is_not_kept(ground: Ground) -> None:
    """A client that sends 50 MB over HTTP/2 without reading answers costs no memory."""
    before, connections = ground.guard.rss_kib(), ground.origin.connections
    async with H2Client(ground.guard.port) as client:
        refused = client.send(pairs("POST", "/things/1"), body=b"x" * 16384, end=False)
        await client.upload(refused, UPLOAD_BYTES)
        assert (await client.answer(refused)).status == 401
    assert ground.guard.rss_kib() - before < RSS_GROWTH_KIB
    assert ground.origin.connections == connections


@pytest.mark.parametrize("framing", ["length", "chunked", "http2"])
@pytest.mark.parametrize("order", ["before", "after"])
async def test_streaming_opens_no_way_round(order: str, framing: str) -> None:
    """A script that streams every request, before or behind the guard's own, lets no refused body through."""
    streams = script(f"streams_{order}", STREAMING)
    scripts = (streams, LOADER) if order == "before" else (LOADER, streams)
    body = b"x" * 300_000
    async with Origin() as origin, Guard(Realm(), upstream=origin, scripts=scripts) as guard:
        if framing == "http2":
            async with H2Client(guard.port) as client:
                number = client.send(pairs("POST", "/things/1"), end=False)
                await client.upload(number, len(body))
                assert (await client.answer(number)).status == 401
        else:
            answer, _ = await upload(guard.port, head(framing, len(body)), len(body), framing)
            assert answer.status == 401
        assert origin.connections == 0
        assert guard.grep("crash|Traceback") == []


async def test_streaming_large_bodies_opens_no_way_round() -> None:
    """With `stream_large_bodies` the start is refused, or a refused body stays where it is."""
    body = b"x" * 300_000
    async with Origin() as origin:
        guard = Guard(Realm(), "--set", "stream_large_bodies=1k", upstream=origin, waits=False)
        async with guard:
            if guard.ended:
                assert await guard.exit_code() != 0
                return
            for framing in ("length", "chunked"):
                answer, _ = await upload(guard.port, head(framing, len(body)), len(body), framing)
                assert answer.status in (401, 503)
            assert guard.grep("crash|Traceback") == []
        assert origin.connections == 0


COMBINATIONS = [
    pytest.param(
        framing, expect, close, id="-".join([framing, *(["expect"] if expect else []), *filter(None, [close])])
    )
    for framing, expect, close in itertools.product(("length", "chunked", "none"), (False, True), ("", "close"))
]


@pytest.mark.parametrize(("framing", "expect", "close"), COMBINATIONS)
async def test_no_refusal_hangs(ground: Ground, framing: str, expect: bool, close: str) -> None:
    """Whatever a refused request announces, it is answered in two seconds, and nothing crashes."""
    headers = [*(["Expect: 100-continue"] if expect else []), *(["Connection: close"] if close else [])]
    start = message("POST /things/1", *headers) if framing == "none" else head(framing, 9, *headers)
    answer = await exchange(ground.guard.port, start, timeout_s=2)
    assert answer.status == 401
    assert is_whole(answer.raw)
    assert ground.guard.grep("crash") == []


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_connection_with_an_unread_body_is_closed(ground: Ground, framing: str) -> None:
    """What still comes of a refused body is never taken for a request: the answer says close, and the end comes."""
    hidden = message("GET /open/smuggled")
    body = hidden if framing == "length" else b"%x\r\n%s\r\n" % (len(hidden), hidden)
    answer = await exchange(ground.guard.port, head(framing, 100_000) + body, timeout_s=2, whole=never)
    assert answer.status == 401
    assert answer.headers["connection"] == "close"
    assert answer.state == "closed"
    assert answer.raw.count(b"HTTP/1.1 ") == 1
    assert [seen.line for seen in ground.origin.seen if "smuggled" in seen.line] == []


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_an_allowed_upload_passes_without_being_kept(ground: Ground, framing: str) -> None:
    """An upload that is allowed and large is streamed: it arrives whole, and memory does not grow by its size."""
    size, before = 144 * 65536, ground.guard.rss_kib()
    body = b"x" * size if framing == "length" else (b"10000\r\n" + b"x" * 65536 + b"\r\n") * 144 + b"0\r\n\r\n"
    start = head(framing, size, ground.guard.realm.bearer(), "Connection: close")
    answer = await exchange(ground.guard.port, start + body, timeout_s=20)
    assert answer.status == 200
    assert len(ground.origin.seen[-1].body) == size
    assert ground.guard.rss_kib() - before < size // 1024


@pytest.mark.parametrize("framing", ["length", "chunked"])
async def test_a_body_over_the_limit_is_refused(ground: Ground, framing: str) -> None:
    """Beyond `max_body` (10 MiB) an allowed upload is 413: at once when declared, cut while counting when not."""
    size, seen = 10 * 1024 * 1024 + 65536, len(ground.origin.seen)
    start = head(framing, size, ground.guard.realm.bearer())
    if framing == "length":
        answer = await exchange(ground.guard.port, start, timeout_s=2)
        assert answer.status == 413
    else:
        body = (b"10000\r\n" + b"x" * 65536 + b"\r\n") * (size // 65536) + b"0\r\n\r\n"
        answer = await exchange(ground.guard.port, start + body, timeout_s=20, whole=never)
        assert answer.status in (0, 413)
    assert len(ground.origin.seen) == seen  # the origin of this test notes whole requests alone


@pytest.mark.parametrize(
    ("size", "status"), [(60_000, 200), (66_000, 431), (4_000_000, 431)], ids=["below", "above", "far above"]
)
async def test_the_head_is_bounded(ground: Ground, size: int, status: int) -> None:
    """Over 64 KiB a head is refused with 431 or a cut, and is not kept."""
    before = ground.guard.rss_kib()
    answer = await exchange(ground.guard.port, message("GET /open/1", "X-Long: " + "a" * size), timeout_s=3)
    assert answer.status == status or (status == 431 and answer.state in ("closed", "reset"))
    assert ground.guard.rss_kib() - before < RSS_GROWTH_KIB


@pytest.mark.parametrize("start", [b"", b"GET /open/1 HT", b"\x16\x03\x01"], ids=["silent", "slow", "handshake"])
async def test_a_slow_head_is_cut(start: bytes) -> None:
    """A client that does not finish its first head in time is cut; here after 0.6 s instead of 15."""
    scripts = (loader("impatient", IMPATIENT),)
    async with Origin() as origin, Guard(Realm(), upstream=origin, scripts=scripts) as guard:
        answer = await exchange(guard.port, start, timeout_s=4, whole=never)
        assert answer.state in ("closed", "reset")
        assert origin.connections == 0


async def test_no_socket_is_leaked(ground: Ground) -> None:
    """After 200 refusals in the middle of a body the proxy holds none of the connections."""
    writers = []
    for start in range(0, LEAKED, 50):
        opened = await asyncio.gather(
            *(asyncio.open_connection("127.0.0.1", ground.guard.port) for _ in range(start, start + 50))
        )
        for _, writer in opened:
            writer.write(head("length", 3_000_000) + b"x" * 500_000)
        await asyncio.gather(*(read_answer(reader, timeout_s=5) for reader, _ in opened))
        writers += [writer for _, writer in opened]
    for writer in writers:
        writer.transport.abort()
    await until(lambda: ground.guard.established() == 0, "end of the connections", 3)
    assert ground.guard.grep("crash") == []
