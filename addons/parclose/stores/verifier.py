"""The verifier of one policy: tokens, API keys and certificates behind one port; what is proven outlives the policy."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, cast

from cachetools import TTLCache

from parclose.facts import Presented, Proof
from parclose.policy.identity import Issuer
from parclose.policy.model import Policy
from parclose.policy.segment import SecretRef
from parclose.ports import AskCached, AskProof
from parclose.stores.certificates import CertificateVerifier
from parclose.stores.dpop import ProofReader
from parclose.stores.files import secret as read_secret
from parclose.stores.introspection import Endpoint, Introspector
from parclose.stores.key_sources import KeySources
from parclose.stores.keys import KeyVerifier
from parclose.stores.nonce import Nonces
from parclose.stores.token_cache import TokenCache, digest_of
from parclose.stores.tokens import MAX_TOKEN_CHARS, TokenVerifier

# One retry loop of a client with a bad token costs one check in this time; a mended key set is soon seen.
FAILURE_LIFE_S: Final = 10.0
MAX_FAILURES: Final = 10_000
# What a look elsewhere can turn into something else: not kept.
_OPEN = frozenset({"unavailable", "unknown_key_id"})


class PolicyVerifier:
    """Checks credentials for one policy revision; built anew for each, around the same parts.

    Without `sources` and `introspector` nothing is fetched, and what would have to be is `unavailable`.
    """

    def __init__(
        self,
        policy: Policy,
        cache: TokenCache,
        *,
        secret: Callable[[SecretRef], str] = read_secret,
        timer: Callable[[], float] = time.monotonic,
        sources: KeySources | None = None,
        introspector: Introspector | None = None,
        nonces: Nonces | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Build every key, fetch every pepper, read every authority.

        Raises:
            CaError: an authority of client certificates cannot be used.
            KeySetError: a key set cannot be used.
            SecretError: a pepper is missing or empty.
            BackendError: python-jose does not stand on `cryptography`.
        """
        self._tokens = TokenVerifier(policy, sources)
        self._keys = KeyVerifier(policy.key_stores, secret)
        self._cache, self._sources, self._introspector = cache, sources, introspector
        self._certificates = CertificateVerifier(policy.client_cas, clock)
        # Not shared with other revisions: what failed under one policy may be good under the next.
        self._failures: TTLCache[bytes, Proof] = TTLCache(MAX_FAILURES, FAILURE_LIFE_S, timer=timer)
        self._last: tuple[str, str, str, bytes] = ("", "", "", digest_of("", "", ""))
        self._issuers = policy.issuers
        self._endpoints = _endpoints(policy, secret) if introspector is not None else {}
        self._bindings = {name: _binding(issuer) for name, issuer in policy.issuers.items()}
        for name, store in policy.key_stores.items():
            for record in store.records.values():
                self._bindings[f"{name}/{record.id}"] = f"{record.algorithm}:{record.digest.hex()}"
        self._changes = -1
        self._reader = ProofReader(nonces)

    def prove(self, ask: AskProof) -> Proof | Awaitable[Proof]:
        """Return what checking the credential shows; never raises for anything a caller can send."""
        presented = ask.presented
        if presented.kind == "token":
            proof = self._prove_token(ask)
            return self._with_possession(presented, proof) if presented.scheme == "dpop" else proof
        if presented.kind == "api_key":
            return self._prove_key(presented.store, presented.text)
        if presented.kind == "mtls":
            return self._certificates.verify(presented.text)
        return Proof(kind=presented.kind, state="other")

    def cached(self, ask: AskCached) -> bool:
        """Return whether the credential was proven before and is still in the cache."""
        presented = ask.presented
        if len(presented.text) > MAX_TOKEN_CHARS and presented.kind != "mtls":
            return False
        if presented.kind == "mtls":
            return self._certificates.knows(presented.text)
        digest = self._digest(presented.kind, presented.store, presented.text)
        if self._known(digest) is not None:
            return True
        if presented.kind != "token" or self._introspector is None:
            return False
        answers = (self._introspector.known(endpoint, digest) for endpoint in self._endpoints.values())
        return any(answer is not None and answer.state == "ok" for answer in answers)

    def _with_possession(self, presented: Presented, proof: Proof | Awaitable[Proof]) -> Proof | Awaitable[Proof]:
        """Add what the DPoP proof shows that came with a token; never to a proof that others share."""
        if not isinstance(proof, Proof):
            return self._later(presented, proof)
        if not presented.proof or proof.state != "ok":
            return proof
        return replace(proof, possession=self._reader.read(presented.proof, presented.text))

    async def _later(self, presented: Presented, proof: Awaitable[Proof]) -> Proof:
        """Do the same once the token is proven."""
        return cast("Proof", self._with_possession(presented, await proof))

    def _known(self, digest: bytes) -> Proof | None:
        """Return the proof of a credential that is still in force."""
        if self._sources is not None and self._changes != self._sources.changes:
            self._changes = self._sources.changes
            for name, keys in self._tokens.remote.items():
                self._bindings[name] = f"{_binding(self._issuers[name])}:{keys.digest}"
        return self._cache.get(digest, self._bindings)

    def _digest(self, kind: str, store: str, text: str) -> bytes:
        """Return the digest of a credential; the last one is remembered, since each request asks twice."""
        last = self._last
        if last[0] is text and last[1] == store and last[2] == kind:
            return last[3]
        digest = digest_of(kind, store, text)
        self._last = (text, store, kind, digest)
        return digest

    def _prove_token(self, ask: AskProof) -> Proof | Awaitable[Proof]:
        """Look into the cache, then at the token, then where its issuer is."""
        text = ask.presented.text
        if len(text) > MAX_TOKEN_CHARS:
            return Proof(kind="token", state="malformed")  # before its digest, which takes as long as it is
        digest = self._digest("token", "", text)
        proof = self._known(digest)
        if proof is not None:
            return proof
        try:
            return self._failures[digest]  # `get` of this class costs three times as much
        except KeyError:
            proof = self._tokens.verify(text)
        if proof.state in _OPEN and proof.issuer in self._tokens.remote:
            return self._looked_up(text, digest, proof)
        if proof.state == "unavailable" and self._endpoints:
            return self._asked(ask, digest)
        return self._keep(text, digest, proof)

    def _keep(self, text: str, digest: bytes, proof: Proof) -> Proof:
        """Remember what a check has shown, and return it."""
        if proof.state == "ok":
            self._cache.put(digest, proof, self._bindings[proof.issuer], len(text))
        elif proof.state not in _OPEN or proof.issuer not in self._tokens.remote:
            self._failures[digest] = proof
        return proof

    async def _looked_up(self, text: str, digest: bytes, proof: Proof) -> Proof:
        """Look at a token again after its issuer's keys were; a key that nobody could look for is not unknown."""
        current = await self._tokens.remote[proof.issuer].look_again()
        self._known(digest)  # the keys may be others now, and with them what a proof is bound to
        proof = self._tokens.verify(text)
        if proof.state == "unknown_key_id" and not current:
            return Proof(kind="token", state="unavailable", issuer=proof.issuer)
        return self._keep(text, digest, proof)

    def _asked(self, ask: AskProof, digest: bytes) -> Proof | Awaitable[Proof]:
        """Ask whoever may have issued a token that says nothing by itself, unless the answers are kept."""
        issuers = self._tokens.who_knows(ask.presented.text)
        endpoints = [
            self._endpoints[name]
            for name in issuers
            if name in self._endpoints and (not ask.issuers or name in ask.issuers)
        ]
        if self._introspector is None or not endpoints:
            return Proof(kind="token", state="unknown_issuer")
        kept = [self._introspector.known(endpoint, digest) for endpoint in endpoints]
        found = next((known for known in kept if known is not None and known.state == "ok"), kept[-1])
        if found is not None and (found.state == "ok" or None not in kept):
            return found
        return self._ask_each(self._introspector, endpoints, ask.presented.text, digest)

    async def _ask_each(self, introspector: Introspector, endpoints: list[Endpoint], text: str, digest: bytes) -> Proof:
        """Ask in order until one knows the token; where nobody does, one who could not be asked might have."""
        answers: list[Proof] = []
        for endpoint in endpoints:
            answer = introspector.known(endpoint, digest) or await introspector.ask(endpoint, text, digest)
            if answer.state == "ok":
                return answer
            answers.append(answer)
        return next((answer for answer in answers if answer.state == "unavailable"), answers[-1])

    def _prove_key(self, store: str, text: str) -> Proof:
        """Check the key each time, which costs less than remembering; the cache knows whether it was good before."""
        proof = self._keys.verify(store, text)
        if proof.state != "ok":
            return proof
        digest = self._digest("api_key", store, text)
        known = self._cache.get(digest, self._bindings)
        if known is None:
            self._cache.put(digest, proof, self._bindings[f"{store}/{proof.key_id}"], len(text))
        return known or proof


def _endpoints(policy: Policy, secret: Callable[[SecretRef], str]) -> dict[str, Endpoint]:
    """Return by name where issuers of opaque tokens are asked, in order of name."""
    return {
        name: Endpoint.of(issuer, issuer.introspection, secret(issuer.introspection.client_secret))
        for name, issuer in sorted(policy.issuers.items())
        if issuer.introspection is not None
    }


def _binding(issuer: Issuer) -> str:
    """Return what a proof by this issuer rests on; a change of any part of it makes the proof void."""
    parts = (issuer.name, issuer.iss, issuer.keys_digest, *sorted(issuer.algorithms))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
