"""What would be believed if these failed: that a real mitmdump, with Parclose in it, lets something pass."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import websockets.asyncio.client
import websockets.asyncio.server
import websockets.exceptions

from tests.live.certs import make_certificate, serving, unverified
from tests.live.h2_client import Http2
from tests.live.lab import FOLDER, Proxy, free_port, script, until
from tests.live.wire import Origin, exchange, never, read_answer

pytestmark = pytest.mark.live
SOURCE = Path(__file__).with_name("guarded.py").read_text()
MIB = 1 << 20


def guarded(name: str = "guarded") -> Path:
    """Write the script under a name it can read."""
    return script(name, SOURCE)


@pytest.fixture
async def origin() -> AsyncIterator[Origin]:
    """An origin that answers 200."""
    async with Origin() as started:
        yield started


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    """A forward proxy with the throw-away script."""
    async with Proxy(scripts=[guarded("guarded-frozen")], ready="ready with indexed dispatch") as started:
        yield started


def ask(origin: Origin, path: str, method: str = "GET", extra: str = "", body: bytes = b"") -> bytes:
    """Write a request in absolute form."""
    length = f"Content-Length: {len(body)}\r\n" if body else ""
    head = f"{method} http://127.0.0.1:{origin.port}{path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}{extra}\r\n"
    return head.encode() + body


@pytest.mark.parametrize(
    ("path", "status", "reason"),
    [
        ("/ok", 200, b"origin"),
        ("/deny", 403, b"denied"),
        ("/forget", 503, b"policy_unavailable"),
        ("/boom", 503, b"policy_unavailable"),
        ("/elsewhere", 502, b""),
    ],
)
async def test_only_what_has_a_verdict_reaches_the_origin(
    proxy: Proxy, origin: Origin, path: str, status: int, reason: bytes
) -> None:
    """Forgotten and failed decisions are 503, unapproved addresses 502; the origin sees allowed requests alone."""
    for method, body in (("GET", b""), ("POST", b"body")):
        answer = await exchange(proxy.port, ask(origin, path, method, body=body))
        assert answer.status == status
        assert reason in answer.body
    assert len(origin.seen) == (2 if path == "/ok" else 0)
    assert origin.connections == (2 if path == "/ok" else 0)


async def upload(proxy: Proxy, head: bytes, block: bytes, count: int) -> tuple[bytes, int]:
    """Send a head, wait for the answer, then push blocks until it takes no more; return answer and blocks."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(head)
    answer = await read_answer(reader)
    taken = 0
    try:
        for _ in range(count):
            writer.write(block)
            await asyncio.wait_for(writer.drain(), 2)
            taken += 1
    except (OSError, TimeoutError):
        pass
    finally:
        writer.transport.abort()
    return answer.raw, taken


@pytest.mark.parametrize("framing", [f"Content-Length: {50 * MIB}\r\n", "Transfer-Encoding: chunked\r\n"])
@pytest.mark.parametrize("expect", ["", "Expect: 100-continue\r\n"])
@pytest.mark.parametrize("option", [(), ("--set", "stream_large_bodies=1k")])
async def test_a_denied_upload_is_answered_before_its_body(
    origin: Origin, framing: str, expect: str, option: tuple[str, ...]
) -> None:
    """The status comes first, no 100 is sent, nothing is buffered, and the origin hears nothing."""
    async with Proxy(*option, scripts=[guarded()], ready="ready with") as proxy:
        before = proxy.rss_kib()
        block = b"A" * MIB if "Length" in framing else b"100000\r\n" + b"A" * MIB + b"\r\n"
        raw, _ = await upload(proxy, ask(origin, "/deny", "POST", framing + expect), block, 50)
        assert raw.startswith(b"HTTP/1.1 403 ")
        assert raw.lower().count(b"connection: close") == 1
        assert proxy.rss_kib() - before < 5 * 1024
        assert origin.connections == 0
        assert not proxy.grep("crashed")


async def test_an_allowed_upload_still_gets_its_continue(proxy: Proxy, origin: Origin) -> None:
    """`Expect` is honoured for what is admitted, streamed or not."""
    for path in ("/ok", "/stream"):
        reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
        writer.write(ask(origin, path, "POST", "Content-Length: 4\r\nExpect: 100-continue\r\n"))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        writer.write(b"body")
        assert (await read_answer(reader)).status == 200
        writer.transport.abort()
    assert [seen.body for seen in origin.seen] == [b"body", b"body"]


