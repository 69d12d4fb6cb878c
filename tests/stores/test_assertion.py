"""What is signed for upstreams: if these fail, they believe a stranger, or can check nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import cast

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from parclose.facts import Presented, Proof
from parclose.policy.segment import Assertion, SecretRef
from parclose.ports import AskProof
from parclose.stores import base64url
from parclose.stores.assertion import TYPE, AssertionSigner, SigningKeyError
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from parclose.verdict import Effect, Principal, Verdict
from tests.stores.signing import AT, issuer, policy_of

ASSERTION = Assertion(
    header="x-who", audience="https://up.example", key=SecretRef(source="file", name="/p/sign.pem", where="p:1"),
    ttl_s=60.0,
)  # fmt: skip
CALLER = Principal(
    client_type="web", subject="u-1", client="app", tenant="globex", issuer="login", kinds=frozenset({"token"}),
    scopes=frozenset({"b", "a"}), roles=frozenset({"r"}), attributes={"plan": "paid"}, acr="gold",
    amr=frozenset({"pwd"}), auth_time=AT - 5.5,
)  # fmt: skip
VERDICT = Verdict(effect=Effect.ALLOW, reason=None, segment="shop", decision="D1", principal=CALLER)

type Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey


def pem(key: Private | None = None, password: bytes = b"") -> str:
    """Return a private key as a file holds it."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, how).decode()


def parts(token: str) -> list[dict[str, object]]:
    """Return header and claims."""
    return [json.loads(base64url.decode(part) or b"") for part in token.split(".")[:2]]


def test_everything_that_is_known_is_said_and_nothing_else() -> None:
    """Short-lived, for one audience, of a type of its own."""
    signer = AssertionSigner(ASSERTION, pem(), "acme")
    header, claims = parts(signer.sign(VERDICT, AT + 0.7))
    assert header == {"alg": "ES256", "kid": signer.kid, "typ": TYPE}
    assert claims == {
        "iss": "acme", "aud": "https://up.example", "iat": AT, "exp": AT + 60, "jti": "D1", "sub": "u-1",
        "client_id": "app", "client_type": "web", "tenant": "globex", "scope": "a b", "roles": ["r"],
        "attributes": {"plan": "paid"}, "original_iss": "login", "acr": "gold", "amr": ["pwd"],
        "auth_time": AT - 6, "segment": "shop",
    }  # fmt: skip
    bare = replace(VERDICT, principal=Principal(client_type="robot", client="robot", kinds=frozenset({"api_key"})))
    assert sorted(parts(signer.sign(bare, AT))[1]) == [
        "aud", "client_id", "client_type", "exp", "iat", "iss", "jti", "segment",
    ]  # fmt: skip


@pytest.mark.parametrize("principal", [None, Principal(client_type="anonymous")])
def test_of_nobody_nothing_is_said(principal: Principal | None) -> None:
    """Who proved nothing has no assertion."""
    assert AssertionSigner(ASSERTION, pem(), "acme").sign(replace(VERDICT, principal=principal), AT) == ""


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [
        (ec.generate_private_key(ec.SECP256R1()), "ES256"),
        (ec.generate_private_key(ec.SECP384R1()), "ES384"),
        (ec.generate_private_key(ec.SECP521R1()), "ES512"),
        (rsa.generate_private_key(65537, 2048), "RS256"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_public_half_checks_it(key: Private, algorithm: str) -> None:
    """By our own verifier, as strict as any upstream's, with the set that is published."""
    signer = AssertionSigner(ASSERTION, pem(key), "acme")
    assert not {"d", "p", "q", "dp", "dq", "qi"} & signer.jwk.keys()
    upstream = policy_of(issuer(cast("dict[str, object]", signer.jwk), iss="acme"))
    token = signer.sign(VERDICT, AT)
    for text, state in ((token, "ok"), (token[:-4] + "AAAA", "bad_signature")):
        asked = AskProof(0, Presented(kind="token", place="x", text=text))
        proof = PolicyVerifier(upstream, TokenCache()).prove(asked)
        assert isinstance(proof, Proof)
        assert (proof.state, signer.algorithm) == (state, algorithm)


def test_the_name_of_a_key_is_its_thumbprint() -> None:
    """The example of RFC 7638 section 3.1, whose private half nobody has: named as our own would be."""
    key = ec.generate_private_key(ec.SECP256R1())
    one, same = (AssertionSigner(ASSERTION, pem(key), "acme") for _ in range(2))
    assert one.kid == same.kid != AssertionSigner(ASSERTION, pem(), "acme").kid
    assert len(base64url.decode(one.kid) or b"") == 32


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no private key"),
        (pem()[:60], "no private key"),
        (pem(password=b"x"), "password"),
        (pem(ed25519.Ed25519PrivateKey.generate()), "none of EC"),
        (pem(ec.generate_private_key(ec.SECP256K1())), "none of EC"),
        (pem(rsa.generate_private_key(65537, 1024)), "2048"),
        (
            ec.generate_private_key(ec.SECP256R1())
            .public_key()
            .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
            "no private key",
        ),
    ],
    ids=["empty", "nonsense", "password", "ed25519", "secp256k1", "short", "public"],
)
def test_what_cannot_sign_is_refused_and_not_quoted(text: str, says: str) -> None:
    """With what to put there."""
    with pytest.raises(SigningKeyError, match=says) as caught:
        AssertionSigner(ASSERTION, text, "acme")
    said = str(caught.value)
    assert "/p/sign.pem" in said
    assert "openssl genpkey" in said
    assert not [line for line in text.splitlines() if len(line) > 30 and line in said]
