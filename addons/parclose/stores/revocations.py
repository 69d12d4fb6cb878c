"""Revocation lists of one authority: whether a chain of certificates is cleared by them, and until when that holds.

Where an authority has lists, every certificate below its own must be cleared by a current list of its issuer: a list
that is missing or out of date clears nobody. Of two lists of one issuer the newer counts.

Source: RFC 5280 sections 5 and 6.3.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from cachetools import LRUCache
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

# Issuers whose lists were looked up; a hierarchy has a handful.
MAX_ISSUERS: Final = 256


class RevocationError(ValueError):
    """A revocation list cannot be used; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class _List:
    """One list: who signed it, whom it names, and from when to when it counts, epoch seconds."""

    issuer: x509.Name
    serials: frozenset[int] = field(repr=False)
    since: float
    until: float
    crl: x509.CertificateRevocationList = field(repr=False)


class Revocations:
    """The lists of one authority."""

    def __init__(self, lists: Iterable[bytes], anchors: Sequence[x509.Certificate]) -> None:
        """Read the lists, DER; those of the authority's own certificates must be signed by them.

        Raises:
            RevocationError: a list cannot be used.
        """
        self._lists = [_read(der) for der in lists]
        self._of: LRUCache[bytes, _List | None] = LRUCache(MAX_ISSUERS)
        for one in self._lists:
            issuers = [anchor for anchor in anchors if anchor.subject == one.issuer]
            if issuers and not any(_is_signed_by(one, issuer) for issuer in issuers):
                raise RevocationError("has a list that the authority of its issuer's name did not sign")

    def judge(self, chain: Sequence[x509.Certificate], at: float) -> tuple[str, float]:
        """Return `ok`, `revoked` or `unavailable` for a chain, leaf first, and until when that holds.

        Both ends of a list's time are inside.
        """
        if not self._lists:
            return "ok", float("inf")
        state, until = "ok", float("inf")
        for certificate, issuer in pairwise(chain):
            found = self._list_of(issuer)
            if found is None:
                state = "unavailable"
            elif certificate.serial_number in found.serials:
                return "revoked", float("inf")
            elif not found.since <= at <= found.until:
                state = "unavailable"
            else:
                until = min(until, found.until)
        return state, until

    def _list_of(self, issuer: x509.Certificate) -> _List | None:
        """Return the newest list that an issuer has signed, or None."""
        name = issuer.fingerprint(hashes.SHA256())
        if name not in self._of:
            signed = [one for one in self._lists if one.issuer == issuer.subject and _is_signed_by(one, issuer)]
            self._of[name] = max(signed, key=lambda one: one.since, default=None)
        return self._of[name]


def _read(der: bytes) -> _List:
    """Read one list.

    Raises:
        RevocationError: it cannot be used.
    """
    try:
        crl = x509.load_der_x509_crl(der)
        critical = [extension.oid.dotted_string for extension in crl.extensions if extension.critical]
        until = crl.next_update_utc
        since = crl.last_update_utc
        serials = frozenset(entry.serial_number for entry in crl)
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as wrong:
        raise RevocationError("has a list that cannot be read") from wrong
    if critical:
        # Partial, indirect and delta lists say so in critical extensions (sections 5.2.4 and 5.2.5).
        raise RevocationError(f"has a list of a kind that is not understood (extension {', '.join(critical)})")
    if until is None:
        raise RevocationError("has a list that does not say until when it is good (`nextUpdate`)")
    return _List(crl.issuer, serials, since.timestamp(), until.timestamp(), crl)


def _is_signed_by(one: _List, issuer: x509.Certificate) -> bool:
    """Whether an issuer has signed a list, and may (section 6.3.3 (f))."""
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        usage = None
    if usage is not None and not usage.crl_sign:
        return False
    key = issuer.public_key()
    try:
        return isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey) and one.crl.is_signature_valid(key)
    except UnsupportedAlgorithm:
        return False
