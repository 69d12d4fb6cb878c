"""The test kit: facts, policies from text, flows, tokens with throw-away keys, and a clock that is told the time."""

from __future__ import annotations

import base64
import hashlib
import json
import posixpath
import secrets
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from mitmproxy import connection, http
from mitmproxy.proxy.mode_specs import ProxyMode

from parclose.facts import Facts, Kept, Place, Presented, Proof
from parclose.policy.globs import matches
from parclose.policy.load import load
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT

ROOT = "/policy"  # where policies made from text pretend to lie
RSA_BITS = 2048  # the least that a verifier should take (RFC 7518 section 3.3)

type PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey

_HASHES: Mapping[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}
_CURVES: Mapping[str, tuple[ec.EllipticCurve, str, int]] = {
    "ES256": (ec.SECP256R1(), "P-256", 32),
    "ES384": (ec.SECP384R1(), "P-384", 48),
    "ES512": (ec.SECP521R1(), "P-521", 66),
}


class Ticker:
    """A clock that stands still until it is told to tick; call it for the time in seconds."""

    def __init__(self, at: float = DEFAULT_AT) -> None:
        self.at = at

    def __call__(self) -> float:
        """Return the time."""
        return self.at

    def tick(self, seconds: float = 1.0) -> float:
        """Let `seconds` pass and return the new time."""
        self.at += seconds
        return self.at


def policy_from(text: str, files: Mapping[str, str | bytes] | None = None, *, path: str = "policy.yaml") -> Policy:
    """Load a policy from text, indented as the test likes; `files` are those it names, by path from its folder.

    Raises:
        PolicyError: the text is no valid policy.
    """
    held = {name: body.encode() if isinstance(body, str) else body for name, body in (files or {}).items()}
    held[path] = textwrap.dedent(text).encode()
    whole = {posixpath.normpath(posixpath.join(ROOT, name)): body for name, body in held.items()}

    def read(wanted: str) -> bytes:
        try:
            return whole[posixpath.normpath(posixpath.join(ROOT, wanted))]
        except KeyError:
            raise FileNotFoundError(2, "no such file", wanted) from None

    def list_files(folder: str, pattern: str) -> list[str]:
        names = (posixpath.relpath(name, posixpath.normpath(folder)) for name in whole)
        return [name for name in names if matches(pattern, name)]

    return load(posixpath.join(ROOT, path), read, list_files=list_files)


def facts(
    request: str = "GET http://api.test/",
    *,
    at: float = DEFAULT_AT,
    peer: str = "203.0.113.10",
    proof: Proof | None = None,
    country: str | None = None,
    **more: object,
) -> Facts:
    """Build the facts of one request written as `METHOD URL`, as if it had come in through the reverse listener.

    `proof` stands for one presented credential and what checking it showed; `country` for a kept place. Any field of
    `Facts` may be given in `more`.
    """
    method, _, url = request.partition(" ")
    parts = urlsplit(url)
    presented: tuple[Presented, ...] = ()
    if proof is not None:
        place = "authorization" if proof.kind == "token" else "header x-api-key"
        presented = (
            Presented(
                kind=proof.kind,
                place=place,
                scheme="bearer" if proof.kind == "token" else "",
                store=proof.store,
            ),
        )
    given: dict[str, object] = {
        "at": at,
        "decision": "test",
        "listener": "reverse",
        "kind": "reverse",
        "method": method,
        "host": (parts.hostname or ""),
        "target": parts.path or "/",
        "peer": peer,
        "scheme": parts.scheme or "http",
        "port": parts.port or (443 if parts.scheme == "https" else 80),
        "uri_bytes": len(parts.path or "/") + (1 + len(parts.query) if parts.query else 0),
        "query_keys": tuple(pair.partition("=")[0] for pair in parts.query.split("&") if pair),
        "presented": presented,
        "kept": Kept(proofs=(proof,) if proof else (), place=Place(country=country)),
        **more,
    }
    return Facts(**given)  # type: ignore[arg-type]  # the caller of a builder names fields as it likes


def token_proof(issuer: str, claims: Mapping[str, object], *, state: str = "ok", **more: object) -> Proof:
    """Build what checking a token shows; `iss`, `exp` and `iat` are the test's own business."""
    return Proof(kind="token", state=state, issuer=issuer, claims=claims, **more)  # type: ignore[arg-type]


