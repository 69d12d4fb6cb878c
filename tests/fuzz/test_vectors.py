"""The examples of the standards themselves, byte for byte: what they sign is good, what they warn of is refused.

If these fail, we speak a dialect, and real issuers' tokens are refused or strangers' accepted.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from parclose.facts import Presented, Proof
from parclose.ports import AskProof
from parclose.stores import base64url, jwks
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from tests.stores.signing import ALL, issuer, policy_of

# RFC 7515 appendix A: one payload, signed in several ways.
PAYLOAD = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
RSA = {
    "kty": "RSA",
    "n": (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-"
        "pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapH"
        "g665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4"
        "FRWyuXpoQ"
    ),
    "e": "AQAB",
}
RS256 = (
    f"eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}."
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZ"
    "cAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-e"
    "OkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
)
P256 = {
    "kty": "EC", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
    "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
}  # fmt: skip
ES256 = (
    f"eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}."
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
)
HS256 = f"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
UNSECURED = f"eyJhbGciOiJub25lIn0.{PAYLOAD}."
# RFC 7515 appendix E: a header member that must be understood.
CRITICAL = (
    "eyJhbGciOiJub25lIiwNCiAiY3JpdCI6WyJodHRwOi8vZXhhbXBsZS5jb20vVU5ERUZJTkVEIl0sDQogImh0dHA6Ly9leGFtcGxlLmNvbS9VTkRFRkl"
    "ORUQiOnRydWUNCn0.RkFJTA."
)
# RFC 7515 appendix A.4 and RFC 8037 appendix A.4: not JWTs, but signatures by keys of other kinds.
P521 = {
    "kty": "EC", "crv": "P-521",
    "x": "AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk",
    "y": "ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2",
}  # fmt: skip
ES512 = (
    "eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA."
    "AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3"
    "xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn"
)
ED25519 = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
EDDSA = (
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc."
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
)


def checked(text: str, *keys: Mapping[str, object]) -> Proof:
    """Return what checking a token of the issuer `joe` shows."""
    verifier = PolicyVerifier(policy_of(issuer(*keys, iss="joe")), TokenCache())
    proof = verifier.prove(AskProof(0, Presented(kind="token", place="x", text=text)))
    assert isinstance(proof, Proof)
    return proof


@pytest.mark.parametrize(("text", "key"), [(RS256, RSA), (ES256, P256)], ids=["A.2 RS256", "A.3 ES256"])
def test_the_tokens_of_rfc_7515(text: str, key: Mapping[str, object]) -> None:
    """Line breaks in the signed JSON and all; times are judged elsewhere."""
    proof = checked(text, key)
    assert (proof.state, proof.claims["exp"], proof.claims["http://example.com/is_root"]) == ("ok", 1300819380, True)


@pytest.mark.parametrize(
    ("text", "key", "algorithm"), [(ES512, P521, "ES512"), (EDDSA, ED25519, "EdDSA")], ids=["ES512", "Ed25519"]
)
def test_the_signatures_of_rfc_7515_and_8037(text: str, key: Mapping[str, object], algorithm: str) -> None:
    """Good as they stand; not with one byte changed; and no token, since their payload is no JSON."""
    built = jwks.build(issuer(key)).single
    assert built is not None
    signed, _, signature = text.rpartition(".")
    raw = base64url.decode(signature)
    assert raw is not None
    assert built[algorithm].verify(signed.encode(), raw)
    assert not built[algorithm].verify(signed.encode() + b"x", raw)
    assert not built[algorithm].verify(signed.encode(), bytes([raw[0] ^ 1]) + raw[1:])
    assert checked(text, key).state == "malformed"


@pytest.mark.parametrize(
    ("text", "state"),
    [(HS256, "algorithm"), (UNSECURED, "malformed"), (UNSECURED + "AA", "algorithm"), (CRITICAL, "malformed")],
    ids=["A.1 HS256", "A.5 none", "none with a signature", "E crit"],
)
def test_what_the_standards_warn_of(text: str, state: str) -> None:
    """RFC 8725 sections 3.1 and 3.2, RFC 7515 section 4.1.11: refused, whichever keys there are."""
    assert checked(text, RSA).state == checked(text, P256).state == state


def test_the_key_set_of_rfc_7517() -> None:
    """Appendix A.1: an EC key for encryption is passed over, the RSA key of its own algorithm is taken."""
    n = (
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjh"
        "Mstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvR"
        "L5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqD"
        "Kgw"
    )
    members = (
        {
            "kty": "EC", "crv": "P-256", "use": "enc", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
            "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM",
        },
        {"kty": "RSA", "n": n, "e": "AQAB", "alg": "RS256", "kid": "2011-04-29"},
    )  # fmt: skip
    keys, passed = jwks.gather(issuer(), members)
    assert {kid: sorted(keys.by_kid[kid]) for kid in keys.by_kid} == {"2011-04-29": ["RS256"]}
    assert passed == ()
    assert sorted(ALL) == sorted(
        {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
    )


def test_the_private_keys_of_rfc_7517_are_refused() -> None:
    """Appendix A.2 is what nobody should publish."""
    with pytest.raises(jwks.KeySetError, match="private"):
        jwks.gather(issuer(), ({**P256, "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"},))
    with pytest.raises(jwks.KeySetError, match="shared secret"):
        jwks.gather(issuer(), ({"kty": "oct", "alg": "A128KW", "k": "GawgguFyGrWKav7AX4VKUg"},))


def test_json_of_a_token_is_taken_once() -> None:
    """RFC 7519 section 4: a claim that stands twice; RFC 8725 section 2.4: what parsers read differently."""
    assert json.loads('{"iss": "a", "iss": "joe"}') == {"iss": "joe"}  # as most parsers do
    assert checked(f"{RS256.split('.', maxsplit=1)[0]}.eyJpc3MiOiJhIiwiaXNzIjoiam9lIn0.AAAA", RSA).state == "malformed"
