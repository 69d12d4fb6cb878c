"""Bearer tokens (JWS, compact): structure, issuer, algorithm, key and signature. Times and claims are judged later.

Nothing a caller can send raises here. Before any signature is checked: size, three canonical parts, strict JSON, a
known issuer, an algorithm from that issuer's fixed list, one key by id. Header members that would choose a key (`jku`,
`jwk`, `x5u`, `x5c`) are never looked at; those that change what is signed (`crit`, `b64`, `zip`) refuse the token.

Source: RFC 7515, RFC 7519, RFC 8725.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, NamedTuple

from jose.backends.base import Key

from parclose.facts import Proof
from parclose.policy.identity import Issuer
from parclose.policy.model import Policy
from parclose.stores import base64url, jwks, signatures
from parclose.stores.key_sources import KeySources
from parclose.stores.remote_keys import RemoteKeys
from parclose.stores.strict_json import NotStrict, read_object

# Header blocks of common servers end at 8 to 16 KiB; a token of 1 MB costs 5 ms before it fails.
MAX_TOKEN_CHARS: Final = 16 * 1024
# Headers that name algorithm, type and key have some 100; longer ones are read each time, so that few bytes are kept.
MAX_KEPT_CHARS: Final = 512

_CHANGES_MEANING = ("crit", "b64", "zip")


class Parsed(NamedTuple):
    """A token taken apart; nothing in it is proven."""

    header: Mapping[str, object]
    claims: Mapping[str, object]
    signed: bytes
    signature: bytes


class TokenVerifier:
    """Checks tokens against the issuers of one policy."""

    def __init__(self, policy: Policy, sources: KeySources | None = None) -> None:
        """Build every key; those that are published elsewhere come from `sources`.

        Raises:
            KeySetError: a key set cannot be used.
            BackendError: python-jose does not stand on `cryptography`.
        """
        signatures.prepare()
        self._issuer_of = policy.issuer_of
        self._issuers: dict[str, tuple[Issuer, jwks.KeySet]] = {
            name: (issuer, jwks.build(issuer)) for name, issuer in policy.issuers.items() if issuer.source == "keys"
        }
        self.remote: dict[str, RemoteKeys] = {}
        if sources is not None:
            remote = {"discovery", "jwks_url"}
            self.remote = {name: sources.of(each) for name, each in policy.issuers.items() if each.source in remote}
        self._all = policy.issuers
        self._opaque = tuple(sorted(name for name, issuer in policy.issuers.items() if issuer.is_opaque))

    def verify(self, text: str) -> Proof:
        """Return what checking `text` shows; never raises."""
        parsed = parse(text)
        if parsed is None:
            # What cannot be read may be an opaque token, which only its issuer can judge.
            return Proof(kind="token", state="unavailable" if self._opaque else "malformed")
        iss = parsed.claims.get("iss")
        name = self._issuer_of.get(iss) if isinstance(iss, str) else None
        if name is None:
            # An issuer of which no `iss` is known may have made it, whatever it looks like.
            unnamed = any(not self._all[opaque].iss for opaque in self._opaque)
            return Proof(kind="token", state="unavailable" if unnamed else "unknown_issuer")
        issuer, keys = self._keys_of(name)
        if keys is None:
            return Proof(kind="token", state="unavailable", issuer=name)
        state = _signature_state(issuer, keys, parsed)
        if state != "ok":
            return Proof(kind="token", state=state, issuer=name)
        typ = parsed.header.get("typ", "")
        return Proof(kind="token", state="ok", issuer=name, typ=str(typ), claims=parsed.claims)

    def _keys_of(self, name: str) -> tuple[Issuer, jwks.KeySet | None]:
        """Return an issuer and its keys, None where none are at hand."""
        if name in self._issuers:
            return self._issuers[name]
        issuer = self._all[name]
        return issuer, self.remote[name].of(issuer) if name in self.remote else None

    def who_knows(self, text: str) -> tuple[str, ...]:
        """Return the names of the issuers of opaque tokens that can have made this one, in order."""
        parsed = parse(text)
        iss = parsed.claims.get("iss") if parsed is not None else None
        name = self._issuer_of.get(iss) if isinstance(iss, str) else None
        if name is not None:
            return (name,) if name in self._opaque else ()
        return tuple(name for name in self._opaque if parsed is None or not self._all[name].iss)


def _signature_state(issuer: Issuer, keys: jwks.KeySet, parsed: Parsed) -> str:
    """Return `ok`, or what is wrong with algorithm, key or signature, in this order."""
    algorithm = parsed.header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        return "algorithm"
    kid = parsed.header.get("kid")
    by_algorithm: Mapping[str, Key] | None = keys.single if kid is None else keys.by_kid.get(str(kid))
    if by_algorithm is None:
        return "unknown_key_id"
    key = by_algorithm.get(algorithm)
    if key is None:
        return "algorithm"
    return "ok" if key.verify(parsed.signed, parsed.signature) else "bad_signature"


def parse(text: str) -> Parsed | None:
    """Take a token apart; None when it is not one in the one way of spelling it."""
    if len(text) > MAX_TOKEN_CHARS or not text.isascii():
        return None
    parts = text.split(".")
    if len(parts) != 3:
        return None
    header = _header(parts[0]) if len(parts[0]) <= MAX_KEPT_CHARS else _header.__wrapped__(parts[0])
    claims_raw, signature = base64url.decode(parts[1]), base64url.decode(parts[2])
    if header is None or not claims_raw or not signature:
        return None
    try:
        claims = read_object(claims_raw)
    except NotStrict:
        return None
    return Parsed(header, claims, text.rpartition(".")[0].encode("ascii"), signature)


@lru_cache(maxsize=256)
def _header(text: str) -> Mapping[str, object] | None:
    """Return the header of a token, to be read only, or None when it is refused; all tokens by one key share it."""
    raw = base64url.decode(text)
    try:
        header = read_object(raw) if raw else None
    except NotStrict:
        return None
    if header is None or any(name in header for name in _CHANGES_MEANING):
        return None
    if not all(isinstance(header.get(name, ""), str) for name in ("kid", "typ", "cty")):
        return None
    return header
