"""A signed word about a caller, for upstreams that would rather check than believe: short-lived, by a key of our own.

Source: RFC 7519; RFC 8725 section 3.11 (a type of its own, so that it is taken for nothing else); RFC 7638 (`kid`).
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from jose import jwk

from parclose.policy.segment import Assertion
from parclose.stores.jwks import RSA_BITS
from parclose.verdict import Verdict

TYPE: Final = "parclose-assertion+jwt"
_CURVES: Mapping[str, tuple[str, str, int]] = {
    "secp256r1": ("ES256", "P-256", 32),
    "secp384r1": ("ES384", "P-384", 48),
    "secp521r1": ("ES512", "P-521", 66),
}
# RFC 7638 section 3.2: what a key's name is made of.
_NAMING: Mapping[str, tuple[str, ...]] = {"EC": ("crv", "kty", "x", "y"), "RSA": ("e", "kty", "n")}


class SigningKeyError(ValueError):
    """A file holds no key that can sign; says which, and what to put there. Never quotes it."""

    def __init__(self, assertion: Assertion, problem: str) -> None:
        """Keep the sentence."""
        make = "make one with `openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256`"
        super().__init__(f"signing key `{assertion.key.name}` {problem}; {make}")
        self.where = assertion.key.where


class AssertionSigner:
    """Signs for one `forward.assertion`. `jwk` is the public half, `kid` its thumbprint."""

    def __init__(self, assertion: Assertion, pem: str, issuer: str) -> None:
        """Take the private key, PEM without a password; `issuer` is the `iss` of everything that is signed.

        Raises:
            SigningKeyError: it cannot be used.
        """
        try:
            key = serialization.load_pem_private_key(pem.encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            # Not `from` it: such errors may quote what they could not read.
            raise SigningKeyError(assertion, "is no private key in PEM, or has a password") from None
        if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
            self.algorithm, public = _of_curve(key)
        elif isinstance(key, rsa.RSAPrivateKey) and key.key_size in RSA_BITS:
            self.algorithm, public = "RS256", _of_rsa(key)
        else:
            raise SigningKeyError(assertion, "is none of EC P-256, P-384, P-521, or RSA with 2048 bits and more")
        named = {name: public[name] for name in _NAMING[public["kty"]]}
        self.kid = _base64url(
            hashlib.sha256(json.dumps(named, separators=(",", ":"), sort_keys=True).encode()).digest()
        )
        self.jwk: Mapping[str, str] = {**public, "kid": self.kid, "alg": self.algorithm, "use": "sig"}
        self.assertion, self._issuer = assertion, issuer
        self._key = jwk.construct(pem, self.algorithm)
        self._header = _part({"alg": self.algorithm, "kid": self.kid, "typ": TYPE})

    def sign(self, verdict: Verdict, at: float) -> str:
        """Return the token about an allowed caller at `at` (epoch seconds), "" where there is nobody to speak of."""
        principal = verdict.principal
        if principal is None or not principal.kinds:
            return ""
        said: dict[str, object] = {
            "iss": self._issuer,
            "aud": self.assertion.audience,
            "iat": int(at),
            "exp": int(at + self.assertion.ttl_s),
            "jti": verdict.decision,
            "sub": principal.subject,
            "client_id": principal.client,
            "client_type": principal.client_type,
            "tenant": principal.tenant,
            "scope": " ".join(sorted(principal.scopes)),
            "roles": sorted(principal.roles),
            "attributes": dict(principal.attributes),
            "original_iss": principal.issuer,
            "acr": principal.acr,
            "amr": sorted(principal.amr),
            "auth_time": None if principal.auth_time is None else int(principal.auth_time),
            "segment": verdict.segment,
        }
        # What nobody knows is not said: an empty subject could be taken for somebody.
        body = _part({name: value for name, value in said.items() if value not in ("", None, [], {})})
        signed = f"{self._header}.{body}"
        return f"{signed}.{_base64url(self._key.sign(signed.encode('ascii')))}"


def _of_curve(key: ec.EllipticCurvePrivateKey) -> tuple[str, dict[str, str]]:
    """Return the algorithm and the public half of a key on a curve."""
    algorithm, curve, size = _CURVES[key.curve.name]
    numbers = key.public_key().public_numbers()
    x, y = (_base64url(number.to_bytes(size)) for number in (numbers.x, numbers.y))
    return algorithm, {"kty": "EC", "crv": curve, "x": x, "y": y}


def _of_rsa(key: rsa.RSAPrivateKey) -> dict[str, str]:
    """Return the public half of an RSA key."""
    numbers = key.public_key().public_numbers()
    n, e = (_base64url(number.to_bytes((number.bit_length() + 7) // 8)) for number in (numbers.n, numbers.e))
    return {"kty": "RSA", "n": n, "e": e}


def _part(content: Mapping[str, object]) -> str:
    return _base64url(json.dumps(content, separators=(",", ":")).encode())


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
