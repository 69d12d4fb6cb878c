"""Client certificates as the handshake brought them: which authorities their chains reach, and whom they show.

The handshake proved possession of the key and nothing else. Nothing that a caller can show raises here. Whether the
caller's own certificate is within its life is judged later, for each request, at its own time; for the chain above it,
and for revocation, the time of this check counts, and what it shows is kept no longer than that holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from cachetools import TLRUCache, TTLCache
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed448, ed25519
from cryptography.hazmat.primitives.serialization import Encoding

from parclose.facts import Certificate, Proof
from parclose.policy.certificates import ClientCa
from parclose.stores.authority import MALFORMED, Authority, is_strong

# A chain of three with RSA keys and many names has 6 kB.
MAX_CHAIN_BYTES: Final = 32 * 1024
MAX_CHAIN: Final = 8
# Load balancers and meshes put a handful of names into one certificate; all of them are kept with each decision.
MAX_NAMES: Final = 64
MAX_PROVEN: Final = 10_000
MAX_FAILURES: Final = 1_000
MAX_LIFE_S: Final = 3600.0
# A mended authority is soon seen.
FAILURE_LIFE_S: Final = 10.0

_WORST_FIRST: Final = ("revoked", "ok", "unavailable", "untrusted")


@dataclass(frozen=True, slots=True)
class _Entry:
    """A shared proof, and until when it may be used, epoch seconds."""

    proof: Proof
    until: float


class CertificateVerifier:
    """Checks client certificates against the authorities of one policy."""

    def __init__(self, cas: Mapping[str, ClientCa], clock: Callable[[], float] = time.time) -> None:
        """Read every authority. `clock` tells epoch seconds.

        Raises:
            CaError: an authority cannot be used.
        """
        self._authorities = {name: Authority(ca) for name, ca in sorted(cas.items())}
        self._clock = clock
        self._good: TLRUCache[bytes, _Entry] = TLRUCache(MAX_PROVEN, ttu=_until, timer=clock)
        self._bad: TTLCache[bytes, Proof] = TTLCache(MAX_FAILURES, FAILURE_LIFE_S, timer=clock)

    def verify(self, text: str) -> Proof:
        """Return what checking a chain shows, as `write_chain` wrote it; never raises."""
        digest = _digest(text)
        known = self._good.get(digest)
        if known is not None:
            return known.proof
        failed = self._bad.get(digest)
        if failed is not None:
            return failed
        proof, until = self._check(read_chain(text))
        if proof.state == "ok" and until > self._clock():
            self._good[digest] = _Entry(replace(proof, cached=True), until)
        elif proof.state != "ok":
            self._bad[digest] = proof
        return proof

    def knows(self, text: str) -> bool:
        """Return whether a chain was proven before, and that still holds."""
        return _digest(text) in self._good

    def _check(self, chain: list[bytes]) -> tuple[Proof, float]:
        """Return what a chain shows, and until when that holds."""
        nobody = Proof(kind="mtls", state="untrusted"), 0.0
        try:
            certificates = [x509.load_der_x509_certificate(der) for der in chain]
            if not certificates or not _can_sign(certificates[0]):
                return nobody
            if any(each.serial_number <= 0 for each in certificates):  # RFC 5280 section 4.1.2.2
                return nobody
            shown = _shown(certificates[0])
        except MALFORMED:
            return nobody
        if shown is None or shown.not_before is None or shown.not_after is None:
            return nobody
        now = self._clock()
        # Outside its life it is refused by every request's own time; that it is known makes the refusal say so.
        at = min(max(now, shown.not_before), shown.not_after)
        found = {
            name: authority.judge(certificates[0], certificates[1:], at=at, now=now)
            for name, authority in self._authorities.items()
        }
        state = min((state for state, _ in found.values()), key=_WORST_FIRST.index, default="untrusted")
        if state not in {"ok", "revoked"}:
            # The handshake has proven its key all the same, and a token may be bound to that (RFC 8705 section 3).
            bare = Certificate(thumbprint=shown.thumbprint) if state == "untrusted" else None
            return Proof(kind="mtls", state=state, certificate=bare), 0.0
        cas = tuple(name for name, (said, _) in found.items() if said == state)
        until = min((end for said, end in found.values() if said == state), default=0.0)
        proof = Proof(kind="mtls", state=state, certificate=replace(shown, cas=cas))
        if at < now:
            return proof, now + FAILURE_LIFE_S
        return proof, min(until, now + (MAX_LIFE_S if at == now else FAILURE_LIFE_S))


def write_chain(chain: Iterable[bytes]) -> str:
    """Return certificates, DER, leaf first, as the text of a credential."""
    return ".".join(base64.b64encode(der).decode("ascii") for der in chain)


def read_chain(text: str) -> list[bytes]:
    """Return the certificates of a text; none where it is too long or was not written by `write_chain`."""
    if len(text) > MAX_CHAIN_BYTES * 4 // 3 or text.count(".") >= MAX_CHAIN:
        return []
    try:
        return [base64.b64decode(part, validate=True) for part in text.split(".")] if text else []
    except (binascii.Error, ValueError):
        return []


def thumbprint(der: bytes) -> str:
    """Return `x5t#S256` of a certificate (RFC 8705 section 3.1)."""
    return base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode("ascii").rstrip("=")


def _shown(leaf: x509.Certificate) -> Certificate | None:
    """Return whom a certificate names, or None where that is nobody or a crowd.

    A SPIFFE id is the only URI of its certificate (X.509-SVID section 2); one beside others is none.

    Raises:
        ValueError: it cannot be read; so do the others of `MALFORMED`.
    """
    names = [each.value for each in leaf.extensions if isinstance(each.value, x509.SubjectAlternativeName)]
    dns = names[0].get_values_for_type(x509.DNSName) if names else []
    uris = names[0].get_values_for_type(x509.UniformResourceIdentifier) if names else []
    shown = Certificate(
        san_dns=tuple(name.lower() for name in dns),
        spiffe=uris[0] if len(uris) == 1 and uris[0].startswith("spiffe://") else "",
        subject=leaf.subject.rfc4514_string(),
        thumbprint=thumbprint(leaf.public_bytes(Encoding.DER)),
        not_before=leaf.not_valid_before_utc.timestamp(),
        not_after=leaf.not_valid_after_utc.timestamp(),
    )
    return shown if shown.name and len(dns) <= MAX_NAMES else None


def _can_sign(leaf: x509.Certificate) -> bool:
    """Whether the key of a certificate is good enough to prove possession with."""
    return is_strong(leaf) or isinstance(leaf.public_key(), ed25519.Ed25519PublicKey | ed448.Ed448PublicKey)


def _digest(text: str) -> bytes:
    """Return the name of a chain in the caches."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()


def _until(key: bytes, entry: _Entry, now: float) -> float:
    """Tell the cache when an entry ends."""
    del key, now
    return entry.until
