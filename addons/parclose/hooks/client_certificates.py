"""Takes what a handshake brought to the requests on its connection; where one is required, a bad one ends it."""

from __future__ import annotations

import inspect
import time
from typing import Final

from cachetools import LRUCache
from mitmproxy import connection, tls
from OpenSSL import SSL, crypto

from parclose.facts import Presented, Proof
from parclose.hooks.client_tls import is_with_us
from parclose.hooks.connections import close_client
from parclose.hooks.edition import Edition
from parclose.hooks.handshakes import Shown, asking_of
from parclose.hooks.host import Refused
from parclose.hooks.service import Service
from parclose.ports import AskProof
from parclose.stores.certificates import write_chain

# Chains that were good, by the caller's own certificate: a session that is resumed brings that one alone.
MAX_CHAINS: Final = 1_000
DETAIL: Final = "client_cert"
_REFUSED: Final = ("Certificate verify failed", "peer did not return a certificate")


class ClientCertificates:
    """Remembers the certificate of each connection, from its first handshake to its end."""

    name = "client_certificates"

    def __init__(self, service: Service, refused: Refused) -> None:
        """Take what the addons share, and who is told of connections that are refused."""
        self._service = service
        self._refused = refused
        self._chains: LRUCache[bytes, tuple[bytes, ...]] = LRUCache(MAX_CHAINS)

    async def tls_established_client(self, data: tls.TlsData) -> None:
        """Remember what was shown to us; end what must show a good certificate and does not."""
        client, edition = data.context.client, self._service.edition
        asked = asking_of(edition, client)
        if edition is None or asked is None or data.ssl_conn is None or not is_with_us(data.context):
            return
        chain = self._chain_of(data.ssl_conn)
        text = write_chain(chain)
        good = bool(chain) and await _is_good(edition, text)
        if good:
            self._chains[chain[0]] = chain
        if asked.mode == "require" and not good:
            close_client(client)
            self._refused(client, DETAIL)
        elif chain:
            self._service.handshakes.show(client.id, Shown(text=text, verified=good))

    def tls_failed_client(self, data: tls.TlsData) -> None:
        """Take note of a handshake that failed for want of a good certificate."""
        asked = asking_of(self._service.edition, data.context.client)
        if asked is not None and asked.mode == "require" and any(why in (data.conn.error or "") for why in _REFUSED):
            self._refused(data.context.client, DETAIL)

    def client_disconnected(self, client: connection.Client) -> None:
        """Forget a connection that has ended."""
        self._service.handshakes.forget(client.id)

    def _chain_of(self, ssl_conn: SSL.Connection) -> tuple[bytes, ...]:
        """Return the certificates that were shown, DER, leaf first; none where there was none.

        INVARIANT: the first is the one whose key was proven. mitmproxy's list leaves out what it cannot read, and with
        it gone the next one, which anybody may send along, would stand in its place.
        """
        own = ssl_conn.get_peer_certificate()
        if own is None:
            return ()
        leaf = _der(own)
        others = tuple(der for der in map(_der, ssl_conn.get_peer_cert_chain() or ()) if der != leaf)
        return (leaf, *others) if others else self._chains.get(leaf, (leaf,))


def _der(certificate: crypto.X509) -> bytes:
    """Return a certificate as it was sent."""
    return crypto.dump_certificate(crypto.FILETYPE_ASN1, certificate)


async def _is_good(edition: Edition, text: str) -> bool:
    """Whether a chain is good at this moment."""
    answer = edition.world.answer(AskProof(0, Presented(kind="mtls", place="handshake", text=text)))
    proof = await answer if inspect.isawaitable(answer) else answer
    if not isinstance(proof, Proof) or proof.state != "ok" or proof.certificate is None:
        return False
    since, until = proof.certificate.not_before, proof.certificate.not_after
    return since is not None and until is not None and since <= time.time() <= until
