"""Key sets: which keys are used, passed over, or refuse the policy."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from parclose.stores import jwks, signatures
from tests.stores.signing import ALL, Signer, issuer, number, rsa_key, signer

signatures.prepare()
RS, ES, ED = signer("RS256"), signer("ES256"), signer("EdDSA")


@pytest.mark.parametrize("algorithm", ALL)
def test_every_algorithm_has_its_key(algorithm: str) -> None:
    """A key of the right type is built for its own algorithm alone."""
    keys = jwks.build(issuer(signer(algorithm).jwk()))
    assert list(keys.by_kid["k1"]) == [algorithm]
    assert keys.single is keys.by_kid["k1"]


def test_a_key_without_alg_serves_what_the_issuer_names() -> None:
    """Many providers leave `alg` out; then the issuer's list and the key's type decide."""
    keys = jwks.build(issuer(RS.jwk(alg=None), algorithms=("RS256", "PS256", "ES256")))
    assert sorted(keys.by_kid["k1"]) == ["PS256", "RS256"]


@pytest.mark.parametrize(
    "other",
    [
        RS.jwk("k2", use="enc"),
        RS.jwk("k2", key_ops=["encrypt"]),
        RS.jwk("k2", alg="RSA-OAEP"),
        RS.jwk("k2", alg="RS512"),
        ED.jwk("k2"),
        ES.jwk("k2", crv="secp256k1", alg="ES256K"),
        {"kty": "AKP", "kid": "k2", "alg": "ML-DSA-44"},
        ED.jwk("k2", crv="Ed448"),
        {"kid": "k2"},
    ],
    ids=["use", "key_ops", "encryption", "unused alg", "unused type", "curve", "kty", "Ed448", "empty"],
)
def test_keys_for_something_else_are_passed_over(other: Mapping[str, object]) -> None:
    """RFC 7517 section 5: real sets hold keys that are not for us, and still serve."""
    keys = jwks.build(issuer(RS.jwk(), other, algorithms=("RS256", "ES256")))
    assert list(keys.by_kid) == ["k1"]
    assert keys.single is not None


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ((RS.jwk(d="AQAB"),), "private key"),
        (({"kty": "oct", "k": "AAAA", "kid": "k1"},), "shared secret"),
        ((RS.jwk(), RS.jwk("k2", use="enc", d="AQAB")), "private key"),
        ((Signer("RS256", rsa_key(1024)).jwk(),), "1024 bits"),
        ((RS.jwk(n=number((1 << 8192) + 1)),), "8193 bits"),
        ((RS.jwk(e=number(1)),), "exponent 1;"),
        ((RS.jwk(e=number(65536)),), "exponent 65536;"),
        ((RS.jwk(e=number((1 << 40) + 1)),), "exponent"),
        ((RS.jwk(n=None),), "`n` is missing"),
        ((RS.jwk(n=7),), "`n` is missing"),
        ((RS.jwk(n="not base64!"),), "`n` is missing or no base64url"),
        ((ES.jwk(x=number(5)),), "`x` is not 32 bytes"),
        ((ES.jwk(x=number(5, 32)),), "no valid public key"),
        ((ED.jwk(x=number(5, 31)),), "`x` is not 32 bytes"),
        ((ES.jwk(alg="ES384"),), "cannot do"),
        ((RS.jwk(alg="ES256"),), "cannot do"),
        ((RS.jwk(), signer("RS256", 1).jwk()), "two keys are called `k1`"),
        ((RS.jwk(), ES.jwk(None)), "no `kid`"),
        ((RS.jwk() | {"kid": 7},), "not text"),
        ((RS.jwk(""),), "not text"),
        ((RS.jwk(use="enc"),), "no key in the set can check"),
        (tuple(RS.jwk(str(kid)) for kid in range(101)), "keep 100 or fewer"),
        ((RS.jwk("\x1b[31m`\n", e=number(1)),), r"\\x1b"),
    ],
)  # fmt: skip
def test_bad_keys_refuse_the_policy(keys: tuple[Mapping[str, object], ...], said: str) -> None:
    """Weak, broken, private and ambiguous keys are load errors that name issuer, key, fault and place."""
    with pytest.raises(jwks.KeySetError, match=said) as caught:
        jwks.build(issuer(*keys))
    assert str(caught.value).startswith("issuer `login`: ")
    assert str(caught.value).isprintable()
    assert caught.value.where == "policy.yaml:7"


def test_a_curve_that_its_numbers_do_not_lie_on_is_refused() -> None:
    """A key of another curve under the name of P-256."""
    point = ec.generate_private_key(ec.BrainpoolP256R1()).public_key().public_numbers()
    with pytest.raises(jwks.KeySetError, match="no valid public key"):
        jwks.build(issuer(ES.jwk(x=number(point.x, 32), y=number(point.y, 32))))


@pytest.mark.parametrize(
    ("members", "kids", "passed"),
    [
        ((RS.jwk(), ES.jwk("k2")), ["k1", "k2"], 0),
        ((RS.jwk(), ES.jwk("k2", use="enc")), ["k1"], 0),
        ((RS.jwk(), Signer("RS256", rsa_key(1024)).jwk("weak")), ["k1"], 1),
        ((RS.jwk(), ES.jwk("k2", x=number(5, 32))), ["k1"], 1),
        ((RS.jwk(), ES.jwk(None)), ["k1"], 1),
        ((RS.jwk(), ES.jwk("k2") | {"kid": 7}), ["k1"], 1),
        ((RS.jwk(), ES.jwk("twice"), ED.jwk("twice")), ["k1"], 2),
        ((RS.jwk(None),), [], 0),
    ],
    ids=["good", "other use", "weak", "broken", "unnamed", "number", "twice", "alone"],
)
def test_one_bad_key_of_a_published_set_leaves_the_good_ones(
    members: tuple[Mapping[str, object], ...], kids: list[str], passed: int
) -> None:
    """A provider's mistake is passed over and told."""
    keys, said = jwks.gather(issuer(), members)
    assert list(keys.by_kid) == kids
    assert len(said) == passed


def test_only_a_published_key_that_stands_alone_serves_tokens_without_kid() -> None:
    """One usable key leaves nothing to choose, named or not; two leave a choice, and nobody makes it."""
    for member in (RS.jwk(), RS.jwk(None)):
        assert jwks.gather(issuer(), (member,))[0].single is not None
    assert jwks.gather(issuer(), (RS.jwk(), ES.jwk("k2", use="enc")))[0].single is not None
    assert jwks.gather(issuer(), (RS.jwk(), ES.jwk("k2")))[0].single is None
    assert jwks.gather(issuer(), (RS.jwk(), ES.jwk(None)))[0].single is None


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ((RS.jwk(), ES.jwk("k2", d="AQAB")), "private key"),
        ((RS.jwk(), {"kty": "oct", "k": "AAAA", "kid": "k2"}), "shared secret"),
        ((), "usable"),
        ((RS.jwk("same"), ES.jwk("same")), "usable"),
        (({"kid": "k2"},), "usable"),
        (tuple(RS.jwk(str(kid)) for kid in range(101)), "100 are the most"),
    ],
    ids=["private", "secret", "empty", "ambiguous", "none", "many"],
)
def test_a_published_set_that_proves_nothing_is_refused(members: tuple[Mapping[str, object], ...], said: str) -> None:
    """A secret that is public, a flood, or nothing that can be used."""
    with pytest.raises(jwks.KeySetError, match=said):
        jwks.gather(issuer(), members)
