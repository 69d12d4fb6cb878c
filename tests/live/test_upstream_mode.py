"""Behind a parent proxy: if these fail, what is refused reaches the parent, or something goes past it."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Self

import pytest
import pytest_asyncio

from tests.live.certs import Certificate, make_certificate, serving
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

# No such host exists: who resolves the name, or connects past the parent, has nowhere to go.
FAR = "far.test"
SEGMENTS = """
segments:
  out:
    match: {listeners: [forward], hosts: [far.test], clients: [app]}
    network: {destinations: {deny: []}}
    routes:
      any /inside/**: authenticated
      write /scoped/**: things:write
"""


@dataclass
class Parent:
    """A parent proxy that keeps what it is sent, and knows one name."""

    plain: Origin
    secure: Origin
    certificate: Certificate | None = None
    heads: list[str] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        """Listen, with TLS where there is a certificate."""
        tls = serving(self.certificate) if self.certificate else None
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        """Stop."""
        assert self._server is not None
        self._server.close()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer each request by the origin that it is for; a CONNECT makes the connection a tunnel."""
        self.connections += 1
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                self.heads.append(head)
                tunnel = head.startswith("CONNECT ")
                found = re.match(r"CONNECT far\.test:(\d+) |\w+ http://far\.test:(\d+)", head)
                if not found:
                    writer.write(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n")
                    continue
                port = int(found[1] or found[2])
                to_reader, to_writer = await asyncio.open_connection("127.0.0.1", port)
                if not tunnel:
                    to_writer.write(head.encode())
                    writer.write(await to_reader.read(65536))
                    to_writer.close()
                    continue
                writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
                await asyncio.gather(pump(reader, to_writer), pump(to_reader, writer))
                return
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy one way until it ends."""
    try:
        while part := await reader.read(65536):
            writer.write(part)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@dataclass
class Ground:
    """A guard before a parent, and the origins behind that one."""

    guard: Guard
    parent: Parent

    @property
    def proof(self) -> str:
        """Return the header line that authenticates to the guard."""
        return self.guard.realm.bearer("", header="Proxy-Authorization")


@pytest_asyncio.fixture(scope="module", loop_scope="module", params=["http", "https"])
async def ground(request: pytest.FixtureRequest) -> AsyncIterator[Ground]:
    """A parent that is spoken to in the clear, and one with TLS."""
    authority = make_certificate("authority", is_ca=True)
    certificate = make_certificate("parent.test", authority)
    tls = serving(make_certificate(FAR, authority))
    async with (
        Origin() as plain,
        Origin(tls=tls) as secure,
        Parent(plain, secure, certificate if request.param == "https" else None) as parent,
    ):
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={authority.chain}")
        modes = (f"upstream:{request.param}://localhost:{parent.port}",)
        async with Guard(Realm(SEGMENTS), *trusts, modes=modes) as guard:
            yield Ground(guard, parent)


async def test_a_plain_request_goes_to_the_parent(ground: Ground) -> None:
    """As a whole URL, and without the credential that was for us."""
    here = f"{FAR}:{ground.parent.plain.port}"
    answer = await ground.guard.ask(message(f"GET http://{here}/inside/1", ground.proof, host=here))
    assert answer.status == 200
    assert ground.parent.heads[-1].startswith(f"GET http://{here}/inside/1 HTTP/1.1\r\n")
    assert "proxy-authorization" not in ground.parent.heads[-1].lower()


@pytest.mark.parametrize("tls", [True, False])
async def test_a_tunnel_goes_through_the_parent(ground: Ground, tls: bool) -> None:
    """A CONNECT of our own, without a credential, once a request inside was allowed; the certificate is checked."""
    origin = ground.parent.secure if tls else ground.parent.plain
    here, before = f"{FAR}:{origin.port}", ground.parent.connections
    async with Line(ground.guard.port) as line:
        assert (await line.connect(here, ground.proof)).status == 200
        assert ground.parent.connections == before
        if tls:
            await line.wrap(FAR)
        assert (await line.ask(message("GET /nowhere", host=here))).status == 404
        assert (await line.ask(message("POST /scoped/1", "Content-Length: 0", host=here))).status == 403
        assert ground.parent.connections == before
        assert (await line.ask(message("GET /inside/1", host=here))).status == 200
    assert ground.parent.connections == before + 1
    assert ground.parent.heads[-1].startswith(f"CONNECT {here} HTTP/1.1\r\n")
    assert "authorization" not in ground.parent.heads[-1].lower()
    assert origin.seen[-1].line == "GET /inside/1 HTTP/1.1"
    assert origin.seen[-1].header("Proxy-Authorization") == []


@pytest.mark.parametrize(
    ("line", "host", "known", "status"),
    [
        ("GET http://other.test/inside/1", "other.test", True, 403),
        ("GET http://far.test/nowhere", FAR, True, 404),
        ("GET http://far.test/inside/1", FAR, False, 407),
        ("POST http://far.test/scoped/1", FAR, True, 403),
        ("GET http://far.test/inside/1", "other.test", True, 400),
        ("GET https://far.test/inside/1", FAR, True, 400),
        ("GET http://localhost/inside/1", "localhost", True, 403),
        ("CONNECT other.test:443", "other.test:443", True, 403),
        ("CONNECT far.test:443", "far.test:443", False, 407),
        ("CONNECT localhost:443", "localhost:443", True, 403),
    ],
)
async def test_what_is_refused_never_reaches_the_parent(
    ground: Ground, line: str, host: str, known: bool, status: int
) -> None:
    """Neither a head nor a connection."""
    before = ground.parent.connections, len(ground.parent.heads)
    answer = await ground.guard.ask(message(line, *([ground.proof] if known else []), host=host))
    assert answer.status == status
    assert (ground.parent.connections, len(ground.parent.heads)) == before


async def test_what_the_parent_refuses_does_not_go_past_it(ground: Ground) -> None:
    """A parent that has no way says so; nobody tries another."""
    async with Line(ground.guard.port) as line:
        assert (await line.connect(f"{FAR}:1", ground.proof)).status == 200
        answer = await line.ask(message("GET /inside/1", host=f"{FAR}:1"))
        assert answer.status in (0, 502)
    assert ground.parent.heads[-1].startswith(f"CONNECT {FAR}:1 HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("network", "named"),
    [
        ("", "network.destinations"),
        ("network: {destinations: {deny: [loopback]}}", "network.destinations"),
        ("network: {destinations: {deny: []}, passthrough: [far.test]}", "network.passthrough"),
    ],
)
async def test_rules_on_addresses_refuse_the_start(network: str, named: str) -> None:
    """The parent resolves names: what cannot be held is said, and nothing is served."""
    text = SEGMENTS.replace("network: {destinations: {deny: []}}", network)
    async with Guard(Realm(text), modes=("upstream:http://127.0.0.1:9",), waits=False, listens=False) as guard:
        assert await guard.exit_code(10) != 0
        (said,) = guard.grep("cannot be held behind")
        assert f"segment `out`: `{named}`" in said
        assert "upstream:http://127.0.0.1:9" in said


async def test_rules_on_addresses_are_not_taken_up_later(ground: Ground) -> None:
    """A reload is asked the same; the last good policy stays in force."""
    realm = ground.guard.realm
    realm.write(SEGMENTS.replace("network: {destinations: {deny: []}}", ""))
    try:
        await ground.guard.says("policy refused, the last good one stays in force")
        await until(lambda: ground.guard.grep("cannot be held behind"), "the reason")
        here = f"{FAR}:{ground.parent.plain.port}"
        answer = await ground.guard.ask(message(f"GET http://{here}/inside/1", ground.proof, host=here))
        assert answer.status == 200
    finally:
        realm.write(SEGMENTS)
