"""Each kind of traffic passes once: what a guard must not break while it guards.

If these fail, Parclose is safe as a switched-off machine is safe.
"""

import asyncio
import base64

import pytest
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import InvalidStatus

from tests.live.certs import make_certificate, serving, unverified
from tests.live.clients import H2Client, Line, pairs
from tests.live.realm import HOST, Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

EGRESS = """
segments:
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app, robot]}
    network: {destinations: {deny: []}}
    routes: {any /**: authenticated}
"""


async def test_http1_with_token_and_key() -> None:
    """HTTP/1.1, plain and over TLS, with a bearer token and with an API key."""
    async with Origin() as origin, Guard(Realm(), upstream=origin) as guard:
        for tls in (None, unverified()):
            for header in (guard.realm.bearer(), f"X-Api-Key: {guard.realm.key}"):
                request = message("GET /things/1?x=1&y=2", header)
                answer = await guard.ask(request, tls=tls, name=HOST if tls else None)
                assert answer.status == 200
                assert answer.body == origin.body
        assert [seen.line for seen in origin.seen] == ["GET /things/1?x=1&y=2 HTTP/1.1"] * 4
        answer = await guard.ask(message("POST /things", guard.realm.bearer(), body=b'{"a": 1}'))
        assert answer.status == 200
        assert origin.seen[-1].body == b'{"a": 1}'


async def test_http2_over_tls() -> None:
    """HTTP/2 with bodies both ways, many streams at once, towards an HTTP/1 origin."""
    async with Origin(body=b"b" * 200_000) as origin, Guard(Realm(), upstream=origin) as guard:
        bearer = ("authorization", guard.realm.bearer().partition(": ")[2])
        async with H2Client(guard.port) as client:
            streams = [client.send(pairs("GET", f"/things/{number}", bearer)) for number in range(10)]
            for stream in streams:
                answer = await client.answer(stream)
                assert (answer.status, len(answer.body)) == (200, 200_000)
            assert (await client.ask(pairs("POST", "/things", bearer), body=b"p" * 5000)).status == 200
        assert origin.seen[-1].body == b"p" * 5000
        assert origin.seen[-1].header("Host") == [HOST]


async def echo(connection: ServerConnection) -> None:
    """Send back what comes."""
    async for said in connection:
        await connection.send(said)


async def test_websocket() -> None:
    """An allowed upgrade talks both ways; a refused one never reaches the origin."""
    reached = []

    async def noted(connection: ServerConnection) -> None:
        reached.append(connection.request)
        await echo(connection)

    async with serve(noted, "127.0.0.1", 0) as server:
        port = next(iter(server.sockets)).getsockname()[1]
        async with Guard(Realm(), modes=(f"reverse:http://127.0.0.1:{port}",)) as guard:
            url, here = f"ws://{HOST}/things/feed", "127.0.0.1"
            with pytest.raises(InvalidStatus) as refused:
                await connect(url, proxy=None, host=here, port=guard.port)
            assert refused.value.response.status_code == 401
            assert reached == []
            headers = {"Authorization": guard.realm.bearer().partition(": ")[2]}
            going = connect(url, additional_headers=headers, proxy=None, host=here, port=guard.port)
            async with going as client:
                for said in ("hello", b"\x00bytes", "x" * 100_000):
                    await client.send(said)
                    assert await client.recv() == said
            assert len(reached) == 1
        assert [line["verdict"]["action"] for line in guard.realm.ledger() if "verdict" in line].count("allow") == 1


