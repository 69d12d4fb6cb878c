"""What was proven before: tokens by digest, and that API keys were seen good. Kept over policy reloads.

INVARIANT: an entry counts only for the issuer, the keys and the algorithms that proved it, and never at or after `exp`.
The first sight of a credential gets a proof of its own that says `cached=False`; everybody later shares one that says
True, so a record of the first request stays true, and the memo of the principal is reused.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from cachetools import TLRUCache

from parclose.facts import Proof

# Claims of a token take about 3 kB in memory, three times its text: some ten thousand tokens, or fewer large ones.
MAX_BYTES: Final = 40 << 20
ENTRY_BYTES: Final = 1024
# However long a token is good, looking again once an hour costs nothing and forgets what nobody uses.
MAX_LIFE_S: Final = 3600.0


@dataclass(slots=True)
class _Entry:
    """A proof, what it is bound to, and until when it may be used (by the cache's timer).

    The proof is that of the first sight until somebody asks for it, then one that all share.
    """

    proof: Proof
    binding: str
    until: float
    size: int = 1


def digest_of(kind: str, store: str, text: str) -> bytes:
    """Return the name of a credential in the cache; the text itself is not kept."""
    return hashlib.sha256(f"{kind}\0{store}\0{text}".encode("utf-8", "surrogatepass")).digest()


class TokenCache:
    """Proofs whose state is `ok`, in `maxsize` bytes all told. `timer` tells epoch seconds, since `exp` does."""

    def __init__(self, *, maxsize: int = MAX_BYTES, timer: Callable[[], float] = time.time) -> None:
        self.hits = self.misses = 0  # of looks, since the start
        self._timer = timer
        self._entries: TLRUCache[bytes, _Entry] = TLRUCache(maxsize, ttu=_until, timer=timer, getsizeof=_size)

    def get(self, digest: bytes, bindings: dict[str, str]) -> Proof | None:
        """Return the shared proof, when what proved it is still in force: `bindings` by issuer or key store name."""
        try:
            entry = self._entries[digest]  # `get` of this class costs three times as much
        except KeyError:
            self.misses += 1
            return None
        proof = entry.proof
        if bindings.get(proof.issuer or f"{proof.store}/{proof.key_id}") != entry.binding:
            self.misses += 1
            return None
        self.hits += 1
        if not proof.cached:
            proof = entry.proof = replace(proof, cached=True, memo=None)
        return proof

    def put(self, digest: bytes, proof: Proof, binding: str, chars: int = 0) -> None:
        """Keep a good proof until its token expires, at most an hour; one without `exp` is not kept.

        `chars` is how long its text is, and so how much room its claims take.
        """
        now = self._timer()
        until = now + MAX_LIFE_S
        if proof.kind == "token":
            expires = proof.claims.get("exp")
            if not isinstance(expires, int | float) or isinstance(expires, bool):
                return
            until = min(until, expires)
        if until > now:
            self._entries[digest] = _Entry(proof, binding, until, ENTRY_BYTES + 3 * chars)


def _size(entry: _Entry) -> int:
    """Tell the cache how much room an entry takes."""
    return entry.size


def _until(key: bytes, entry: _Entry, now: float) -> float:
    """Tell the cache when an entry ends."""
    del key, now
    return entry.until
