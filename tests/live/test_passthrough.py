"""TLS that stays closed: if these fail, a tunnel carries what no rule allows, or nobody knows that it was there."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.hooks.hellos import hello_of, with_extension
from tests.live.certs import Certificate, make_certificate, serving
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.test_socks import asking
from tests.live.wire import Origin, read_answer

pytestmark = [pytest.mark.live, pytest.mark.asyncio(loop_scope="module")]

# Three names of the loopback: one stays closed for who is known, one for anybody, one is opened.
SEGMENTS = """
segments:
  closed:
    match: {listeners: [forward], hosts: [localhost], clients: [app, robot]}
    network: {destinations: {deny: []}, passthrough: [localhost]}
    routes: {any /**: authenticated}
  anyone:
    match: {listeners: [forward], hosts: [ip6-localhost], clients: [anonymous]}
    network: {destinations: {deny: []}, passthrough: [ip6-localhost]}
    routes: {any /**: public}
  opened:
    match: {listeners: [forward], hosts: [LOCAL], clients: [app, robot]}
    network: {destinations: {deny: []}, passthrough: [localhost]}
    routes: {any /**: authenticated}
  inner:
    match: {listeners: [forward], hosts: ["*.localhost"], clients: [app]}
    network: {passthrough: ["*.localhost"]}
    routes: {any /**: authenticated}
""".replace("LOCAL", '"127.0.0.1"')


class Ground:
    """Origins: one whose certificate is known, one without TLS, one for bytes. A guard: port 0 CONNECT, 1 SOCKS5."""

    def __init__(self, origins: tuple[Origin, Origin, Origin], guard: Guard, certificate: Certificate) -> None:
        """Hold them."""
        self.secure, self.plain, self.raw = origins
        self.guard, self.certificate = guard, certificate

    @property
    def proof(self) -> str:
        """Return the header line that authenticates to the proxy."""
        return self.guard.realm.bearer(header="Proxy-Authorization")

    @property
    def shown(self) -> bytes:
        """The certificate that the origin shows, in DER."""
        return ssl.PEM_cert_to_DER_cert(self.certificate.chain.read_text())

    async def open(self, line: Line, host: str = "localhost", *, port: int = 0) -> int:
        """Ask for a tunnel and return the status."""
        return (await line.connect(f"{host}:{port or self.secure.port}", self.proof)).status

    async def outcome(self, count: int) -> dict[str, Any]:
        """Return the outcome of the first of the decisions that follow `count` lines."""

        def ended() -> list[dict[str, Any]]:
            lines = self.guard.realm.ledger()[count:]
            first = next((line["decision"] for line in lines if line["type"] == "decision"), None)
            return [line for line in lines if line["type"] == "outcome" and line["decision"] == first]

        await until(ended, "the outcome")
        return ended()[0]


async def answer_bytes(origin: Origin, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Keep what comes, and answer with what could be TLS."""
    while part := await reader.read(65536):
        origin.received.append(part)
        writer.write(b"\x16\x03\x03 so it came")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def ground() -> AsyncIterator[Ground]:
    """One guard and two origins for the module; what the guard trusts makes no difference where it opens nothing."""
    certificate = make_certificate("origin.test")
    tls = serving(certificate, ("http/1.1",))
    async with Origin(tls=tls) as secure, Origin() as plain, Origin(handler=answer_bytes) as raw:
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={certificate.chain}")
        async with Guard(Realm(SEGMENTS), *trusts, modes=("regular", "socks5")) as guard:
            yield Ground((secure, plain, raw), guard, certificate)


def certificate_of(line: Line) -> bytes:
    """Return the certificate that a client was shown."""
    held = line.writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    assert isinstance(held, bytes)
    return held


async def test_the_client_sees_the_origin_itself(ground: Ground) -> None:
    """Its certificate, its protocol, and each byte of a large answer; the requests are on nobody's record."""
    before = len(ground.guard.realm.ledger())
    ground.secure.body = bytes(range(256)) * 4096
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line) == 200
        await line.wrap("localhost", ("http/1.1",))
        assert certificate_of(line) == ground.shown
        assert line.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        for _ in range(2):
            answer = await line.ask(message("GET /nobody/sees", host="anything.test"))
            assert (answer.status, answer.body) == (200, ground.secure.body)
    assert ground.secure.seen[-1].line == "GET /nobody/sees HTTP/1.1"
    assert ground.secure.seen[-1].header("Host") == ["anything.test"]
    outcome = await ground.outcome(before)
    decision, *rest = (line for line in ground.guard.realm.ledger()[before:] if line["type"] == "decision")
    assert rest == []
    verdict = decision["verdict"]
    assert (decision["method"], decision["host"], decision["connect"]) == ("CONNECT", "localhost", True)
    assert (verdict["action"], verdict["detail"], verdict["segment"]) == ("allow", "passthrough", "closed")
    assert (outcome["decision"], outcome["end"], outcome["passthrough"]) == (decision["decision"], "complete", True)
    assert outcome["sent_bytes"] > 2 * len(ground.secure.body)
    assert 500 < outcome["received_bytes"] < 5000
    assert outcome["dur_ms"] >= 0


async def test_through_socks_too(ground: Ground) -> None:
    """A target of SOCKS5 stays closed by the same rules."""
    async with Line(ground.guard.ports[1]) as line:
        key = ground.guard.realm.key.encode()
        line.writer.write(b"\x05\x01\x02")
        assert await line.reader.readexactly(2) == b"\x05\x02"
        line.writer.write(b"\x01\x03key" + bytes([len(key)]) + key)
        assert await line.reader.readexactly(2) == b"\x01\x00"
        line.writer.write(asking("localhost", ground.secure.port))
        assert (await line.reader.readexactly(10))[1] == 0
        await line.wrap("localhost")
        assert certificate_of(line) == ground.shown


async def test_a_host_that_is_not_named_is_opened(ground: Ground) -> None:
    """Its requests are judged, and its client sees a certificate of the proxy."""
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line, "127.0.0.1") == 200
        await line.wrap("")
        assert certificate_of(line) != ground.shown
        assert (await line.ask(message("GET /x", host=f"127.0.0.1:{ground.secure.port}"))).status == 200
        assert (await line.ask(message("GET /x", host="other.test"))).status == 400


REFUSED = {
    "other name": (hello_of("other.test"), "sni_mismatch"),
    "name below": (hello_of("a.localhost"), "sni_mismatch"),
    "no name": (hello_of(None), "no_sni"),
    "encrypted": (with_extension(hello_of("localhost"), 0xFE0D, bytes(40)), "encrypted"),
    "two names": (with_extension(hello_of("localhost"), 0, b"\x00\x0c\x00\x00\x09other.tst"), "sni_mismatch"),
    "http": (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", "not_tls"),
    "connect": (b"CONNECT localhost:1 HTTP/1.1\r\n\r\n", "not_tls"),
    "ssh": (b"SSH-2.0-OpenSSH_9.2\r\n", "not_tls"),
    "binary": (b"\x00\x01\x02\x03", "not_tls"),
    "broken": (b"\x16\x03\x01\x00\x08\x01\x00\x00\x04abcd", "malformed"),
}


@pytest.mark.parametrize("what", REFUSED)
async def test_what_is_not_granted_is_cut(ground: Ground, what: str) -> None:
    """No origin sees a connection, and the outcome says why."""
    data, fault = REFUSED[what]
    before, reached = len(ground.guard.realm.ledger()), ground.raw.connections
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line, port=ground.raw.port) == 200
        line.writer.write(data)
        answer = await read_answer(line.reader, timeout_s=2, whole=lambda _: False)
        assert (answer.raw, answer.state in ("closed", "reset")) == (b"", True)
    outcome = await ground.outcome(before)
    assert (outcome["end"], outcome["error"]) == ("error", fault)
    assert (outcome["sent_bytes"], outcome["received_bytes"]) == (0, 0)
    assert ground.raw.connections == reached


async def test_a_hello_may_come_in_pieces(ground: Ground) -> None:
    """Nothing is connected to until it is whole; then it is relayed whole."""
    reached = ground.raw.connections
    hello = hello_of("localhost")
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line, port=ground.raw.port) == 200
        for at in (slice(0, 1), slice(1, 2), slice(2, 40)):
            line.writer.write(hello[at])
            await line.writer.drain()
            await asyncio.sleep(0.02)
        assert ground.raw.connections == reached
        line.writer.write(hello[40:])
        answer = await read_answer(line.reader, timeout_s=3, whole=lambda raw: len(raw) > 12)
        assert answer.raw.startswith(b"\x16\x03\x03 so it came")
    assert ground.raw.connections == reached + 1
    assert b"".join(ground.raw.received) == hello


async def test_who_is_not_known_gets_no_tunnel(ground: Ground) -> None:
    """Anonymous callers pass where `anonymous` is written alone; a bad credential nowhere."""
    async with Line(ground.guard.ports[0]) as line:
        assert (await line.connect(f"localhost:{ground.secure.port}")).status == 407
    async with Line(ground.guard.ports[0]) as line:
        assert (
            await line.connect(f"localhost:{ground.secure.port}", "Proxy-Authorization: Bearer a.b.c")
        ).status == 407
    async with Line(ground.guard.ports[0]) as line:
        assert (await line.connect("ip6-localhost:1")).status == 200


async def test_an_internal_address_is_refused_as_ever(ground: Ground) -> None:
    """A name that points inside gets no tunnel, closed or not."""
    before = len(ground.guard.realm.decisions())
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line, "x.localhost") == 403
    await until(lambda: len(ground.guard.realm.decisions()) > before, "the decision")
    assert ground.guard.realm.decisions()[-1]["verdict"]["reason"] == "destination_denied"


async def test_what_cannot_be_reached_is_on_record(ground: Ground) -> None:
    """The tunnel was granted; that nobody answered is its outcome."""
    before = len(ground.guard.realm.ledger())
    async with Line(ground.guard.ports[0]) as line:
        assert await ground.open(line, port=1) == 200
        line.writer.write(hello_of("localhost"))
        assert await line.is_closed()
    outcome = await ground.outcome(before)
    assert (outcome["end"], outcome["error"]) == ("error", "unreachable")


async def test_plain_requests_to_such_a_host_are_judged(ground: Ground) -> None:
    """Only TLS stays closed: an `http` URL outside a tunnel walks every stage."""
    here = f"localhost:{ground.plain.port}"
    answer = await ground.guard.ask(message(f"GET http://{here}/x", host=here))
    assert answer.status == 407
    answer = await ground.guard.ask(message(f"GET http://{here}/x", ground.proof, host=here))
    assert answer.status == 200


async def test_nothing_crashed(ground: Ground) -> None:
    """The layers that are put away leave nothing behind."""
    assert (await ground.guard.ask(message("GET /", host="localhost"))).status == 407
    assert not ground.guard.grep("crashed|Traceback|Addon error")
