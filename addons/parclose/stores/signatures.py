"""Algorithms that python-jose lacks, as key classes of its own kind: PS256, PS384, PS512 and EdDSA (Ed25519).

Also the check that python-jose stands on `cryptography`: it falls back to pure Python without a word, 15 times slower,
and to the `ecdsa` package, whose signing leaks time (CVE-2024-23342).

Source: RFC 7518 section 3.5 (PS*: salt as long as the hash, MGF1 with the same hash), RFC 8037 (EdDSA).
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from jose import backends, jwk
from jose.backends.base import Key

_HASHES: Mapping[str, Callable[[], hashes.HashAlgorithm]] = {
    "PS256": hashes.SHA256,
    "PS384": hashes.SHA384,
    "PS512": hashes.SHA512,
}


class BackendError(RuntimeError):
    """The library that checks signatures is not the one we can answer for: a broken installation."""


class PSKey(Key):
    """A public RSA key that checks RSASSA-PSS signatures."""

    def __init__(self, key: Mapping[str, object], algorithm: str) -> None:
        numbers = rsa.RSAPublicNumbers(_number(key, "e"), _number(key, "n"))
        self._public = numbers.public_key()
        self._hash = _HASHES[algorithm]()
        self._padding = padding.PSS(mgf=padding.MGF1(self._hash), salt_length=self._hash.digest_size)

    def verify(self, msg: bytes, sig: bytes) -> bool:
        """Whether `sig` is this key's signature of `msg`."""
        try:
            self._public.verify(sig, msg, self._padding, self._hash)
        except (InvalidSignature, ValueError):
            return False
        return True


class EdKey(Key):
    """A public Ed25519 key."""

    def __init__(self, key: Mapping[str, object], algorithm: str) -> None:
        del algorithm  # there is one
        self._public = ed25519.Ed25519PublicKey.from_public_bytes(_octets(key, "x"))

    def verify(self, msg: bytes, sig: bytes) -> bool:
        """Whether `sig` is this key's signature of `msg`."""
        try:
            self._public.verify(sig, msg)
        except (InvalidSignature, ValueError):
            return False
        return True


def prepare() -> None:
    """Register the missing algorithms with python-jose; may be called again.

    Raises:
        BackendError: python-jose does not stand on `cryptography`.
    """
    for backend in (backends.RSAKey, backends.ECKey):
        if backend is None or backend.__module__ != "jose.backends.cryptography_backend":
            raise BackendError("python-jose runs without `cryptography`; install `python-jose[cryptography]`")
    for name in _HASHES:
        jwk.register_key(name, PSKey)
    jwk.register_key("EdDSA", EdKey)


def _octets(key: Mapping[str, object], member: str) -> bytes:
    """Return the bytes of a member, unpadded base64url."""
    text = str(key[member])
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _number(key: Mapping[str, object], member: str) -> int:
    """Return the number of a member, big-endian base64url."""
    return int.from_bytes(_octets(key, member), "big")