def key_proof(store: str, key_id: str, *, state: str = "ok") -> Proof:
    """Build what checking an API key shows."""
    return Proof(kind="api_key", state=state, store=store, key_id=key_id)


def flow(
    request: str = "GET http://api.test/",
    headers: Mapping[str, str] | None = None,
    *,
    at: float = DEFAULT_AT,
    peer: str = "203.0.113.10",
    port: int = 8080,
    mode: str = "reverse:http://127.0.0.1:9",
    body: bytes = b"",
    live: bool = False,
) -> http.HTTPFlow:
    """Build a mitmproxy flow as its first hook sees it: a request `METHOD URL` to the listener on local `port`."""
    method, _, url = request.partition(" ")
    made = http.Request.make(method, url, body, http.Headers())
    made.timestamp_start = at
    if not body:
        del made.headers["content-length"]
    for name, value in {"Host": urlsplit(url).netloc, **(headers or {})}.items():
        made.headers[name] = value
    client = connection.Client(
        peername=(peer, 40000),
        sockname=("127.0.0.1", port),
        proxy_mode=ProxyMode.parse(mode),
        timestamp_start=at,
        state=connection.ConnectionState.OPEN,
    )
    built = http.HTTPFlow(client, connection.Server(address=("127.0.0.1", 9)), live=live)
    built.request = made
    return built


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """A throw-away key pair that signs tokens: RS, PS and ES 256/384/512, EdDSA (Ed25519)."""

    key: PrivateKey
    algorithm: str = "ES256"
    kid: str = "test-1"

    @classmethod
    def make(cls, algorithm: str = "ES256", kid: str = "test-1") -> Signer:
        """Make a new key pair for `algorithm`."""
        key: PrivateKey
        if algorithm in _CURVES:
            key = ec.generate_private_key(_CURVES[algorithm][0])
        elif algorithm == "EdDSA":
            key = ed25519.Ed25519PrivateKey.generate()
        else:
            key = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS)
        return cls(key=key, algorithm=algorithm, kid=kid)

    @property
    def jwk(self) -> dict[str, object]:
        """The public key as a JWK."""
        base: dict[str, object] = {"kid": self.kid, "use": "sig", "alg": self.algorithm}
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return {"kty": "RSA", **base, "n": _number(numbers.n), "e": _number(numbers.e)}
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            _, name, size = _CURVES[self.algorithm]
            point = self.key.public_key().public_numbers()
            return {"kty": "EC", **base, "crv": name, "x": _number(point.x, size), "y": _number(point.y, size)}
        return {"kty": "OKP", **base, "crv": "Ed25519", "x": encode(self.key.public_key().public_bytes_raw())}

    def token(self, claims: Mapping[str, object], *, typ: str = "at+jwt", **header: object) -> str:
        """Sign `claims` as they are; `header` adds or replaces header fields, None leaves one out."""
        fields = {"alg": self.algorithm, "typ": typ or None, "kid": self.kid, **header}
        head = {name: value for name, value in fields.items() if value is not None}
        text = f"{encode(json.dumps(head).encode())}.{encode(json.dumps(dict(claims)).encode())}"
        return f"{text}.{encode(self.sign(text.encode()))}"

    def sign(self, message: bytes) -> bytes:
        """Return the signature over `message` in the form that JWS wants (RFC 7518 section 3)."""
        if isinstance(self.key, ed25519.Ed25519PrivateKey):
            return self.key.sign(message)
        digest = _HASHES[self.algorithm[2:]]
        if isinstance(self.key, ec.EllipticCurvePrivateKey):
            size = _CURVES[self.algorithm][2]
            r, s = decode_dss_signature(self.key.sign(message, ec.ECDSA(digest)))
            return r.to_bytes(size, "big") + s.to_bytes(size, "big")
        if self.algorithm.startswith("PS"):
            return self.key.sign(message, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
        return self.key.sign(message, padding.PKCS1v15(), digest)


def jwks(*signers: Signer) -> str:
    """Return the public keys of `signers` as the text of a JWK set."""
    return json.dumps({"keys": [signer.jwk for signer in signers]}, indent=1)


def api_key(key_id: str) -> tuple[str, str]:
    """Make an API key: its whole text, and the hash that a policy holds."""
    text = f"{key_id}_{secrets.token_hex(24)}"
    return text, f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def _number(value: int, size: int = 0) -> str:
    """Return a whole number as base64url of its big-endian bytes (RFC 7518 section 2)."""
    return encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))
