"""What would be believed if these failed: that a caller has the key of a certificate which it only sent along."""

import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from mitmproxy import connection, http, options, tls
from mitmproxy.proxy import context
from OpenSSL import crypto

from parclose.facts import Certificate, Proof
from parclose.hooks import client_certificates
from parclose.hooks.client_certificates import ClientCertificates
from parclose.hooks.client_tls import Asking
from parclose.hooks.service import Service
from parclose.stores.certificates import read_chain
from tests.hooks.ground import World, live, service
from tests.stores.authorities import Made, authority

ROOT = authority()
INTER = ROOT.issue("inter", ca=True)
LEAF, VICTIM = INTER.issue("robot"), INTER.issue("victim")
NOW = time.time()
GOOD = Proof(kind="mtls", state="ok", certificate=Certificate(not_before=NOW - 60, not_after=NOW + 60))
EXPIRED = Proof(kind="mtls", state="ok", certificate=Certificate(not_before=NOW - 60, not_after=NOW - 1))
BAD = Proof(kind="mtls", state="untrusted")


class Ended:
    """The proxy's end of a handshake that is over: what OpenSSL says of the other end."""

    def __init__(self, own: Made | None, *others: bytes) -> None:
        """Take the certificate whose key was proven, and those that came along."""
        self._own = crypto.X509.from_cryptography(own.certificate) if own else None
        self._others = [crypto.load_certificate(crypto.FILETYPE_ASN1, der) for der in others]

    def get_peer_certificate(self) -> crypto.X509 | None:
        """Return the certificate whose key was proven."""
        return self._own

    def get_peer_cert_chain(self) -> list[crypto.X509] | None:
        """Return what came along."""
        return self._others or None


class House:
    """A service whose listener asks, the addon, and what it refused and cut."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch, mode: str, proof: Proof) -> None:
        """Set it up."""
        self.service: Service = service(folder, world=World(proof=proof))
        assert self.service.edition is not None
        edge, _ = self.service.edition.policy.settings.listeners
        asks = {edge: Asking(mode=mode)} if mode else {}
        self.service.edition = replace(self.service.edition, asks=asks)
        self.refused: list[str] = []
        self.cut: list[connection.Client] = []
        monkeypatch.setattr(client_certificates, "close_client", self.cut.append)
        self.addon = ClientCertificates(self.service, lambda _, detail: self.refused.append(detail))

    async def ends(self, flow: http.HTTPFlow, ended: Ended | None) -> list[bytes]:
        """Let a handshake end; return the chain that is remembered."""
        about = context.Context(flow.client_conn, options.Options())
        await self.addon.tls_established_client(tls.TlsData(flow.client_conn, about, cast("Any", ended)))
        shown = self.service.handshakes.of(flow.client_conn.id)
        return read_chain(shown.text) if shown else []


@pytest.mark.parametrize(
    ("mode", "proof", "ended", "chain", "refused"),
    [
        ("", GOOD, Ended(LEAF, INTER.der), [], []),
        ("request", GOOD, None, [], []),
        ("request", GOOD, Ended(None), [], []),
        ("request", GOOD, Ended(LEAF, INTER.der), [LEAF.der, INTER.der], []),
        ("request", GOOD, Ended(LEAF, LEAF.der, INTER.der), [LEAF.der, INTER.der], []),
        ("request", BAD, Ended(LEAF), [LEAF.der], []),
        ("request", BAD, Ended(LEAF, VICTIM.der), [LEAF.der, VICTIM.der], []),
        ("require", GOOD, Ended(LEAF, INTER.der), [LEAF.der, INTER.der], []),
        ("require", BAD, Ended(LEAF, INTER.der), [], ["client_cert"]),
        ("require", EXPIRED, Ended(LEAF, INTER.der), [], ["client_cert"]),
        ("require", GOOD, Ended(None), [], ["client_cert"]),
    ],
)
async def test_what_is_remembered(  # noqa: PLR0917 - the columns of a table
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, proof: Proof, ended: Ended, chain: list[bytes],
    refused: list[str],
) -> None:  # fmt: skip
    """The certificate whose key was proven, first; where one is required, a bad one ends the connection."""
    house, flow = House(tmp_path, monkeypatch, mode, proof), live()
    assert await house.ends(flow, ended) == chain
    assert (house.refused, house.cut) == (refused, [flow.client_conn] if refused else [])


async def test_mitmproxys_list_is_not_believed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It leaves out what it cannot read; whoever came along would be the caller."""
    house, flow = House(tmp_path, monkeypatch, "request", GOOD), live()
    flow.client_conn.certificate_list = [cast("Any", SimpleNamespace(to_pem=lambda: VICTIM.der))]
    assert (await house.ends(flow, Ended(LEAF)))[0] == LEAF.der


@pytest.mark.parametrize(("proof", "chain"), [(GOOD, [LEAF.der, INTER.der]), (BAD, [LEAF.der])])
async def test_a_resumed_session_has_its_chain_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, proof: Proof, chain: list[bytes]
) -> None:
    """A ticket holds the caller's own certificate alone; what stood above a bad one is not kept."""
    house = House(tmp_path, monkeypatch, "request", proof)
    await house.ends(live(), Ended(LEAF, INTER.der))
    assert await house.ends(live(), Ended(LEAF)) == chain


async def test_a_second_handshake_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor is anything left of a connection that has ended."""
    house, flow = House(tmp_path, monkeypatch, "request", GOOD), live()
    await house.ends(flow, Ended(LEAF))
    assert await house.ends(flow, Ended(VICTIM)) == [LEAF.der]
    house.addon.client_disconnected(flow.client_conn)
    assert house.service.handshakes.of(flow.client_conn.id) is None


@pytest.mark.parametrize(
    ("mode", "error", "refused"),
    [
        ("require", "Certificate verify failed: self-signed certificate", ["client_cert"]),
        ("require", "OpenSSL Error([('SSL routines', '', 'peer did not return a certificate')])", ["client_cert"]),
        ("require", "connection closed", []),
        ("request", "Certificate verify failed: x", []),
        ("", "Certificate verify failed: x", []),
    ],
)
def test_failed_handshakes_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, error: str, refused: list[str]
) -> None:
    """Those that failed for want of a good certificate."""
    house, flow = House(tmp_path, monkeypatch, mode, GOOD), live()
    flow.client_conn.error = error
    about = context.Context(flow.client_conn, options.Options())
    house.addon.tls_failed_client(tls.TlsData(flow.client_conn, about))
    assert house.refused == refused