async def test_a_denial_keeps_the_connection_when_nothing_is_outstanding(proxy: Proxy, origin: Origin) -> None:
    """Denied requests without a body, and with a complete one, are followed by others on the same connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    for request, status in [
        (ask(origin, "/deny"), 403),
        (ask(origin, "/deny", "POST", body=b"whole"), 403),
        (ask(origin, "/deny", "POST", "Transfer-Encoding: chunked\r\n") + b"2\r\nab\r\n0\r\n\r\n", 403),
        (ask(origin, "/forget"), 503),
        (ask(origin, "/ok"), 200),
    ]:
        writer.write(request)
        answer = await read_answer(reader)
        assert (answer.status, answer.state) == (status, "open")
    writer.write(ask(origin, "/deny", "HEAD") + ask(origin, "/ok"))
    assert b"HTTP/1.1 200 OK" in (await read_answer(reader, whole=lambda raw: b"origin" in raw)).raw
    writer.transport.abort()


async def test_what_follows_an_unread_body_is_not_taken_for_a_request(proxy: Proxy, origin: Origin) -> None:
    """After an early answer the rest of the connection is thrown away, and the connection ends by itself."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(ask(origin, "/deny", "POST", "Content-Length: 1000\r\n"))
    assert (await read_answer(reader)).status == 403
    writer.write(ask(origin, "/ok"))
    assert (await read_answer(reader, whole=never)).state == "closed"
    await until(lambda: proxy.established() == 0, "the end of the connection")
    writer.transport.abort()
    assert origin.seen == []


async def test_a_denied_upload_on_http2_leaves_the_other_streams_alone(origin: Origin) -> None:
    """The status comes before the body, nothing is buffered, and the connection serves the next stream."""
    async with Proxy(
        scripts=[guarded()], modes=[f"reverse:http://127.0.0.1:{origin.port}"], ready="ready with"
    ) as proxy:
        client = await Http2.open(proxy.port, unverified(("h2",)))
        denied = client.send("POST", "/deny", end=False)
        assert await client.read(denied) == 403
        for _ in range(3):
            assert await client.read(client.send("GET", "/deny")) == 403
            assert await client.read(client.send("GET", "/ok")) == 200
        client.close()
        assert [seen.line for seen in origin.seen] == ["GET /ok HTTP/1.1"] * 3
        assert not proxy.grep("crashed")


async def test_inside_a_tunnel_everything_holds() -> None:
    """Through CONNECT and TLS: early answers, refusals and allowed requests as on the plain port."""
    certificate = make_certificate("origin.test")
    async with (
        Origin(tls=serving(certificate)) as secure,
        Proxy(
            "--set", f"ssl_verify_upstream_trusted_ca={certificate.chain}", scripts=[guarded()], ready="ready with"
        ) as proxy,
    ):
        for path, status in (("/deny", 403), ("/forget", 503), ("/ok", 200)):
            reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(f"CONNECT localhost:{secure.port} HTTP/1.1\r\n\r\n".encode())
            assert b" 200 " in await reader.readuntil(b"\r\n\r\n")
            await writer.start_tls(unverified(), server_hostname="localhost")
            writer.write(f"POST {path} HTTP/1.1\r\nHost: localhost:{secure.port}\r\nContent-Length: 9\r\n\r\n".encode())
            if status == 200:
                writer.write(b"012345678")
            assert (await read_answer(reader)).status == status
            writer.transport.abort()
        assert [seen.line for seen in secure.seen] == ["POST /ok HTTP/1.1"]
        assert not proxy.grep("crashed")