async def test_events_arrive_as_they_are_sent() -> None:
    """Server-sent events are streamed: each is seen by the client before the next one is sent."""
    go_on = asyncio.Queue[bool]()

    async def events(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
        for number in range(4):
            writer.write(b"9\r\ndata: %d\n\n\r\n" % number)
            await writer.drain()
            await go_on.get()
        writer.write(b"0\r\n\r\n")
        await writer.drain()

    async with Origin(handler=events) as origin, Guard(Realm(), upstream=origin) as guard, Line(guard.port) as line:
        line.writer.write(message("GET /open/events"))
        for number in range(4):
            async with asyncio.timeout(3):
                await line.reader.readuntil(b"data: %d\n\n" % number)
            go_on.put_nowait(True)
        async with asyncio.timeout(3):
            await line.reader.readuntil(b"0\r\n\r\n")


async def test_a_large_download_is_streamed() -> None:
    """A response of 12 MB passes whole and is not kept in memory."""
    size = 12 * 1024 * 1024
    async with Origin(body=b"d" * size) as origin, Guard(Realm(), upstream=origin) as guard:
        before = guard.rss_kib()
        answer = await guard.ask(message("GET /open/large"), timeout_s=20)
        assert (answer.status, len(answer.body)) == (200, size)
        assert guard.rss_kib() - before < size // 1024 // 2


async def test_forward_mode() -> None:
    """Forward, plain and by CONNECT, identified by Bearer and by Basic with a token or a key."""
    authority = make_certificate("authority", is_ca=True)
    async with Origin() as plain, Origin(tls=serving(make_certificate("origin", authority))) as secure:
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        async with Guard(Realm(EGRESS), *trusts) as guard:
            realm = guard.realm
            pairs_of = [("token", realm.token()), ("key", realm.key)]
            basics = [base64.b64encode(f"{user}:{secret}".encode()).decode() for user, secret in pairs_of]
            credentials = [realm.bearer(), *(f"Authorization: Basic {basic}" for basic in basics)]
            for credential in credentials:
                proxy_credential = f"Proxy-{credential}"
                here = f"localhost:{plain.port}"
                # The credential of the caller towards the origin is the origin's business and passes untouched.
                own = "Authorization: Bearer for-the-origin"
                request = message(f"GET http://{here}/a", proxy_credential, own, host=here)
                assert (await guard.ask(request)).status == 200
                assert plain.seen[-1].line == "GET /a HTTP/1.1"
                assert plain.seen[-1].header("Authorization") == ["Bearer for-the-origin"]
                assert plain.seen[-1].header("Proxy-Authorization") == []
                there = f"localhost:{secure.port}"
                async with Line(guard.port) as line:
                    assert (await line.connect(there, proxy_credential)).status == 200
                    await line.wrap("localhost")
                    for _ in range(2):
                        assert (await line.ask(message("GET /b", own, host=there))).status == 200
                assert secure.seen[-1].header("Authorization") == ["Bearer for-the-origin"]
                assert secure.seen[-1].header("Proxy-Authorization") == []
            assert (await guard.ask(message(f"GET http://{here}/a", host=here))).status == 407
            assert (len(plain.seen), len(secure.seen)) == (3, 6)


async def test_http2_in_a_tunnel() -> None:
    """HTTP/2 inside CONNECT, several streams, towards an HTTP/1 origin."""
    authority = make_certificate("authority", is_ca=True)
    async with Origin(tls=serving(make_certificate("origin", authority))) as secure:
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        async with Guard(Realm(EGRESS), *trusts) as guard, Line(guard.port) as line:
            there = f"localhost:{secure.port}"
            assert (await line.connect(there, guard.realm.bearer(header="Proxy-Authorization"))).status == 200
            await line.wrap("localhost", ("h2",))
            client = await H2Client(0).adopt(line.reader, line.writer)
            streams = [client.send(pairs("GET", f"/{number}", authority=there)) for number in range(5)]
            assert [(await client.answer(stream)).status for stream in streams] == [200] * 5
            await client.__aexit__()
        assert len(secure.seen) == 5


async def test_several_upstreams() -> None:
    """Segments name their upstreams; `rewrite` changes the Host, `keep` does not; the listener's own is the rest."""
    authority = make_certificate("authority", is_ca=True)
    chain = serving(make_certificate("origin", authority))
    async with Origin() as own, Origin() as first, Origin(tls=chain) as second:
        text = """
        segments:
          rest:
            match: {hosts: [api.test], clients: [anonymous]}
            routes: {read /**: public}
          one:
            match: {hosts: [api.test], paths: [/one/**], clients: [anonymous]}
            upstream: first
            routes: {read /**: public}
          two:
            match: {hosts: [api.test], paths: [/two/**], clients: [anonymous]}
            upstream: second
            routes: {read /**: public}
        """
        more = f"""
        upstreams:
          first: {{url: "http://127.0.0.1:{first.port}"}}
          second: {{url: "https://localhost:{second.port}", host_header: rewrite, tls: {{ca: authority.crt}}}}
        """
        realm = Realm(text, more=more, files={"authority.crt": authority.chain.read_text()})
        async with Guard(realm, upstream=own) as guard, Line(guard.port) as line:
            for number in range(3):
                for path in ("/rest", "/one/x", "/two/x"):
                    assert (await line.ask(message(f"GET {path}?{number}"))).status == 200
        assert [len(origin.seen) for origin in (own, first, second)] == [3, 3, 3]
        assert own.seen[0].header("Host") == [HOST]
        assert first.seen[0].header("Host") == [HOST]
        assert second.seen[0].header("Host") == [f"localhost:{second.port}"]


async def test_limits_are_told_and_held() -> None:
    """The headers of a limit stand on allowed answers, and what is over is 429 with `Retry-After`."""
    text = """
    segments:
      things:
        match: {hosts: [api.test], clients: [app, anonymous]}
        limits: {few: {key: "subject|ip", rate: 3/h}}
        routes: {read /**: public}
    """
    async with Origin() as origin, Guard(Realm(text), upstream=origin) as guard:
        answers = [await guard.ask(message("GET /x")) for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers[:4]] == [
            '"few";r=2',
            '"few";r=1',
            '"few";r=0',
            '"few";r=0',
        ]
        assert answers[0].headers["ratelimit-policy"] == '"few";q=3;w=3600'
        assert int(answers[4].headers["retry-after"]) > 0
        assert (await guard.ask(message("GET /x", guard.realm.bearer()))).status == 200
        assert len(origin.seen) == 4
