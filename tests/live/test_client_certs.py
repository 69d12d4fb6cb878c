"""Client certificates through a real mitmdump: asked for, judged, required, resumed, and kept through tunnels.

If these fail, anybody with a certificate of their own making is taken for a device, or devices are locked out.
"""

import asyncio
import json
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.live.certs import make_certificate, serving, unverified
from tests.live.clients import H2Client, Line, pairs
from tests.live.lab import FOLDER, until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Answer, Origin, read_answer
from tests.stores.authorities import Made, authority, dns, uris, usage

pytestmark = pytest.mark.live

NOW = time.time()
LONG = NOW + 30 * 86_400
ROOT = authority("devices")
INTER = ROOT.issue("factory", ca=True, until=LONG)
GOOD = INTER.issue("robot", dns("robot.devices.test"), until=LONG)
MESH = ROOT.issue("mesh", uris("spiffe://devices.test/mesh"), until=LONG)
LISTED = INTER.issue("stolen", dns("robot.devices.test"), until=LONG)
EXPIRED = INTER.issue("old", dns("robot.devices.test"), until=NOW - 3600)
STRANGER = authority("devices", which="stranger").issue("robot", dns("robot.devices.test"), until=LONG)
SELF = authority("robot", usage("digital_signature"), ca=False)
MORE = """\
client_cas: {devices: {file: devices.pem, crl: devices.crl}}
"""
PARTIES = (
    "clients:\n",
    """\
clients:
  device:
    - mtls: {ca: devices, san_dns: ['*.devices.test']}
    - mtls: {ca: devices, spiffe: ['spiffe://devices.test/*']}
  console: [{token: {issuer: login, client: [console]}, mtls: {ca: devices}}]
""",
)
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [device, app, anonymous]}
    routes:
      read /open/**: public
      read /mine: authenticated
    forward: {identity: {X-Caller: identity.subject}}
  admin:
    match: {hosts: [admin.test], clients: [console]}
    routes: {read /**: authenticated}
  out:
    match: {listeners: [out], hosts: [localhost], clients: [device]}
    network: {destinations: {deny: []}}
    routes: {read /**: authenticated}
"""


def crl(block: bytes) -> str:
    """Return a revocation list as PEM."""
    return f"-----BEGIN X509 CRL-----\n{b64encode(block).decode()}\n-----END X509 CRL-----\n"


def lists(*revoked: Made) -> str:
    """Return current lists of both authorities."""
    return crl(ROOT.revoke(since=NOW - 60, until=LONG)) + crl(INTER.revoke(*revoked, since=NOW - 60, until=LONG))


class Devices(Realm):
    """A realm with an authority for devices; its listeners are written once their ports are known."""

    far_port = 0
    """Of an origin with TLS, for tunnels."""

    def __init__(self, **more: Any) -> None:
        """Write the authority and its lists."""
        files = {"devices.pem": ROOT.pem, "devices.crl": lists()}
        super().__init__(SEGMENTS.partition("  out:")[0], more=MORE, files=files, **more)

    def text(self, segments: str) -> str:
        """Add the devices to the clients."""
        return super().text(segments).replace(*PARTIES)

    def listen(self, ports: list[int], *modes: str) -> None:
        """Write what three listeners ask for: two reverse ones, and a forward one."""
        asks = [f", client_cert: {mode}" if mode else "" for mode in (*modes, "", "", "")[:3]]
        kinds = ("reverse", "reverse", "forward")
        written = [f"{{port: {port}, kind: {kind}{ask}}}" for port, kind, ask in zip(ports, kinds, asks, strict=True)]
        named = zip(("edge", "side", "out"), written, strict=True)
        lines = ["listeners:", *(f"  {name}: {text}" for name, text in named), "reload: {watch: 100ms}"]
        self._settings = "\n".join(lines)
        self.write(SEGMENTS)


@asynccontextmanager
async def guarded(*modes: str, **more: Any) -> AsyncIterator[tuple[Guard, Devices, Origin]]:
    """Start a guard whose three listeners ask for what is said."""
    realm, chain = Devices(**more), make_certificate("upstream-ca", is_ca=True)
    secure = serving(make_certificate("localhost", chain))
    async with Origin() as origin, Origin(tls=secure) as far:
        reverse = f"reverse:http://127.0.0.1:{origin.port}"
        trusts = ("--set", f"ssl_verify_upstream_trusted_ca={chain.chain}")
        guard = Guard(realm, *trusts, modes=(reverse, reverse, "regular"))
        realm.listen(guard.ports, *modes)
        async with guard:
            realm.far_port = far.port
            yield guard, realm, origin


def client(shown: Made | None = None, version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Return a client that shows a certificate."""
    context = unverified()
    if shown is not None:
        context.load_cert_chain(*shown.write(FOLDER))
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context


async def ask(port: int, context: ssl.SSLContext | None, data: bytes, name: str = "api.test") -> Answer:
    """Send a request; a handshake that fails gives an answer without a status."""
    try:
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", port, ssl=context, server_hostname=name if context else None
        )
    except OSError as error:
        return Answer(raw=str(error).encode(), state="refused")
    try:
        writer.write(data)
        return await read_answer(reader)
    finally:
        writer.transport.abort()


def said(answer: Answer) -> tuple[int, str]:
    """Return status and reason."""
    if answer.status < 400:
        return answer.status, ""
    return answer.status, str(json.loads(answer.body)["reason"])


MINE, OPEN = message("GET /mine", "Connection: close"), message("GET /open/1", "Connection: close")


async def test_what_is_asked_for_is_judged() -> None:
    """With the other credentials: missing, good, of strangers, expired; each listener by itself, in each TLS."""
    async with guarded("request", "off") as (guard, realm, origin):
        for shown, path, expected in (
            (None, MINE, (401, "credential_missing")),
            (None, OPEN, (200, "")),
            (GOOD, MINE, (200, "")),
            (MESH, MINE, (200, "")),
            (STRANGER, MINE, (401, "cert_untrusted")),
            (STRANGER, OPEN, (401, "cert_untrusted")),
            (SELF, MINE, (401, "cert_untrusted")),
            (EXPIRED, MINE, (401, "cert_untrusted")),
        ):
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                got = said(await ask(guard.ports[0], client(shown, version), path))
                assert got == expected, (shown and shown.certificate.subject, version)
        callers = {seen.header("x-caller")[0] for seen in origin.seen if seen.header("x-caller")}
        assert callers == {"robot.devices.test", "spiffe://devices.test/mesh"}
        assert said(await ask(guard.ports[0], None, MINE)) == (401, "credential_missing")
        assert said(await ask(guard.ports[1], client(GOOD), MINE)) == (401, "credential_missing")
        await until(lambda: len(realm.decisions()) == 18, "every decision")
        lines, ledger = realm.decisions(), realm.ledger_path.read_text()
        refused = [line["verdict"]["detail"] for line in lines if line["verdict"].get("reason") == "cert_untrusted"]
        assert refused == ["untrusted"] * 6 + ["expired"] * 2
        assert lines[4]["cred"]["certificate"]["san_dns"] == ["robot.devices.test"]
        assert "cred" not in lines[-1]  # the other listener did not ask
        for shown in (GOOD, STRANGER):
            assert b64encode(shown.der).decode()[:60] not in ledger


async def test_what_is_required_fails_in_the_handshake() -> None:
    """No bytes of HTTP are answered without a good one; the other listeners ask for nothing."""
    async with guarded("require", "off") as (guard, realm, origin):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for bad in (None, STRANGER, SELF, EXPIRED):
                answer = await ask(guard.ports[0], client(bad, version), OPEN)
                assert (answer.status, b"HTTP" in answer.raw) == (0, False), (bad, version)
            for good in (GOOD, MESH):
                assert (await ask(guard.ports[0], client(good, version), MINE)).status == 200
        assert len(origin.seen) == 4
        assert said(await ask(guard.ports[0], None, OPEN)) == (403, "protocol_denied")
        assert (await ask(guard.ports[1], client(), OPEN)).status == 200
        assert (await ask(guard.ports[1], None, OPEN)).status == 200
        await until(lambda: len([line for line in realm.ledger() if line.get("end") == "client_cert"]) == 8, "refusals")
        metrics = (await realm.admin("/metrics")).body
        assert b'parclose_refused_connections_total{detail="client_cert"} 8.0' in metrics


def twice(port: int, context: ssl.SSLContext) -> list[tuple[bool, int]]:
    """Connect three times with the session of the time before; return whether it was resumed, and the status."""
    session, found = None, []
    for _ in range(3):
        with (
            socket.create_connection(("127.0.0.1", port)) as plain,
            context.wrap_socket(plain, server_hostname="api.test", session=session) as line,
        ):
            line.sendall(MINE)
            answer = line.recv(65536)
            found.append((bool(line.session_reused), int(answer.split()[1])))
            session = line.session
    return found


@pytest.mark.parametrize("mode", ["request", "require"])
async def test_sessions_are_resumed_with_their_certificate(mode: str) -> None:
    """Also one whose authority stands below ours: tickets hold the caller's own certificate alone."""
    async with guarded(mode) as (guard, _, __):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            for shown in (GOOD, MESH):
                got = await asyncio.to_thread(twice, guard.ports[0], client(shown, version))
                assert got == [(False, 200), (True, 200), (True, 200)], version
        if mode == "request":
            got = await asyncio.to_thread(twice, guard.ports[0], client(STRANGER))
            assert [status for _, status in got] == [401, 401, 401]


async def test_token_and_certificate_together() -> None:
    """Where both are asked for, neither alone will do."""
    async with guarded() as (guard, realm, _):
        token = realm.bearer("", azp="console")
        for shown, headers, expected in (
            (GOOD, (token,), (200, "")),
            (GOOD, (), (401, "credential_missing")),
            (None, (token,), (403, "caller_not_allowed")),
            (STRANGER, (token,), (401, "cert_untrusted")),
        ):
            data = message("GET /x", "Connection: close", *headers, host="admin.test")
            got = said(await ask(guard.ports[0], client(shown), data, name="admin.test"))
            assert got == expected, (shown, headers)


async def test_the_outer_certificate_counts_in_a_tunnel() -> None:
    """Who shows a good one to the proxy may go on inside; one that is shown inside replaces and adds nothing."""
    async with guarded("", "", "request") as (guard, realm, _):
        target = f"localhost:{realm.far_port}"
        for outer, inner, status in (
            (GOOD, None, 200),
            (GOOD, STRANGER, 200),
            (None, GOOD, 407),
            (STRANGER, GOOD, 407),
        ):
            async with Line(guard.ports[2], tls=client(outer), name="proxy.test") as line:
                granted = await line.connect(target)
                assert granted.status == status
                if status == 200:
                    await line.wrap_with(client(inner), "localhost")
                    answer = await line.ask(message("GET /x", host=target))
                    assert answer.status == 200, answer.raw
        inside = [one for one in realm.decisions() if one["method"] == "GET"]
        assert [one["verdict"].get("client") for one in inside] == ["device", "device"]


async def test_a_forward_listener_may_require_one() -> None:
    """Of the handshake with the proxy; what goes in the clear is refused, and the handshake inside asks for nothing."""
    async with guarded("", "", "require") as (guard, realm, _):
        target = f"localhost:{realm.far_port}"
        for bad in (None, STRANGER):
            assert (await ask(guard.ports[2], client(bad), message(f"CONNECT {target}", host=target))).status == 0
        clear = await ask(guard.ports[2], None, message(f"CONNECT {target}", host=target))
        assert said(clear) == (403, "protocol_denied")
        async with Line(guard.ports[2], tls=client(GOOD), name="proxy.test") as line:
            assert (await line.connect(target)).status == 200
            await line.wrap("localhost")
            assert (await line.ask(message("GET /x", host=target))).status == 200
        assert [one["verdict"]["status"] for one in realm.decisions()] == [403, 200, 200]


async def test_over_http2_each_request_has_it() -> None:
    """The certificate is the connection's; each stream is judged."""
    async with guarded("request") as (guard, _, __):
        for shown, status in ((GOOD, 200), (STRANGER, 401), (None, 401)):
            context = client(shown)
            context.set_alpn_protocols(["h2"])
            line = H2Client(guard.ports[0])
            await line.adopt(
                *await asyncio.open_connection("127.0.0.1", guard.ports[0], ssl=context, server_hostname="api.test")
            )
            try:
                assert [(await line.ask(pairs("GET", "/mine"))).status for _ in range(2)] == [status, status]
            finally:
                await line.__aexit__()


async def test_strangers_are_failed_guesses() -> None:
    """They count against the address; who has a good certificate is let on from there all the same."""
    async with guarded("request", failed_auth="3/min, block: 60s") as (guard, _, __):
        got = [said(await ask(guard.ports[0], client(STRANGER), MINE)) for _ in range(5)]
        assert got[0] == (401, "cert_untrusted")
        keyed = message("GET /mine", "Connection: close", "Authorization: Bearer a.b.c")
        assert said(await ask(guard.ports[0], client(), keyed)) == (429, "auth_blocked")
        assert said(await ask(guard.ports[0], client(GOOD), MINE)) == (200, "")


async def test_a_change_of_the_lists_is_followed() -> None:
    """Who is revoked is refused on the connection that is open, and in the next handshake; others go on."""
    async with guarded("request", "require") as (guard, realm, _):
        keep = message("GET /mine")
        async with (
            Line(guard.ports[0], tls=client(LISTED), name="api.test") as stolen,
            Line(guard.ports[0], tls=client(GOOD), name="api.test") as good,
        ):
            assert [(await line.ask(keep)).status for line in (stolen, good)] == [200, 200]
            (realm.folder / "devices.crl").write_text(lists(LISTED))
            await until(lambda: len(guard.grep("policy `lab` in force")) == 2, "the new lists")
            assert said(await stolen.ask(keep)) == (401, "cert_untrusted")
            assert (await good.ask(keep)).status == 200
        assert (await ask(guard.ports[1], client(LISTED), MINE)).status == 0
        assert (await ask(guard.ports[1], client(GOOD), MINE)).status == 200
        # A list that ends is no list: nobody is cleared until there is another.
        ended = crl(ROOT.revoke(since=NOW - 60, until=LONG)) + crl(INTER.revoke(since=NOW - 60, until=NOW - 30))
        (realm.folder / "devices.crl").write_text(ended)
        await until(lambda: len(guard.grep("policy `lab` in force")) == 3, "the ended list")
        assert said(await ask(guard.ports[0], client(GOOD), MINE)) == (503, "authn_unavailable")
        assert (await ask(guard.ports[1], client(GOOD), MINE)).status == 0
        # One that cannot be read changes nothing, loudly.
        (realm.folder / "devices.crl").write_text(lists())
        await until(lambda: len(guard.grep("policy `lab` in force")) == 4, "a good list")
        (realm.folder / "devices.crl").write_text(crl(b"0\0"))
        await until(lambda: guard.grep("client CA `devices` has a list that cannot be read"), "the refusal")
        assert (await ask(guard.ports[0], client(GOOD), MINE)).status == 200


async def test_a_change_of_what_is_asked_is_followed() -> None:
    """New handshakes ask at once; a connection from before that showed nothing must come back."""
    async with guarded("request") as (guard, realm, _), Line(guard.ports[0], tls=client(), name="api.test") as line:
        assert (await line.ask(message("GET /open/1"))).status == 200
        realm.listen(guard.ports, "require")
        await until(lambda: len(guard.grep("policy `lab` in force")) == 2, "the new policy")
        assert said(await line.ask(message("GET /open/1"))) == (403, "protocol_denied")
        assert (await ask(guard.ports[0], client(), OPEN)).status == 0
        assert (await ask(guard.ports[0], client(GOOD), OPEN)).status == 200
