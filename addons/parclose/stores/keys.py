"""API keys: `<id>_<secret>`, split at the last `_`; the id finds the record, the digest of the whole text decides.

Generated keys need no stretching: SHA-256 costs 0.6 us, scrypt 54 ms a request. An unknown id costs what a known one
does, so that ids cannot be told apart by time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Final

from parclose.facts import Proof
from parclose.policy.identity import KeyRecord, KeyStore
from parclose.policy.segment import SecretRef

# Generated keys have about 60 characters; what is longer is cut, so it fails at the same price.
MAX_KEY_CHARS: Final = 512

_NOBODY = KeyRecord(id="", algorithm="sha256", digest=bytes(32))


class KeyStoreError(ValueError):
    """A key store cannot be used: the policy author's fault. `where` is `file:line`."""

    def __init__(self, store: KeyStore, record: KeyRecord) -> None:
        super().__init__(f"key store `{store.name}`: key `{record.id}` is hashed with a pepper; add `hash_env`")
        self.where = record.where or store.where


class KeyVerifier:
    """Checks API keys against the stores of one policy."""

    def __init__(self, stores: Mapping[str, KeyStore], secret: Callable[[SecretRef], str]) -> None:
        """Take the stores and fetch their peppers.

        Raises:
            SecretError: a pepper is missing or empty.
            KeyStoreError: a record needs a pepper, and its store names none.
        """
        for store in stores.values():
            for record in store.records.values():
                if record.algorithm == "hmac-sha256" and store.pepper is None:
                    raise KeyStoreError(store, record)
        self._stores = {
            name: (store, secret(store.pepper).encode() if store.pepper else b"") for name, store in stores.items()
        }

    def verify(self, store_name: str, text: str) -> Proof:
        """Return what checking `text` against a store shows; never raises."""
        store, pepper = self._stores.get(store_name, (None, b""))
        if store is None:
            return Proof(kind="api_key", state="unknown_key", store=store_name)
        raw = text[: MAX_KEY_CHARS + 1].encode("utf-8", "surrogatepass")
        key_id, _, secret = text.rpartition("_")
        record = store.records.get(key_id, _NOBODY)
        algorithm = record.algorithm if record is not _NOBODY or not pepper else "hmac-sha256"
        keyed = algorithm == "hmac-sha256"
        digest = hmac.digest(pepper, raw, "sha256") if keyed else hashlib.sha256(raw).digest()
        same = hmac.compare_digest(digest, record.digest)
        if not same or record is _NOBODY or not secret or len(text) > MAX_KEY_CHARS:
            return Proof(kind="api_key", state="unknown_key", store=store_name)
        return Proof(kind="api_key", state="ok", store=store_name, key_id=key_id)
