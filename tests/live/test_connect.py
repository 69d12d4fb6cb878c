"""Checklist 15, 16, 17, 21: tunnels for allowed hosts alone, one name throughout, and HTTP inside or nothing.

If these fail, a tunnel to one host carries requests to another, or bytes that no rule has seen.
"""

import socket
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.live.certs import make_certificate, serving, unverified
from tests.live.clients import H2Client, Line, pairs
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin, never

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [app]}
    network: {destinations: {deny: []}}
    routes:
      any /inside/**: authenticated
      read /scoped/**: things:read
  inner:
    match: {listeners: [forward], hosts: ["intern.test", "127.0.0.1"], clients: [app]}
    routes: {any /**: authenticated}
  front:
    match: {hosts: [api.test], clients: [anonymous]}
    routes: {any /**: public}
"""


class Ground:
    """A plain origin, one with TLS, and a guard that goes both ways: port 0 forward, port 1 reverse."""

    def __init__(self, plain: Origin, secure: Origin, guard: Guard) -> None:
        """Hold them."""
        self.plain, self.secure, self.guard = plain, secure, guard

    @property
    def reached(self) -> int:
        """How many connections any origin has seen."""
        return self.plain.connections + self.secure.connections

    def bearer(self, scope: str = "") -> str:
        """Return the header line that authenticates to the proxy."""
        return self.guard.realm.bearer(scope, header="Proxy-Authorization")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard and two origins for the module."""
    authority = make_certificate("authority", is_ca=True)
    chain = serving(make_certificate("origin", authority))
    async with Origin() as plain, Origin(tls=chain) as secure:
        modes = ("regular", f"reverse:http://127.0.0.1:{plain.port}")
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        async with Guard(Realm(SEGMENTS), *trusts, modes=modes) as guard:
            yield Ground(plain, secure, guard)


@pytest.mark.parametrize(
    ("target", "statuses"),
    [
        ("other.test:443", {403}),
        ("localhost.evil.test:443", {403}),
        ("127.0.0.1:{port}", {403}),
        ("[::1]:{port}", {403}),
        ("2130706433:{port}", {400, 403}),
        ("0x7f000001:{port}", {400, 403}),
        ("127.1:{port}", {400, 403}),
        ("0:{port}", {400, 403}),
        ("/x", {400}),
        ("*", {400}),
        (":443", {400}),
        ("localhost", {400}),
        ("localhost:0", {400}),
        ("localhost:99999", {400}),
        ("user@localhost:443", {400}),
        ("intern.test:443", {403}),
    ],
)
async def test_a_tunnel_is_refused(ground: Ground, target: str, statuses: set[int]) -> None:
    """CONNECT to what no segment takes, or what is no host and port, is refused and the connection closed."""
    before = ground.reached
    data = f"CONNECT {target.format(port=ground.plain.port)} HTTP/1.1\r\n{ground.bearer()}\r\n\r\n".encode()
    answer = await ground.guard.ask(data, whole=never, timeout_s=2)
    assert answer.status in statuses
    assert answer.state in ("closed", "reset")
    assert ground.reached == before


async def test_a_tunnel_needs_a_caller(ground: Ground) -> None:
    """Without credentials a CONNECT is 407 with a challenge; with bad ones too; with two it is 400."""
    target = f"localhost:{ground.plain.port}"
    answer = await ground.guard.ask(message(f"CONNECT {target}", host=target))
    assert answer.status == 407
    assert "Basic" in answer.raw.decode()
    bad = "Proxy-Authorization: Bearer a.b.c"
    assert (await ground.guard.ask(message(f"CONNECT {target}", bad, host=target))).status == 407
    assert (await ground.guard.ask(message(f"CONNECT {target}", ground.bearer(), bad, host=target))).status == 400


@pytest.mark.parametrize("port", [53, 5353])
async def test_a_port_of_names_is_no_way_out(ground: Ground, port: int) -> None:
    """CONNECT to 53 or 5353, which mitmproxy reads as DNS, carries no bytes: refused, or closed at the first."""
    async with Line(ground.guard.ports[0]) as line:
        answer = await line.connect(f"localhost:{port}", ground.bearer())
        if answer.status == 200:
            line.writer.write(
                b"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"
            )
            assert await line.is_closed()
        else:
            assert answer.status in (400, 403)


async def test_a_lower_case_connect_opens_nothing(ground: Ground) -> None:
    """`connect http://host/` is no way round: mitmproxy takes it for a CONNECT."""
    before = ground.reached
    target = f"localhost:{ground.plain.port}"
    for line in (f"connect http://{target}/", f"connect {target}", f"Connect {target}"):
        answer = await ground.guard.ask(message(line, ground.bearer(), host=target), whole=never, timeout_s=2)
        assert answer.status in (400, 403, 405)
        assert answer.state in ("closed", "reset")
    assert ground.reached == before


async def test_a_refused_connect_leaves_nothing_usable(ground: Ground) -> None:
    """What follows a refused CONNECT on its connection is not taken for a request."""
    seen = len(ground.plain.seen)
    here = f"localhost:{ground.plain.port}"
    follow = message(f"GET http://{here}/inside/after", ground.bearer(), host=here)
    answer = await ground.guard.ask(message("CONNECT other.test:443", host="other.test:443") + follow, whole=never)
    assert answer.status in (403, 407)
    assert len(ground.plain.seen) == seen


async def test_a_request_in_a_tunnel_walks_every_stage(ground: Ground) -> None:
    """Inside a tunnel, plain and TLS, each request is judged: route, scope, and the credential is removed."""
    for origin, tls in ((ground.plain, False), (ground.secure, True)):
        async with Line(ground.guard.ports[0]) as line:
            here = f"localhost:{origin.port}"
            assert (await line.connect(here, ground.bearer("things:write"))).status == 200
            if tls:
                await line.wrap("localhost")
            assert (await line.ask(message("GET /inside/1", host=here))).status == 200
            assert origin.seen[-1].line == "GET /inside/1 HTTP/1.1"
            assert origin.seen[-1].header("Proxy-Authorization") == []
            assert (await line.ask(message("GET /scoped/1", host=here))).status == 403
            assert (await line.ask(message("GET /nowhere", host=here))).status == 404


@pytest.mark.parametrize(
    ("sni", "host", "line"),
    [
        ("other.test", "localhost:{port}", "GET /inside/1"),
        ("intern.test", "localhost:{port}", "GET /inside/1"),
        ("localhost", "other.test", "GET /inside/1"),
        ("localhost", "intern.test", "GET /inside/1"),
        ("localhost", "localhost:1", "GET /inside/1"),
        ("localhost", "localhost", "GET /inside/1"),
        ("localhost", "localhost:{port}", "GET https://intern.test/inside/1"),
        ("localhost", "localhost:{port}", "GET https://localhost:{port}/inside/1"),
        ("localhost", "localhost:{port}", "GET http://localhost:{port}/inside/1"),
    ],
)
async def test_names_in_a_tunnel_must_agree(ground: Ground, sni: str, host: str, line: str) -> None:
    """CONNECT, TLS name, Host and an absolute target name one destination, or the request is refused."""
    seen = len(ground.secure.seen)
    port = ground.secure.port
    async with Line(ground.guard.ports[0]) as client:
        assert (await client.connect(f"localhost:{port}", ground.bearer())).status == 200
        await client.wrap(sni)
        answer = await client.ask(message(line.format(port=port), host=host.format(port=port)))
        assert answer.status in (400, 421)
    assert len(ground.secure.seen) == seen


@pytest.mark.parametrize("line", ["GET http://localhost:{port}/inside/1", "GET http://intern.test/inside/1"])
async def test_an_absolute_target_in_a_plain_tunnel_is_refused(ground: Ground, line: str) -> None:
    """Absolute form inside a tunnel would reach the origin as it is: 400."""
    seen = len(ground.plain.seen)
    async with Line(ground.guard.ports[0]) as client:
        here = f"localhost:{ground.plain.port}"
        assert (await client.connect(here, ground.bearer())).status == 200
        assert (await client.ask(message(line.format(port=ground.plain.port), host=here))).status == 400
    assert len(ground.plain.seen) == seen


@pytest.mark.parametrize(
    ("authority", "extra"),
    [("other.test", ()), ("intern.test", ()), ("localhost:{port}", (("host", "other.test"),)), ("localhost:1", ())],
)
async def test_names_in_a_tunnel_must_agree_over_http2(
    ground: Ground, authority: str, extra: tuple[tuple[str, str], ...]
) -> None:
    """The same for `:authority` and a Host beside it."""
    seen = len(ground.secure.seen)
    async with Line(ground.guard.ports[0]) as line:
        assert (await line.connect(f"localhost:{ground.secure.port}", ground.bearer())).status == 200
        await line.wrap("localhost", ("h2",))
        client = await H2Client(0).adopt(line.reader, line.writer)
        stream = await client.ask(
            pairs("GET", "/inside/1", *extra, authority=authority.format(port=ground.secure.port))
        )
        assert stream.status in (400, 421) or stream.reset is not None or client.closed
        await client.__aexit__()
    assert len(ground.secure.seen) == seen


@pytest.mark.parametrize(
    ("target", "host"),
    [
        ("http://localhost:{port}/inside/1", "other.test"),
        ("http://localhost:{port}/inside/1", "intern.test"),
        ("http://localhost:{port}/inside/1", "localhost"),
        ("http://other.test/", "localhost:{port}"),
        ("/inside/1", "localhost:{port}"),
        ("https://localhost:{port}/inside/1", "intern.test"),
    ],
)
async def test_names_in_a_plain_request_must_agree(ground: Ground, target: str, host: str) -> None:
    """An absolute target and Host name one destination, or the request is refused."""
    seen = len(ground.plain.seen)
    port = ground.plain.port
    request = message(f"GET {target.format(port=port)}", ground.bearer(), host=host.format(port=port))
    answer = await ground.guard.ask(request)
    assert answer.status in (400, 403) or (target.startswith("/") and answer.status == 200)
    if not target.startswith("/"):
        assert len(ground.plain.seen) == seen


@pytest.mark.parametrize("target", ["http://api.test/x", "http://other.test/x", "HTTP://api.test/x", "http://api.test"])
async def test_an_absolute_target_before_an_api_is_refused(ground: Ground, target: str) -> None:
    """Reverse mode knows no absolute form: 400, and the origin sees nothing."""
    before = ground.plain.connections
    assert (await ground.guard.ask(message(f"GET {target}"), port=ground.guard.ports[1])).status == 400
    assert ground.plain.connections == before


@pytest.mark.parametrize(("sni", "host", "status"), [("api.test", "api.test", 200), ("other.test", "api.test", 421)])
async def test_the_tls_name_before_an_api_must_agree(ground: Ground, sni: str, host: str, status: int) -> None:
    """In reverse mode TLS name and Host agree, on HTTP/1 and HTTP/2, or the answer is 421."""
    port = ground.guard.ports[1]
    answer = await ground.guard.ask(message("GET /x", host=host), port=port, tls=unverified(), name=sni)
    assert answer.status == status
    async with H2Client(port, name=sni) as client:
        assert (await client.ask(pairs("GET", "/x", authority=host))).status == status


RAW = {
    "binary": b"\x00\x01\x02\x03binary\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2\r\n",
    "smtp": b"EHLO evil.test\r\n",
    "dns": b"\x00\x1d\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01",
    "socks": b"\x05\x01\x00",
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "proxy protocol": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\nGET /x HTTP/1.1\r\nHost: api.test\r\n\r\n",
    "proxy protocol 2": b"\r\n\r\n\x00\r\nQUIT\n\x21\x11\x00\x0c" + bytes(12),
}


@pytest.mark.parametrize("what", RAW)
@pytest.mark.parametrize("where", ["forward", "reverse", "tunnel", "tls"])
async def test_bytes_that_are_not_http_go_nowhere(ground: Ground, where: str, what: str) -> None:
    """Raw bytes outside and inside a tunnel never reach an origin; the client is answered 400 or closed."""
    received = len(ground.plain.seen) + len(ground.secure.seen)
    before = ground.reached
    async with Line(ground.guard.ports[1 if where == "reverse" else 0]) as line:
        if where in ("tunnel", "tls"):
            origin = ground.secure if where == "tls" else ground.plain
            assert (await line.connect(f"localhost:{origin.port}", ground.bearer())).status == 200
        if where == "tls":
            await line.wrap("localhost")
        answer = await line.ask(RAW[what] + b"\r\n\r\n", timeout_s=1)
        assert answer.status in (0, 400, 408)
    assert ground.reached == before
    assert len(ground.plain.seen) + len(ground.secure.seen) == received


async def test_nothing_listens_on_udp(ground: Ground) -> None:
    """No UDP socket stands beside the listeners: QUIC and UDP find nobody."""
    for port in ground.guard.ports:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect(("127.0.0.1", port))
            probe.settimeout(0.3)
            probe.send(b"\xc3" + bytes(1200))
            with pytest.raises((ConnectionRefusedError, TimeoutError)) as caught:
                probe.recv(100)
            assert caught.type is ConnectionRefusedError
