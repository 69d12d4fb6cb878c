"""DPoP proofs: structure and signature, by the key that each brings along; everything in them is judged later.

A proof proves nothing but that its sender holds a key. Whose key that is says the token's `cnf.jkt`.
Source: RFC 9449 sections 4.2 and 4.3, RFC 7638 (thumbprints).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import math
import re
from collections.abc import Mapping
from typing import Final

from cachetools import LRUCache
from jose.backends.base import Key

from parclose.facts import Possession
from parclose.policy.identity import Issuer
from parclose.stores import jwks, signatures
from parclose.stores.tokens import parse

TYPE: Final = "dpop+jwt"
MAX_PROOF_CHARS: Final = 8 * 1024
MAX_CHARS: Final = 2048  # of `htu`; `jti` and the rest are shorter
MAX_KEYS: Final = 10_000
ALGORITHMS: Final = frozenset(
    {"ES256", "ES384", "ES512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "EdDSA"}
)
# RFC 7638 section 3.2 and RFC 8037 section 2: the members that make a key, in order.
_NAMING: Mapping[str, tuple[str, ...]] = {
    "EC": ("crv", "kty", "x", "y"),
    "OKP": ("crv", "kty", "x"),
    "RSA": ("e", "kty", "n"),
}
# Whoever asks for a proof looks at the key alone; the rest of an issuer does not matter.
_ANYBODY = Issuer(name="dpop", iss="", audience=frozenset(), algorithms=ALGORITHMS, keys=(), keys_digest="")


def thumbprint(member: Mapping[str, object]) -> str:
    """Return the SHA-256 thumbprint of a public key, "" for what is none. Source: RFC 7638."""
    names = _NAMING.get(str(member.get("kty")), ())
    if not names or not all(isinstance(member.get(name), str) for name in names):
        return ""
    text = json.dumps({name: member[name] for name in names}, separators=(",", ":"), sort_keys=True)
    return _base64url(hashlib.sha256(text.encode()).digest())


class ProofReader:
    """Checks proofs; keys that were seen before are not built again."""

    def __init__(self, maxsize: int = MAX_KEYS) -> None:
        """Remember at most `maxsize` keys.

        Raises:
            BackendError: python-jose does not stand on `cryptography`.
        """
        signatures.prepare()
        self._keys: LRUCache[tuple[str, str], Key] = LRUCache(maxsize)

    def read(self, text: str, token: str) -> Possession:
        """Return what a proof shows that came with a token; never raises."""
        parsed = parse(text) if len(text) <= MAX_PROOF_CHARS else None
        if parsed is None or parsed.header.get("typ") != TYPE:
            return Possession(state="malformed")
        member, algorithm = parsed.header.get("jwk"), str(parsed.header.get("alg"))
        if not isinstance(member, dict):
            return Possession(state="malformed")
        if algorithm not in ALGORITHMS:
            return Possession(state="algorithm")
        jkt = thumbprint(member)
        key = self._key(member, jkt, algorithm)
        if key is None:
            return Possession(state="malformed")
        if not key.verify(parsed.signed, parsed.signature):
            return Possession(state="bad_signature")
        return _read(parsed.claims, jkt, token)

    def _key(self, member: Mapping[str, object], jkt: str, algorithm: str) -> Key | None:
        """Return the key that a proof brings, None where it is none that is sound, public, and for this."""
        known = self._keys.get((jkt, algorithm))
        if known is not None:
            return known
        # Only what makes the key: no `kid`, `use` or `alg` of a stranger decides anything. A private member does.
        names = (*_NAMING.get(str(member.get("kty")), ()), "d", "p", "q", "dp", "dq", "qi", "oth", "k")
        bare = {name: member[name] for name in names if name in member}
        try:
            found = jwks.gather(_ANYBODY, (bare,))[0].single if jkt else None
        except jwks.KeySetError:
            return None
        key = (found or {}).get(algorithm)
        if key is not None:
            self._keys[jkt, algorithm] = key
        return key


def _read(claims: Mapping[str, object], jkt: str, token: str) -> Possession:
    """Return the claims of a proof whose signature is good; all of them must be there, and of their type."""
    jti, htm, htu, ath = (claims.get(name) for name in ("jti", "htm", "htu", "ath"))
    iat = claims.get("iat")
    texts = [value for value in (jti, htm, htu, ath) if isinstance(value, str) and 0 < len(value) <= MAX_CHARS]
    if len(texts) != 4 or not isinstance(iat, int | float) or isinstance(iat, bool) or not math.isfinite(iat):
        return Possession(state="malformed")
    wanted = _base64url(hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest())
    return Possession(
        state="ok",
        jkt=jkt,
        htm=texts[1],
        htu=re.split(r"[?#]", texts[2], maxsplit=1)[0],  # what follows is not compared, and may hold secrets
        iat=float(iat),
        once=_base64url(hashlib.sha256(f"{jkt}\0{jti}".encode("utf-8", "surrogatepass")).digest()[:18]),
        of_token=hmac.compare_digest(texts[3].encode("utf-8", "surrogatepass"), wanted.encode()),
    )


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
