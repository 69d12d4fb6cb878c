"""One authority of client certificates: chains to it are built and checked by `cryptography`.

What a chain must be is RFC 5280: within its life, signed with keys and hashes that still count, by issuers that are
authorities and may sign, no longer than their path lengths and within their name constraints. The caller's own
certificate is none of an authority, may sign a handshake, and where it says what it is for, that is a client.
Profiles of the public web (a DNS name, key identifiers) are not asked for: devices and workloads have others.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509 import verification
from cryptography.x509.oid import ExtendedKeyUsageOID

from parclose.policy.certificates import ClientCa
from parclose.stores.revocations import RevocationError, Revocations

# Certificates between the caller's and the authority's; hierarchies have one or two.
MAX_DEPTH: Final = 5
MIN_RSA_BITS: Final = 2048
CURVES: Final = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
MALFORMED: Final = (
    ValueError,
    TypeError,
    KeyError,
    UnsupportedAlgorithm,
    x509.DuplicateExtension,
    x509.InvalidVersion,
    x509.UnsupportedGeneralNameType,
    # Where warnings are errors; later versions refuse such certificates altogether.
    CryptographyDeprecationWarning,
)
"""What `cryptography` raises when bytes are no certificate, or one that it does not understand."""


class CaError(ValueError):
    """An authority cannot be used: the policy author's fault. `where` is `file:line`."""

    def __init__(self, ca: ClientCa, problem: str) -> None:
        super().__init__(f"client CA `{ca.name}` {problem}")
        self.where = ca.where


class Authority:
    """Checks chains against the certificates and revocation lists of one authority."""

    def __init__(self, ca: ClientCa) -> None:
        """Read its certificates and lists.

        Raises:
            CaError: one of them cannot be used.
        """
        anchors = [_anchor(ca, der) for der in ca.certificates]
        if not anchors:
            raise CaError(ca, "has no certificate")
        try:
            self._revocations = Revocations(ca.revocations, anchors)
        except RevocationError as wrong:
            raise CaError(ca, str(wrong)) from wrong
        self._names = frozenset(anchor.subject for anchor in anchors)
        self._rules = (
            verification.PolicyBuilder()
            .store(verification.Store(anchors))
            .max_chain_depth(MAX_DEPTH)
            .extension_policies(ca_policy=_ISSUERS, ee_policy=_CALLERS)
        )

    def judge(
        self, leaf: x509.Certificate, between: Sequence[x509.Certificate], *, at: float, now: float
    ) -> tuple[str, float]:
        """Return `ok`, `untrusted`, `revoked` or `unavailable`, and until when that holds, epoch seconds.

        The chain is judged as of `at`, its revocation as of `now`.
        """
        when = datetime.fromtimestamp(at, UTC).replace(tzinfo=None)
        try:
            line = in_line(between, self._names)
            chain = self._rules.time(when).build_client_verifier().verify(leaf, line).chain
        except (verification.VerificationError, *MALFORMED):
            return "untrusted", float("inf")
        state, until = self._revocations.judge(chain, now)
        return state, min(until, *(certificate.not_valid_after_utc.timestamp() for certificate in chain))


def in_line(between: Sequence[x509.Certificate], anchors: frozenset[x509.Name]) -> list[x509.Certificate]:
    """Return what a caller sent beside its own certificate, one of each name, so that there is one way to go.

    Certificates of one name and key sign each other in every order: seven of them keep a path builder busy for ten
    seconds. Of two of a name the one counts that an authority of ours has signed. What signs itself leads nowhere:
    where it is ours we have it.

    Raises:
        ValueError: one of them cannot be read; so do the others of `MALFORMED`.
    """
    found: dict[x509.Name, x509.Certificate] = {}
    for each in between:
        known = found.get(each.subject)
        if each.subject != each.issuer and (known is None or (known.issuer not in anchors and each.issuer in anchors)):
            found[each.subject] = each
    return list(found.values())


def is_strong(certificate: x509.Certificate) -> bool:
    """Whether the key of an issuer is of a kind and size that chains may be built on.

    Raises:
        ValueError: the key cannot be read; so do the others of `MALFORMED`.
    """
    key = certificate.public_key()
    if isinstance(key, rsa.RSAPublicKey):
        return key.key_size >= MIN_RSA_BITS
    return isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, CURVES)


def _anchor(ca: ClientCa, der: bytes) -> x509.Certificate:
    """Read a certificate of an authority.

    Raises:
        CaError: it is no certificate, or one on which no chain can end.
    """
    try:
        anchor = x509.load_der_x509_certificate(der)
        basic = next((each.value for each in anchor.extensions if isinstance(each.value, x509.BasicConstraints)), None)
        name, strong = anchor.subject.rfc4514_string(), is_strong(anchor)
    except MALFORMED as wrong:
        raise CaError(ca, "has a certificate that cannot be read") from wrong
    if basic is None or not basic.ca:
        raise CaError(ca, f"has a certificate that is none of an authority: `{name}`; name the CA that issued it")
    if not strong:
        raise CaError(
            ca, f"has a key that no chain may end on: `{name}`; use RSA from 2048 bits, P-256, P-384 or P-521"
        )
    return anchor


def _of_issuer(_: object, __: x509.Certificate, found: x509.BasicConstraints) -> None:
    if not found.ca:
        raise ValueError("not an authority")


def _may_issue(_: object, __: x509.Certificate, found: x509.KeyUsage | None) -> None:
    if found is not None and not found.key_cert_sign:
        raise ValueError("may not sign certificates")


def _of_caller(_: object, __: x509.Certificate, found: x509.BasicConstraints | None) -> None:
    if found is not None and found.ca:
        raise ValueError("an authority's own")


def _may_sign(_: object, __: x509.Certificate, found: x509.KeyUsage | None) -> None:
    # TLS 1.3 proves possession by signatures alone (RFC 8446 section 4.4.2.4).
    if found is not None and not found.digital_signature:
        raise ValueError("may not sign a handshake")


def _for_clients(_: object, __: x509.Certificate, found: x509.ExtendedKeyUsage | None) -> None:
    if found is not None and ExtendedKeyUsageOID.CLIENT_AUTH not in found:
        raise ValueError("not for clients")


_ANY: Final = verification.Criticality.AGNOSTIC
_BASE: Final = verification.ExtensionPolicy.permit_all().may_be_present(x509.ExtendedKeyUsage, _ANY, _for_clients)
_ISSUERS: Final = _BASE.require_present(x509.BasicConstraints, _ANY, _of_issuer).may_be_present(
    x509.KeyUsage, _ANY, _may_issue
)
_CALLERS: Final = _BASE.may_be_present(x509.BasicConstraints, _ANY, _of_caller).may_be_present(
    x509.KeyUsage, _ANY, _may_sign
)
