"""Throw-away keys and tokens, made in memory for the tests of what checks them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, cast

from cryptography.hazmat.primitives.asymmetric import rsa

from parclose import testing
from parclose.policy.identity import Issuer, KeyStore
from parclose.policy.model import Policy, Settings
from parclose.testing import PrivateKey

ISS = "https://login.example"
AT = 1_780_315_200.0
ALL = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")


def b64(raw: bytes) -> str:
    """Return unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def number(value: int, size: int = 0) -> str:
    """Return a number as JWKs write it."""
    return b64(value.to_bytes(size or (value.bit_length() + 7) // 8))


@dataclass(frozen=True)
class Signer:
    """A private key and the algorithm it signs with."""

    algorithm: str
    private: PrivateKey

    @property
    def kit(self) -> testing.Signer:
        """The test kit's signer of the same key."""
        return testing.Signer(key=self.private, algorithm=self.algorithm)

    def sign(self, message: bytes) -> bytes:
        """Return the signature as JWS wants it."""
        return self.kit.sign(message)

    def jwk(self, kid: str | None = "k1", **members: object) -> dict[str, object]:
        """Return the public key; a member that is None is left out."""
        made = self.kit.jwk | {"kid": kid} | members
        return {name: value for name, value in made.items() if value is not None}


@cache
def rsa_key(bits: int = 2048, which: int = 0) -> rsa.RSAPrivateKey:
    """Return an RSA key, one for each `which`."""
    del which
    return rsa.generate_private_key(65537, bits)


@cache
def signer(algorithm: str = "RS256", which: int = 0) -> Signer:
    """Return a signer, the same for the same arguments."""
    if algorithm[:2] in {"ES", "Ed"}:
        return Signer(algorithm, testing.Signer.make(algorithm).key)
    return Signer(algorithm, rsa_key(2048, which))


def claims(**more: object) -> dict[str, object]:
    """Return good claims."""
    return {"iss": ISS, "sub": "u-1", "aud": "https://api.example", "exp": AT + 600, "iat": AT} | more


def header(by: Signer, kid: str | None = "k1", **more: object) -> dict[str, object]:
    """Return a good header; a member that is None is left out."""
    made = {"alg": by.algorithm, "kid": kid, "typ": "at+jwt"} | more
    return {name: value for name, value in made.items() if value is not None}


def sign_raw(by: Signer, head: bytes, body: bytes) -> str:
    """Return a token of exactly these bytes."""
    signed = f"{b64(head)}.{b64(body)}"
    return f"{signed}.{b64(by.sign(signed.encode()))}"


def token(
    by: Signer | None = None, head: Mapping[str, object] | None = None, body: Mapping[str, object] | None = None
) -> str:
    """Return a signed token, a good one unless told otherwise."""
    by = by or signer()
    return sign_raw(
        by,
        json.dumps(header(by) if head is None else head).encode(),
        json.dumps(claims() if body is None else body).encode(),
    )


def issuer(*keys: Mapping[str, object], algorithms: tuple[str, ...] = ALL, **fields: Any) -> Issuer:
    """Return an issuer of these keys."""
    members: dict[str, Any] = {
        "name": "login",
        "iss": ISS,
        "audience": frozenset({"https://api.example"}),
        "algorithms": frozenset(algorithms),
        "keys": keys or (signer().jwk(),),
        "keys_digest": "digest-1",
        "where": "policy.yaml:7",
    }
    return Issuer(**members | fields)


def policy_of(*issuers: Issuer, stores: tuple[KeyStore, ...] = ()) -> Policy:
    """Return a policy that knows these issuers and stores, and nothing else."""
    nothing = cast("Any", None)
    return Policy(
        name="shop",
        revision="7c1f09a1b2c3",
        path="policy.yaml",
        files=(),
        settings=Settings(listeners=()),
        zones=nothing,
        surfaces=nothing,
        segments={},
        issuers={one.name: one for one in issuers},
        issuer_of={one.iss: one.name for one in issuers},
        key_stores={one.name: one for one in stores},
    )
