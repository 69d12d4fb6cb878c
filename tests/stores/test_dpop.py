"""DPoP proofs: if these fail, whoever has stolen a token can use it, or no honest client can."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.facts import Possession
from parclose.stores.dpop import MAX_PROOF_CHARS, ProofReader, thumbprint
from tests.stores.signing import AT, Signer, b64, sign_raw, signer

# RFC 9449 section 7.1: the token, the proof, and the thumbprint in figure 9.
TOKEN = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
PROOF = (
    "eyJ0eXAiOiJkcG9wK2p3dCIsImFsZyI6IkVTMjU2IiwiandrIjp7Imt0eSI6IkVDIiwieCI6Imw4dEZyaHgtMzR0VjNoUklDUkRZOXpDa0Rsc"
    "EJoRjQyVVFVZldWQVdCRnMiLCJ5IjoiOVZFNGpmX09rX282NHpiVFRsY3VOSmFqSG10NnY5VERWclUwQ2R2R1JEQSIsImNydiI6IlAtMjU2In1"
    "9.eyJqdGkiOiJlMWozVl9iS2ljOC1MQUVCIiwiaHRtIjoiR0VUIiwiaHR1IjoiaHR0cHM6Ly9yZXNvdXJjZS5leGFtcGxlLm9yZy9wcm90ZWN0"
    "ZWRyZXNvdXJjZSIsImlhdCI6MTU2MjI2MjYxOCwiYXRoIjoiZlVIeU8ycjJaM0RaNTNFc05yV0JiMHhXWG9hTnk1OUlpS0NBcWtzbVFFbyJ9.2o"
    "W9RP35yRqzhrtNP86L-Ey71EOptxRimPPToA1plemAgR6pxHF8y6-yqyVnmcw6Fy1dqd-jfxSYoMxhAJpLjA"
)
JKT = "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"
ES = signer("ES256")


def ath(token: str) -> str:
    """Return the hash of a token."""
    return b64(hashlib.sha256(token.encode()).digest())


def proof(by: Signer = ES, head: dict[str, object] | None = None, **claims: object) -> str:
    """Return a good proof for the token `t`, unless told otherwise; a member that is None is left out."""
    key = {name: value for name, value in by.jwk(None).items() if name not in {"use", "alg"}}
    header = {"typ": "dpop+jwt", "alg": by.algorithm, "jwk": key} | (head or {})
    body = {"jti": "j-1", "htm": "GET", "htu": "https://api.test/x", "iat": AT, "ath": ath("t")} | claims
    parts = ({name: value for name, value in part.items() if value is not None} for part in (header, body))
    return sign_raw(by, *(json.dumps(part).encode() for part in parts))


def test_the_example_of_the_standard() -> None:
    """RFC 9449 section 7.1, byte for byte."""
    shown = ProofReader().read(PROOF, TOKEN)
    assert shown == Possession(
        state="ok", jkt=JKT, htm="GET", htu="https://resource.example.org/protectedresource", iat=1562262618.0,
        once=shown.once, of_token=True,
    )  # fmt: skip
    assert not ProofReader().read(PROOF, f"{TOKEN}x").of_token


def test_the_thumbprint_of_the_standard() -> None:
    """RFC 7638 section 3.1 and RFC 8037 appendix A.3."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjh"
        "Mstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvR"
        "L5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqD"
        "Kgw"
    )
    rsa = {"kty": "RSA", "n": n.replace(" ", ""), "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"}
    assert thumbprint(rsa) == "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    okp = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    assert thumbprint(okp) == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    assert [thumbprint(key) for key in ({}, {"kty": "EC", "x": "a"}, {"kty": ["EC"]})] == ["", "", ""]


@pytest.mark.parametrize("algorithm", ["ES256", "ES384", "ES512", "RS256", "PS256", "EdDSA"])
def test_proofs_by_every_kind_of_key(algorithm: str) -> None:
    """Each names its key by its thumbprint, however often it is seen."""
    by, reader = signer(algorithm), ProofReader()
    for _ in range(2):
        shown = reader.read(proof(by), "t")
        assert (shown.state, shown.jkt, shown.of_token) == ("ok", thumbprint(by.jwk()), True)


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("", "malformed"),
        ("a.b.c", "malformed"),
        (proof(head={"typ": "JWT"}), "malformed"),
        (proof(head={"typ": None}), "malformed"),
        (proof(head={"jwk": None}), "malformed"),
        (proof(head={"jwk": "k1"}), "malformed"),
        (proof(head={"jwk": {}}), "malformed"),
        (proof(head={"jwk": ES.jwk(None, d="AQAB")}), "malformed"),
        (proof(head={"jwk": {"kty": "oct", "k": "AAAA"}}), "malformed"),
        (proof(head={"jwk": ES.jwk(None, x="AAAA")}), "malformed"),
        (proof(head={"jwk": signer("ES384").jwk(None)}), "malformed"),
        (proof(head={"jwk": Signer("ES256", signer("ES256", 1).private).jwk(None)}), "bad_signature"),
        (proof(head={"alg": "none"}), "algorithm"),
        (proof(head={"alg": "HS256"}), "algorithm"),
        (proof(head={"alg": None}), "algorithm"),
        (proof(head={"alg": "RS256"}), "malformed"),
        (proof(head={"crit": ["exp"]}), "malformed"),
        (proof(head={"b64": False}), "malformed"),
        (proof(jti=None), "malformed"),
        (proof(jti=""), "malformed"),
        (proof(jti=7), "malformed"),
        (proof(htm=None), "malformed"),
        (proof(htu=["https://api.test/x"]), "malformed"),
        (proof(htu="x" * 2049), "malformed"),
        (proof(ath=None), "malformed"),
        (proof(iat=None), "malformed"),
        (proof(iat="1"), "malformed"),
        (proof(iat=True), "malformed"),
        (proof(more="x" * MAX_PROOF_CHARS), "malformed"),
        (proof()[:-4] + "AAAA", "bad_signature"),
    ],
)
def test_what_proves_nothing(text: str, state: str) -> None:
    """Nothing raises, and nothing of it is believed."""
    assert ProofReader().read(text, "t") == Possession(state=state)


def test_a_proof_of_another_token() -> None:
    """Its signature is good; it is not for this one."""
    assert not ProofReader().read(proof(ath=ath("u")), "t").of_token


def test_what_names_a_proof() -> None:
    """Key and `jti` together: two clients may choose the same."""
    reader = ProofReader()
    names = {reader.read(text, "t").once for text in (proof(), proof(htm="PUT"), proof(jti="j-2"), proof(signer()))}
    assert len(names) == 3


def test_an_address_is_kept_without_its_query() -> None:
    """It is not compared, and may hold what nobody should read in a log."""
    assert ProofReader().read(proof(htu="https://api.test/x?key=1#f"), "t").htu == "https://api.test/x"


GOOD = proof()
READER = ProofReader()
SHOWN = READER.read(GOOD, "t")


@given(some.integers(0, len(GOOD) - 1), some.integers(1, 127))
def test_no_changed_byte_is_believed(at: int, by: int) -> None:
    """Wherever it is changed, and whatever to: what is not refused is not the same claim."""
    changed = GOOD[:at] + chr(ord(GOOD[at]) ^ by) + GOOD[at + 1 :]
    assert READER.read(changed, "t").state != "ok"
    assert replace(SHOWN) == SHOWN
