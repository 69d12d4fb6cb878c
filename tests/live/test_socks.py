"""SOCKS5 as a way out: if these fail, a caller reaches by it what a CONNECT is refused, or nobody knows who it was."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.live.certs import make_certificate, serving
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

SEGMENTS = """
segments:
  out:
    match: {listeners: [forward], hosts: [localhost], clients: [robot, app]}
    network: {destinations: {deny: []}}
    routes:
      any /inside/**: authenticated
      write /scoped/**: things:write
  anyone:
    match: {listeners: [forward], hosts: ["127.0.0.1", "::1"], clients: [anonymous]}
    network: {destinations: {deny: []}}
    routes: {any /**: public}
  inner:
    match: {listeners: [forward], hosts: [intern.test, "127.0.0.2"], clients: [robot, anonymous]}
    routes: {any /**: public}
"""
DENIED, GRANTED = 2, 0


class Ground:
    """Two origins, plain and with TLS, and a guard that speaks SOCKS5."""

    def __init__(self, plain: Origin, secure: Origin, guard: Guard) -> None:
        """Hold them."""
        self.plain, self.secure, self.guard = plain, secure, guard

    @property
    def reached(self) -> int:
        """How many connections any origin has seen."""
        return self.plain.connections + self.secure.connections

    @property
    def key(self) -> tuple[str, str]:
        """The credential of a caller that is known."""
        return "key", self.guard.realm.key

    def line(self) -> Line:
        """Return a connection to the guard, to be opened."""
        return Line(self.guard.port)

    def last(self, count: int = 1) -> dict[str, Any]:
        """Return the last decision but `count` - 1."""
        return self.guard.realm.decisions()[-count]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard and two origins for the module."""
    authority = make_certificate("authority", is_ca=True)
    chain = serving(make_certificate("origin", authority))
    async with Origin() as plain, Origin(tls=chain) as secure:
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        async with Guard(Realm(SEGMENTS), *trusts, modes=("socks5",)) as guard:
            yield Ground(plain, secure, guard)


def asking(host: str, port: int, command: int = 1) -> bytes:
    """Return a SOCKS5 request."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        name = host.encode()
        to = bytes([3, len(name)]) + name
    else:
        to = bytes([1 if address.version == 4 else 4]) + address.packed
    return bytes([5, command, 0]) + to + port.to_bytes(2)


async def greet(line: Line, credential: tuple[str, str] | None) -> None:
    """Offer a credential, or none, and have it taken."""
    line.writer.write(b"\x05\x02\x00\x02" if credential else b"\x05\x01\x00")
    assert await line.reader.readexactly(2) == (b"\x05\x02" if credential else b"\x05\x00")
    if credential:
        user, password = (part.encode() for part in credential)
        line.writer.write(bytes([1, len(user)]) + user + bytes([len(password)]) + password)
        assert await line.reader.readexactly(2) == b"\x01\x00"


async def target(line: Line, host: str, port: int, credential: tuple[str, str] | None = None, command: int = 1) -> int:
    """Ask for a target and return the reply's code."""
    async with asyncio.timeout(3):
        await greet(line, credential)
        line.writer.write(asking(host, port, command))
        return (await line.reader.readexactly(10))[1]


async def test_a_key_opens_a_tunnel_whose_requests_are_judged(ground: Ground) -> None:
    """Plain and TLS: route and scope of each request, by the credential that SOCKS brought; which goes no further."""
    for origin, tls in ((ground.plain, False), (ground.secure, True)):
        async with ground.line() as line:
            here = f"localhost:{origin.port}"
            assert await target(line, "localhost", origin.port, ground.key) == GRANTED
            if tls:
                await line.wrap("localhost")
            assert (await line.ask(message("GET /inside/1", host=here))).status == 200
            assert origin.seen[-1].line == "GET /inside/1 HTTP/1.1"
            assert origin.seen[-1].header("Proxy-Authorization") == []
            assert (await line.ask(message("POST /scoped/1", "Content-Length: 0", host=here))).status == 403
            assert (await line.ask(message("GET /nowhere", host=here))).status == 404
    clients = [line["verdict"].get("client") for line in ground.guard.realm.decisions()[-4:]]
    assert clients == ["robot", "robot", "robot", None]  # where there is no route, nobody is asked for


async def test_a_target_is_on_record_as_a_tunnel_is(ground: Ground) -> None:
    """One decision and one outcome for the tunnel, one of each for what is inside."""
    before = len(ground.guard.realm.ledger())
    async with ground.line() as line:
        assert await target(line, "localhost", ground.plain.port, ground.key) == GRANTED
        assert (await line.ask(message("GET /inside/2", host=f"localhost:{ground.plain.port}"))).status == 200

    def ended() -> list[dict[str, Any]]:
        return ground.guard.realm.ledger()[before:]

    await until(lambda: len(ended()) >= 4, "two decisions and two outcomes")
    tunnel, inside = (line for line in ended() if line["type"] == "decision")
    assert (tunnel["method"], tunnel["host"], tunnel["port"]) == ("CONNECT", "localhost", ground.plain.port)
    assert tunnel["connect"] is True
    assert tunnel["cred"]["kind"] == ["api_key"]
    assert inside["tunnel"] is True
    assert ground.guard.realm.key not in ground.guard.realm.ledger_path.read_text()
    outcomes = {line["decision"]: line["end"] for line in ended() if line["type"] == "outcome"}
    assert outcomes == {tunnel["decision"]: "complete", inside["decision"]: "complete"}


@pytest.mark.parametrize(
    ("host", "credential", "reason"),
    [
        ("localhost", None, "credential_missing"),
        ("localhost", ("key", "wrong"), "key_unknown"),
        ("localhost", ("robot", "secret"), "credential_not_accepted"),
        ("localhost", ("token", "a.b.c"), "token_invalid"),
        ("other.test", ("key", ""), "egress_denied"),
        ("localhost.evil.test", None, "egress_denied"),
        ("127.1", None, "egress_denied"),
        ("2130706433", None, "egress_denied"),
        ("intern.test", None, "destination_denied"),
        ("127.0.0.2", None, "destination_denied"),
        ("::ffff:127.0.0.1", None, "egress_denied"),
        ("user@localhost", None, "request_malformed"),
        ("", None, "request_malformed"),
        ("a b", None, "request_malformed"),
    ],
)
async def test_a_target_is_refused(
    ground: Ground, host: str, credential: tuple[str, str] | None, reason: str
) -> None:  # fmt: skip
    """Reply 2 and the end, for a target that nobody takes, or a caller that is not for it; nothing is opened."""
    before, told = ground.reached, len(ground.guard.realm.decisions())
    async with ground.line() as line:
        assert await target(line, host, ground.plain.port, credential) == DENIED
        assert await line.is_closed()
    await until(lambda: len(ground.guard.realm.decisions()) > told, "the decision")
    assert ground.last()["verdict"]["reason"] == reason
    assert ground.reached == before


async def test_nobody_needs_a_name_where_a_segment_takes_anybody(ground: Ground) -> None:
    """An anonymous caller passes where `anonymous` is written, and an address is a target like a name."""
    async with ground.line() as line:
        assert await target(line, "127.0.0.1", ground.plain.port) == GRANTED
        assert (await line.ask(message("GET /x", host=f"127.0.0.1:{ground.plain.port}"))).status == 200


@pytest.mark.parametrize("host", ["localhost", "intern.test", "127.0.0.2"])
async def test_an_address_is_not_turned_into_a_name(ground: Ground, host: str) -> None:
    """A target and the Host inside name one destination: who asks for an address has to name it."""
    seen = len(ground.plain.seen)
    async with ground.line() as line:
        assert await target(line, "127.0.0.1", ground.plain.port) == GRANTED
        assert (await line.ask(message("GET /inside/1", host=f"{host}:{ground.plain.port}"))).status == 400
    assert len(ground.plain.seen) == seen


@pytest.mark.parametrize(
    ("sni", "host"), [("other.test", "localhost:{port}"), ("localhost", "intern.test"), ("localhost", "localhost:1")]
)
async def test_names_inside_must_agree(ground: Ground, sni: str, host: str) -> None:
    """Target, TLS name and Host, as in a CONNECT."""
    seen = len(ground.secure.seen)
    async with ground.line() as line:
        assert await target(line, "localhost", ground.secure.port, ground.key) == GRANTED
        await line.wrap(sni)
        answer = await line.ask(message("GET /inside/1", host=host.format(port=ground.secure.port)))
        assert answer.status in (400, 421)
    assert len(ground.secure.seen) == seen


@pytest.mark.parametrize("command", [2, 3])
async def test_there_is_nothing_but_connect(ground: Ground, command: int) -> None:
    """BIND and UDP ASSOCIATE are refused by their reply."""
    before = ground.reached
    async with ground.line() as line:
        assert await target(line, "localhost", ground.plain.port, ground.key, command) == 7
        assert await line.is_closed()
    assert ground.reached == before


@pytest.mark.parametrize(
    "data",
    [b"\x00\x01\x02\x03binary\n", b"SSH-2.0-x\r\n", b"\x05\x01\x00", b"CONNECT localhost:1 HTTP/1.1\r\n\r\n"],
    ids=["binary", "ssh", "socks", "connect"],
)
async def test_bytes_that_are_not_http_go_nowhere(ground: Ground, data: bytes) -> None:
    """Raw bytes in a tunnel of SOCKS are cut, whether they come behind the request or with it."""
    before, seen = ground.reached, len(ground.plain.seen)
    for together in (True, False):
        async with ground.line() as line:
            await greet(line, ground.key)
            line.writer.write(asking("localhost", ground.plain.port) + (data if together else b""))
            assert (await line.reader.readexactly(10))[1] == GRANTED
            if not together:
                line.writer.write(data)
            answer = await read_answer(line.reader, timeout_s=2, whole=lambda _: False)
            assert answer.status in (0, 400)
            assert answer.state in ("closed", "reset")
    assert len(ground.plain.seen) == seen
    assert ground.reached == before


@pytest.mark.parametrize(
    "data", [b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\x04\x01\x00\x50", b"\x16\x03\x01"]
)
async def test_another_protocol_is_closed(ground: Ground, data: bytes) -> None:
    """HTTP, SOCKS4 and TLS at the port of SOCKS5 are closed without an answer, and on record."""
    told = len(ground.guard.realm.ledger())
    async with ground.line() as line:
        answer = await line.ask(data, timeout_s=2)
        assert (answer.raw, answer.state in ("closed", "reset")) == (b"", True)
    await until(lambda: len(ground.guard.realm.ledger()) > told, "the record")
    assert ground.guard.realm.ledger()[-1]["end"] == "socks"


async def test_no_password_is_in_the_log(ground: Ground) -> None:
    """A client that leaves in the middle of its handshake leaves nothing of it behind."""
    async with ground.line() as line:
        line.writer.write(b"\x05\x01\x02")
        await line.reader.readexactly(2)
        line.writer.write(b"\x01\x03key\x20hunter2")
        await line.writer.drain()
    await test_there_is_nothing_but_connect(ground, 2)
    assert not ground.guard.grep("hunter2|crashed")
    assert not ground.guard.grep(ground.guard.realm.key)
