"""Issuers that are slow, huge, moved, somebody else or no server at all, asked by a real guard (checklist 35).

If these fail, one identity provider holds up everybody's requests, or says who may come in without being asked.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from parclose.testing import Signer, jwks
from tests.live.certs import Certificate, make_certificate, serving
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.realm import AUDIENCE, Guard, Realm, message
from tests.live.wire import Answer, Origin

pytestmark = pytest.mark.live

KINDS = ("slow", "dripping", "huge", "moved", "html", "other", "keyless", "packed", "cut")
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, stranger, anonymous]}
    routes: {read /open/**: public, read /things/**: authenticated}
"""


class Issuers:
    """A server that plays every hostile issuer, by the first part of the path; `asked` are the paths that came."""

    def __init__(self, signer: Signer) -> None:
        """Take who signs; the keys are good ones, so that whoever believes this server admits its tokens."""
        self.asked: list[str] = []
        self._keys = jwks(signer).encode()
        self.url = ""

    def _answer(self, path: str) -> bytes | None:
        """Return the bytes of an answer; None is none at all."""
        kind = path.split("/")[1]
        metadata: object = {"issuer": f"{self.url}/{kind}", "jwks_uri": f"{self.url}/{kind}/keys"}
        if path.endswith("/keys") and kind not in ("keyless", "packed"):
            return whole(self._keys)
        if kind in ("slow", "dripping"):
            return None
        if kind == "huge":
            return whole(json.dumps({"issuer": f"{self.url}/huge", "pad": "x" * (1 << 20)}).encode())
        if kind == "moved" and "there" not in path:
            return whole(b"", "302 Found", f"Location: {self.url}/moved/there")
        if kind == "html":
            return whole(b"<html>Sign in</html>", "200 OK", "Content-Type: text/html")
        if kind == "other":
            metadata = {"issuer": f"{self.url}/somebody", "jwks_uri": f"{self.url}/other/keys"}
        if kind == "keyless" and path.endswith("/keys"):
            metadata = {"keys": []}
        if kind == "packed":
            return whole(b"\x1f\x8b" + b"\0" * 64, "200 OK", "Content-Encoding: gzip")
        said = whole(json.dumps(metadata).encode())
        return said[:-10] if kind == "cut" else said

    async def converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request."""
        try:
            path = (await reader.readuntil(b"\r\n\r\n")).split()[1].decode()
            self.asked.append(path)
            said = self._answer(path)
            if said is not None:
                writer.write(said)
                await writer.drain()
            writer.write(b"HTTP/1.1 200 OK\r\n" if path.startswith("/dripping") else b"")
            while said is None:
                writer.write(b"X: y\r\n" if path.startswith("/dripping") else b"")
                await writer.drain()
                await asyncio.sleep(0.2)
        except (OSError, asyncio.IncompleteReadError):
            pass  # whoever asked has left
        finally:
            writer.close()


def whole(body: bytes, status: str = "200 OK", *lines: str) -> bytes:
    """Return an answer."""
    head = "\r\n".join((f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *lines))
    return f"{head}\r\n\r\n".encode() + body


@asynccontextmanager
async def issuers(signer: Signer, certificate: Certificate) -> AsyncIterator[Issuers]:
    """Serve them all."""
    played = Issuers(signer)
    server = await asyncio.start_server(played.converse, "127.0.0.1", 0, ssl=serving(certificate))
    played.url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield played
    finally:
        server.close()


def realm_of(url: str) -> Realm:
    """Return a policy that takes tokens of every one of them, beside those of the realm's own issuer."""
    realm = Realm(SEGMENTS)
    text = realm.policy.read_text()
    more = "".join(f'  {kind}: {{discovery: "{url}/{kind}", audience: [{AUDIENCE}]}}\n' for kind in KINDS)
    found = ", ".join(f"{{token: {{issuer: {kind}}}}}" for kind in KINDS)
    text = text.replace("api_keys:\n", more + "api_keys:\n", 1)
    realm.policy.write_text(text.replace("clients:\n", f"clients:\n  stranger: [{found}]\n", 1))
    return realm


def reason(answer: Answer) -> str:
    """Return status and reason of an answer."""
    said = answer.json() if answer.status != 200 else {}
    return f"{answer.status} {said['reason']}" if isinstance(said, dict) and said else str(answer.status)


async def test_nobody_is_admitted_and_nobody_else_waits() -> None:
    """Each of their tokens is 503, while whoever has other credentials, or none, is served."""
    authority = make_certificate("issuers-ca", is_ca=True)
    stranger = Signer.make("ES256")
    async with issuers(stranger, make_certificate("issuers", authority)) as played, Origin() as origin:
        realm = realm_of(played.url)
        env = {"SSL_CERT_FILE": str(authority.chain)}
        async with Guard(realm, upstream=origin, env=env) as guard, Line(guard.port) as line:
            now = int(time.time())
            told: dict[str, str] = {}

            async def ask(kind: str) -> None:
                """Send a token that would be good if its issuer were."""
                token = stranger.token({
                    "iss": f"{played.url}/{kind}", "aud": AUDIENCE, "sub": "x", "iat": now, "exp": 4_000_000_000,
                })  # fmt: skip
                told[kind] = reason(await guard.ask(message("GET /things/1", f"Authorization: Bearer {token}")))

            for _ in range(2):
                told.clear()
                waiting = [asyncio.create_task(ask(kind)) for kind in KINDS]
                served = 0
                while not all(task.done() for task in waiting):
                    assert (await line.ask(message("GET /open/1"))).status == 200
                    assert (await line.ask(message("GET /things/1", realm.bearer()))).status == 200
                    served += 1
                await asyncio.gather(*waiting)
                # None of them has said anything about the token that could be believed.
                assert told == dict.fromkeys(KINDS, "503 authn_unavailable"), "\n".join(guard.lines)
                assert served > 0
            assert "/moved/there" not in played.asked
            assert not [path for path in played.asked if path.endswith("/keys") and "keyless" not in path]
            assert {path.split("/")[1] for path in played.asked} == set(KINDS)
            assert {seen.line for seen in origin.seen} == {"GET /open/1 HTTP/1.1", "GET /things/1 HTTP/1.1"}
            assert not guard.grep("Traceback"), "\n".join(guard.lines)
            await until(lambda: all(guard.grep(kind) for kind in KINDS), "a word in the log about each")