async def test_a_tunnel_without_a_verdict_is_refused(proxy: Proxy) -> None:
    """The seal answers a CONNECT nobody decided."""
    assert (await exchange(proxy.port, b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n")).status == 503


@pytest.mark.parametrize("data", [b"\x00\x01\x02 raw\n", b"SSH-2.0-x\r\n"])
@pytest.mark.parametrize("tunnel", [True, False])
async def test_raw_bytes_are_cut(proxy: Proxy, origin: Origin, data: bytes, tunnel: bool) -> None:
    """What is not HTTP is refused at once, inside a tunnel and out of it, and named."""
    opening = f"CONNECT 127.0.0.1:{origin.port} HTTP/1.1\r\n\r\n".encode() if tunnel else b""
    answer = await exchange(proxy.port, opening + data, whole=never)
    assert answer.state in {"closed", "reset"}
    assert origin.connections == 0
    await proxy.says("refused 127.0.0.1 raw_tcp")


@pytest.mark.parametrize(("size", "status"), [(65536, 200), (65537, 431), (300_000, 431)])
async def test_a_head_has_a_size(proxy: Proxy, origin: Origin, size: int, status: int) -> None:
    """A head of exactly 64 KiB passes; one byte more is answered 431 and closed."""
    bare = len(ask(origin, "/ok", extra="X: \r\n"))
    answer = await exchange(proxy.port, ask(origin, "/ok", extra=f"X: {'a' * (size - bare)}\r\n"))
    assert answer.status == status
    assert len(origin.seen) == (status == 200)


async def test_a_slow_head_is_cut(proxy: Proxy, origin: Origin) -> None:
    """Silence, a dripping first head, and a dripping later head all end; idle between requests does not."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    assert (await read_answer(reader, whole=never)).state in {"closed", "reset"}
    writer.transport.abort()
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(ask(origin, "/ok"))
    assert (await read_answer(reader)).status == 200
    assert (await read_answer(reader, timeout_s=1.5, whole=never)).state == "open"
    writer.write(b"GET / HT")
    late = await read_answer(reader, whole=never, timeout_s=4)
    assert (late.status, late.state) == (408, "closed")
    writer.transport.abort()
    assert len(proxy.grep("refused 127.0.0.1 head_deadline")) == 2


async def test_trailers_are_an_error_and_not_a_crash(proxy: Proxy, origin: Origin) -> None:
    """A chunked request with trailers ends its connection without a crash of the layer."""
    sent = ask(origin, "/ok", "POST", "Transfer-Encoding: chunked\r\n") + b"2\r\nab\r\n0\r\nX-Trailer: 1\r\n\r\n"
    answer = await exchange(proxy.port, sent, whole=never)
    assert (answer.status, answer.state) == (400, "closed")
    assert origin.seen == []
    assert not proxy.grep("crashed")


async def test_no_socket_is_left_after_denials_in_mid_body(proxy: Proxy, origin: Origin) -> None:
    """Two hundred uploads denied while their bodies arrive leave no connection behind."""
    for _ in range(4):
        writers = []
        for _ in range(50):
            _, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
            writer.write(ask(origin, "/deny", "POST", "Content-Length: 3000000\r\n") + b"B" * 200_000)
            writers.append(writer)
        await asyncio.sleep(0.1)
        for writer in writers:
            writer.transport.abort()
    await until(lambda: proxy.established() == 0, "no connection left", 8)


@pytest.mark.parametrize("upgrade", ["h2c", "H2C", "h2c,x", "foo"])
async def test_an_unknown_upgrade_carries_no_bytes(proxy: Proxy, upgrade: str) -> None:
    """The request is refused by its header, and an upstream's unasked-for 101 is refused too."""

    async def switching(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: foo\r\n\r\nsecret")
        origin.received.append(await reader.read(1000))

    async with Origin(handler=switching) as origin:
        headers = f"Connection: upgrade\r\nUpgrade: {upgrade}\r\n"
        assert (await exchange(proxy.port, ask(origin, "/ok", extra=headers))).status == 403
        answer = await exchange(proxy.port, ask(origin, "/ok") + b"smuggled", whole=never)
        assert answer.status == 503
        assert b"secret" not in answer.raw
        await until(lambda: origin.received, "the end of the upstream connection")
        assert origin.received == [b""]


@pytest.mark.parametrize("last", ["revoke", "cut"])
async def test_a_websocket_ends_with_its_verdict(proxy: Proxy, last: str) -> None:
    """A message after revocation is not delivered and the connection is cut."""
    heard: list[object] = []

    async def echo(peer: websockets.asyncio.server.ServerConnection) -> None:
        async for message in peer:
            heard.append(message)
            await peer.send(message)

    async with websockets.asyncio.server.serve(echo, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        address = f"ws://127.0.0.1:{port}/"
        async with websockets.asyncio.client.connect(
            address, proxy=f"http://127.0.0.1:{proxy.port}", close_timeout=1
        ) as peer:
            await peer.send("a")
            assert await peer.recv() == "a"
            await peer.send(last)
            with pytest.raises(websockets.exceptions.ConnectionClosed):
                await asyncio.wait_for(peer.recv(), 3)
    assert heard == ["a"]


@pytest.mark.parametrize("frozen", [True, False])
@pytest.mark.parametrize("change", ["syntax error", "deleted", "touched"])
async def test_a_changed_script_never_opens_the_proxy(origin: Origin, frozen: bool, change: str) -> None:
    """Frozen, the script goes on deciding; not frozen, the seal answers for a script that is gone."""
    path = guarded(f"changing-{change.split(maxsplit=1)[0]}{'-frozen' if frozen else ''}")
    async with Proxy(scripts=[path], ready="ready with") as proxy:
        stat = path.stat()
        if change == "deleted":
            path.unlink()
        else:
            path.write_text("def broken(:\n" if change == "syntax error" else SOURCE)
            os.utime(path, (stat.st_atime + 60, stat.st_mtime + 60))
        if frozen:
            await asyncio.sleep(1.3)
        else:
            await proxy.says("Removing script" if change == "deleted" else "error in script|ready with.*")
            await until(lambda: len(proxy.grep("Loading script")) + 9 * (change == "deleted") > 1, "the watcher")
        alive = frozen or change == "touched"
        assert (await exchange(proxy.port, ask(origin, "/deny"))).status in ({403} if alive else {503})
        assert (await exchange(proxy.port, ask(origin, "/forget"))).status == 503
        assert (await exchange(proxy.port, ask(origin, "/ok"))).status in ({200} if alive else {503})
        assert len(origin.seen) == alive


async def test_nothing_passes_before_ready(origin: Origin) -> None:
    """Until somebody says ready, an admitted request is told to come back."""
    async with Proxy(scripts=[guarded("guarded-unready")], ready="ready with") as proxy:
        answer = await exchange(proxy.port, ask(origin, "/ok"))
        assert (answer.status, answer.headers["retry-after"]) == (503, "5")
        assert b"not_ready" in answer.body
    assert origin.connections == 0


async def test_nothing_new_passes_while_draining(proxy: Proxy, origin: Origin) -> None:
    """While `done` of an addon takes its time, a request on an open connection is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(ask(origin, "/ok"))
    assert (await read_answer(reader)).status == 200
    assert proxy.process is not None
    proxy.process.terminate()
    await proxy.says("done begins")
    writer.write(ask(origin, "/ok"))
    answer = await read_answer(reader)
    assert (answer.status, len(origin.seen)) == (503, 1)
    writer.transport.abort()


@pytest.mark.parametrize(
    ("arguments", "sentences"),
    [
        (("--set", "parclose_x=abc"), ["option `parclose_x`: unknown"]),
        (("--set", "parclose_edit=maybe"), ["option `parclose_edit`: `maybe` is not"]),
        (("--set", "parclose_policy=a", "--set", "parclose_policy=b"), ["given more than once"]),
        (("--set", "ssl_insecure=true", "--set", "anticache=true"), ["`ssl_insecure`", "`anticache`"]),
        (("--set", "validate_inbound_headers=false"), ["`validate_inbound_headers`"]),
        (("--ignore-hosts", "x", "--map-remote", "|a|b"), ["`ignore_hosts`", "`map_remote`"]),
        (("--set", "proxyauth=any"), ["`proxyauth`"]),
    ],
)
async def test_bad_options_end_the_start(arguments: tuple[str, ...], sentences: list[str]) -> None:
    """Exit code 2 within seconds, every offence named at once."""
    async with Proxy(*arguments, scripts=[guarded()], listens=False) as proxy:
        assert await proxy.exit_code(10) == 2
        for sentence in sentences:
            assert proxy.grep(f"parclose: .*{sentence}")


@pytest.mark.parametrize(
    "mode", ["reverse:tcp://127.0.0.1:1", "reverse:tls://127.0.0.1:1", "transparent", "dns", "wireguard"]
)
async def test_unguarded_modes_end_the_start(mode: str) -> None:
    """A listener that carries no HTTP is refused by name."""
    async with Proxy(scripts=[guarded()], modes=[mode], listens=False) as proxy:
        # mitmproxy's native part may crash (SIGSEGV) when the process ends while its WireGuard server is starting.
        assert await proxy.exit_code(10) in ({2, -11} if mode == "wireguard" else {2})
        assert proxy.grep("parclose: mode")


async def test_a_key_log_ends_the_start() -> None:
    """TLS keys are not written to a file beside a guard."""
    async with Proxy(scripts=[guarded()], env={"SSLKEYLOGFILE": str(FOLDER / "keys")}, listens=False) as proxy:
        assert await proxy.exit_code(10) == 2
        assert proxy.grep("`SSLKEYLOGFILE`")


async def test_a_listener_without_a_host_moves_to_the_loopback(origin: Origin) -> None:
    """Nobody chose an interface, so it is not every interface."""
    port = free_port()
    async with Proxy("--listen-port", str(port), scripts=[guarded()], modes=(), ready="ready with") as proxy:
        await proxy.says(f"listening at 127.0.0.1:{port}")
        assert (await exchange(port, ask(origin, "/ok"))).status == 200


async def test_reverse_https_opens_no_way_for_quic() -> None:
    """The UDP listener that mitmproxy opens beside reverse:https carries nothing."""
    async with Proxy(scripts=[guarded()], modes=["reverse:https://127.0.0.1:1"], ready="ready with") as proxy:
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=("127.0.0.1", proxy.port)
        )
        transport.sendto(b"\xc3" + b"\x00" * 1199)
        transport.sendto(b"hello")
        await proxy.says("refused 127.0.0.1 udp")
        transport.close()
