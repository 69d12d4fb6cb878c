"""API keys: which text is a key, and that nothing else is."""

from __future__ import annotations

import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.identity import KeyRecord, KeyStore
from parclose.policy.segment import SecretRef
from parclose.stores.keys import MAX_KEY_CHARS, KeyStoreError, KeyVerifier

GOOD = "pk_globex_Zm9vYmFyYmF6cXV4"
PEPPERED = "pk_initech_Zm9vYmFyYmF6cXV4"
REF = SecretRef(source="env", name="PEPPER", where="policy.yaml:3")


def plain(text: str) -> KeyRecord:
    """Return the record of a key."""
    return KeyRecord(id=text.rpartition("_")[0], algorithm="sha256", digest=hashlib.sha256(text.encode()).digest())


STORE = KeyStore(name="partners", header="x-api-key", records={"pk_globex": plain(GOOD)})
MIXED = KeyStore(
    name="mixed",
    header="x-api-key",
    pepper=REF,
    records={
        "pk_initech": KeyRecord(
            id="pk_initech", algorithm="hmac-sha256", digest=hmac.digest(b"pepper", PEPPERED.encode(), "sha256")
        ),
        "pk_globex": plain(GOOD),
        "long": plain("long_" + "x" * MAX_KEY_CHARS),
        "edge": plain("edge_" + "x" * (MAX_KEY_CHARS - 5)),
        "bare": plain("bare_"),
        "": plain("_secret"),
    },
)
VERIFIER = KeyVerifier({"partners": STORE, "mixed": MIXED}, lambda ref: {"PEPPER": "pepper"}[ref.name])


@pytest.mark.parametrize(
    ("store", "text", "key_id"),
    [
        ("partners", GOOD, "pk_globex"),
        ("mixed", GOOD, "pk_globex"),
        ("mixed", PEPPERED, "pk_initech"),
        ("mixed", "edge_" + "x" * (MAX_KEY_CHARS - 5), "edge"),
        ("mixed", "_secret", ""),
    ],
)
def test_a_key_is_known_by_its_whole_text(store: str, text: str, key_id: str) -> None:
    """With and without a pepper; the id is what stands before the last underscore."""
    proof = VERIFIER.verify(store, text)
    assert (proof.state, proof.store, proof.key_id) == ("ok", store, key_id)


@pytest.mark.parametrize(
    ("store", "text"),
    [
        ("partners", PEPPERED),
        ("partners", GOOD[:-1]),
        ("partners", GOOD + "x"),
        ("partners", GOOD + " "),
        ("partners", GOOD.upper()),
        ("partners", "pk_globex_"),
        ("partners", "pk_globex"),
        ("partners", "_"),
        ("partners", ""),
        ("partners", "nobody_Zm9v"),
        ("partners", "pk_globex_\u00e9"),
        ("partners", "\ud800_\udfff"),
        ("partners", "\x00" * 100_000),
        ("mixed", "long_" + "x" * MAX_KEY_CHARS),
        ("mixed", "bare_"),
        ("elsewhere", GOOD),
    ],
)
def test_anything_else_is_unknown(store: str, text: str) -> None:
    """No id is handed out, and the answer is the same for a wrong secret and an unknown id."""
    proof = VERIFIER.verify(store, text)
    assert (proof.state, proof.key_id, proof.store) == ("unknown_key", "", store)


@given(st.text())
def test_no_text_raises(text: str) -> None:
    """Whatever a caller sends, there is an answer."""
    assert VERIFIER.verify("partners", text).state == "unknown_key"


def test_a_hash_with_a_pepper_needs_one() -> None:
    """A store that names no pepper refuses the policy, at the record's place."""
    record = KeyRecord(id="k", algorithm="hmac-sha256", digest=bytes(32), where="keys.yaml:4")
    with pytest.raises(KeyStoreError, match="add `hash_env`") as caught:
        KeyVerifier({"s": KeyStore(name="s", records={"k": record})}, lambda ref: "")
    assert caught.value.where == "keys.yaml:4"
