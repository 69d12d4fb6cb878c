"""The verifier of one policy: tokens, API keys and certificates behind one port; what is proven outlives the policy."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from typing import Final

from cachetools import TTLCache

from parclose.facts import Proof
from parclose.policy.identity import Issuer
from parclose.policy.model import Policy
from parclose.policy.segment import SecretRef
from parclose.ports import AskCached, AskProof
from parclose.stores.certificates import CertificateVerifier
from parclose.stores.files import secret as read_secret
from parclose.stores.keys import KeyVerifier
from parclose.stores.token_cache import TokenCache, digest_of
from parclose.stores.tokens import TokenVerifier

# One retry loop of a client with a bad token costs one check in this time; a mended key set is soon seen.
FAILURE_LIFE_S: Final = 10.0
MAX_FAILURES: Final = 10_000


class PolicyVerifier:
    """Checks credentials for one policy revision; built anew for each, around the same `TokenCache`."""

    def __init__(
        self,
        policy: Policy,
        cache: TokenCache,
        *,
        secret: Callable[[SecretRef], str] = read_secret,
        timer: Callable[[], float] = time.monotonic,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Build every key, fetch every pepper, read every authority.

        Raises:
            CaError: an authority of client certificates cannot be used.
            KeySetError: a key set cannot be used.
            SecretError: a pepper is missing or empty.
            BackendError: python-jose does not stand on `cryptography`.
        """
        self._tokens = TokenVerifier(policy)
        self._keys = KeyVerifier(policy.key_stores, secret)
        self._certificates = CertificateVerifier(policy.client_cas, clock)
        self._cache = cache
        # Not shared with other revisions: what failed under one policy may be good under the next.
        self._failures: TTLCache[bytes, Proof] = TTLCache(MAX_FAILURES, FAILURE_LIFE_S, timer=timer)
        self._last: tuple[str, str, str, bytes] = ("", "", "", digest_of("", "", ""))
        self._bindings = {name: _binding(issuer) for name, issuer in policy.issuers.items()}
        for name, store in policy.key_stores.items():
            for record in store.records.values():
                self._bindings[f"{name}/{record.id}"] = f"{record.algorithm}:{record.digest.hex()}"

    def prove(self, ask: AskProof) -> Proof:
        """Return what checking the credential shows; never raises for anything a caller can send."""
        presented = ask.presented
        if presented.kind == "token":
            return self._prove_token(presented.text)
        if presented.kind == "api_key":
            return self._prove_key(presented.store, presented.text)
        if presented.kind == "mtls":
            return self._certificates.verify(presented.text)
        return Proof(kind=presented.kind, state="other")

    def cached(self, ask: AskCached) -> bool:
        """Return whether the credential was proven before and is still in the cache."""
        presented = ask.presented
        if presented.kind == "mtls":
            return self._certificates.knows(presented.text)
        digest = self._digest(presented.kind, presented.store, presented.text)
        return self._cache.get(digest, self._bindings) is not None

    def _digest(self, kind: str, store: str, text: str) -> bytes:
        """Return the digest of a credential; the last one is remembered, since each request asks twice."""
        last = self._last
        if last[0] is text and last[1] == store and last[2] == kind:
            return last[3]
        digest = digest_of(kind, store, text)
        self._last = (text, store, kind, digest)
        return digest

    def _prove_token(self, text: str) -> Proof:
        """Look into the cache, then at the token."""
        digest = self._digest("token", "", text)
        proof = self._cache.get(digest, self._bindings) or self._failures.get(digest)
        if proof is not None:
            return proof
        proof = self._tokens.verify(text)
        if proof.state == "ok":
            self._cache.put(digest, proof, self._bindings[proof.issuer])
        else:
            self._failures[digest] = proof
        return proof

    def _prove_key(self, store: str, text: str) -> Proof:
        """Check the key each time, which costs less than remembering; the cache knows whether it was good before."""
        proof = self._keys.verify(store, text)
        if proof.state != "ok":
            return proof
        digest = self._digest("api_key", store, text)
        known = self._cache.get(digest, self._bindings)
        if known is None:
            self._cache.put(digest, proof, self._bindings[f"{store}/{proof.key_id}"])
        return known or proof


def _binding(issuer: Issuer) -> str:
    """Return what a proof by this issuer rests on; a change of any part of it makes the proof void."""
    parts = (issuer.name, issuer.iss, issuer.keys_digest, *sorted(issuer.algorithms))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
