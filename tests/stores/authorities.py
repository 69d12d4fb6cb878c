"""Authorities, certificates and revocation lists, made in memory for the tests of what checks them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from parclose.policy.certificates import ClientCa

type Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey

AT = 1_780_315_200.0
HOUR = 3600.0
CLIENT, SERVER = ExtendedKeyUsageOID.CLIENT_AUTH, ExtendedKeyUsageOID.SERVER_AUTH
ANYTHING = ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE
_USES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
    "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip


def usage(*uses: str) -> x509.KeyUsage:
    """Return a key usage of exactly these uses."""
    return x509.KeyUsage(**{use: use in uses for use in _USES})


def dns(*names: str) -> x509.SubjectAlternativeName:
    """Return DNS names."""
    return x509.SubjectAlternativeName([x509.DNSName(name) for name in names])


def uris(*names: str) -> x509.SubjectAlternativeName:
    """Return URIs."""
    return x509.SubjectAlternativeName([x509.UniformResourceIdentifier(name) for name in names])


@cache
def key_of(kind: str = "ec", which: str = "") -> Key:
    """Return a key: `ec`, `rsa`, `rsa1024`, `p224`, `ed25519`; one for each `which`."""
    del which
    if kind == "ed25519":
        return ed25519.Ed25519PrivateKey.generate()
    if kind.startswith("rsa"):
        return rsa.generate_private_key(65537, int(kind.removeprefix("rsa") or 2048))
    return ec.generate_private_key(ec.SECP224R1() if kind == "p224" else ec.SECP256R1())


def moment(at: float) -> datetime:
    """Return an instant as `cryptography` takes it."""
    return datetime.fromtimestamp(at, UTC)


@dataclass(frozen=True, kw_only=True)
class Made:
    """A certificate with its key, and those between it and its authority."""

    certificate: x509.Certificate
    key: Key = field(repr=False)
    between: tuple[bytes, ...] = ()

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def pem(self) -> str:
        """The certificate as text."""
        return self.certificate.public_bytes(Encoding.PEM).decode()

    def write(self, folder: Path) -> tuple[Path, Path]:
        """Write chain and key as PEM files; return their paths."""
        named = folder / f"{self.certificate.serial_number}.crt", folder / f"{self.certificate.serial_number}.key"
        between = [x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM).decode() for der in self.between]
        named[0].write_text("".join([self.pem, *between]))
        named[1].write_bytes(self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        return named

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What it shows in a handshake."""
        return (self.der, *self.between)

    def issue(
        self,
        name: str = "robot",
        *extensions: x509.ExtensionType,
        ca: bool = False,
        kind: str = "ec",
        since: float = AT - HOUR,
        until: float = AT + 24 * HOUR,
        critical: Sequence[type[x509.ExtensionType]] = (x509.BasicConstraints, x509.KeyUsage),
    ) -> Made:
        """Sign a certificate; one of an authority gets the extensions of one unless they are given."""
        key = key_of(kind, f"{name} of {self.certificate.serial_number}")
        made = _signed(name, key, self, extensions, ca, since, until, critical)
        own = (self.der, *self.between)
        is_root = self.certificate.subject == self.certificate.issuer
        return Made(certificate=made, key=key, between=() if is_root else own)

    def revoke(
        self,
        *revoked: Made,
        since: float = AT - HOUR,
        until: float = AT + HOUR,
        extra: x509.ExtensionType | None = None,
    ) -> bytes:
        """Sign a revocation list, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(moment(since))
            .next_update(moment(until))
        )
        for each in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.certificate.serial_number)
                .revocation_date(moment(since))
                .build()
            )
        if extra is not None:
            builder = builder.add_extension(extra, critical=True)
        assert not isinstance(self.key, ed25519.Ed25519PrivateKey)
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.DER)


def authority(
    name: str = "root", *extensions: x509.ExtensionType, ca: bool = True, kind: str = "ec", which: str = ""
) -> Made:
    """Make an authority that signs itself."""
    key = key_of(kind, f"{name} {which}")
    until = AT + 100_000 * HOUR
    critical = (x509.BasicConstraints, x509.KeyUsage)
    return Made(certificate=_signed(name, key, None, extensions, ca, AT - 1000 * HOUR, until, critical), key=key)


def corp(*made: Made, crl: Sequence[bytes] = (), name: str = "corp") -> ClientCa:
    """Return authorities as a policy holds them."""
    return ClientCa(name=name, certificates=tuple(each.der for each in made), revocations=tuple(crl), where="p:1")


def _signed(  # noqa: PLR0917 - the fields of a certificate
    name: str,
    key: Key,
    issuer: Made | None,
    extensions: Sequence[x509.ExtensionType],
    ca: bool,
    since: float,
    until: float,
    critical: Sequence[type[x509.ExtensionType]],
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else [])
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(moment(since))
        .not_valid_after(moment(until))
    )
    given = {type(each) for each in extensions}
    every = [*extensions]
    if x509.BasicConstraints not in given:
        every.append(x509.BasicConstraints(ca=ca, path_length=None))
    if ca and x509.KeyUsage not in given:
        every.append(usage("key_cert_sign", "crl_sign"))
    for each in every:
        builder = builder.add_extension(each, critical=isinstance(each, tuple(critical)))
    return builder.sign(signer, None if isinstance(signer, ed25519.Ed25519PrivateKey) else hashes.SHA256())
