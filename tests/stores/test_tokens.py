"""Tokens: what is proven, each class of hostile token by name, and that nothing a caller sends raises."""

from __future__ import annotations

import json
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.stores.tokens import MAX_TOKEN_CHARS, TokenVerifier
from tests.stores.signing import ALL, b64, claims, header, issuer, policy_of, sign_raw, signer, token

RS = signer("RS256")


@cache
def verifier() -> TokenVerifier:
    """Return a verifier of one issuer with an RSA and an EC key."""
    return TokenVerifier(policy_of(issuer(RS.jwk(), signer("ES256").jwk("k2"), algorithms=("RS256", "ES256"))))


@pytest.mark.parametrize("algorithm", ALL)
def test_a_good_token_is_proven(algorithm: str) -> None:
    """Issuer, type and claims come from what was signed; the first sight is not a cached one."""
    one = TokenVerifier(policy_of(issuer(signer(algorithm).jwk())))
    proof = one.verify(token(signer(algorithm)))
    assert (proof.state, proof.issuer, proof.typ, proof.cached) == ("ok", "login", "at+jwt", False)
    assert proof.claims == claims()


def test_times_and_audience_are_not_judged_here() -> None:
    """An expired token for somebody else is proven all the same: the stage judges it, at the request's own time."""
    assert verifier().verify(token(body=claims(exp=1, nbf=9e9, aud="other", typ="x"))).state == "ok"
    assert verifier().verify(token(body={"iss": claims()["iss"]})).state == "ok"


@pytest.mark.parametrize(
    ("kid", "keys", "state"),
    [
        (None, (RS.jwk(),), "ok"),
        (None, (RS.jwk(None),), "ok"),
        ("k1", (RS.jwk(None),), "unknown_key_id"),
        ("k9", (RS.jwk(),), "unknown_key_id"),
        (None, (RS.jwk(), signer("RS256", 1).jwk("k2")), "unknown_key_id"),
        ("k2", (RS.jwk(), signer("RS256", 1).jwk("k2")), "bad_signature"),
        ("", (RS.jwk(),), "unknown_key_id"),
    ],
)
def test_exactly_one_key_is_meant(kid: str | None, keys: tuple[dict[str, object], ...], state: str) -> None:
    """By key id; without one only where there is a single key. Keys are never tried in turn."""
    one = TokenVerifier(policy_of(issuer(*keys)))
    assert one.verify(token(RS, head=header(RS, kid=kid))).state == state


GOOD = token()
HEAD, BODY, SIGNATURE = GOOD.split(".")
FORGED = b64(json.dumps(claims(sub="admin")).encode())
HOSTILE = {
    "empty": ("", "malformed"),
    "dots": ("..", "malformed"),
    "two parts": (f"{HEAD}.{BODY}", "malformed"),
    "five parts, encrypted": (f"{HEAD}.{BODY}.{SIGNATURE}.x.y", "malformed"),
    "no signature": (f"{HEAD}.{BODY}.", "malformed"),
    "signature stripped, alg none": (f"{b64(b'{"alg":"none"}')}.{BODY}.", "malformed"),
    "alg none with a signature": (token(head=header(RS, alg="none")), "algorithm"),
    "alg NONE": (token(head=header(RS, alg="NONE")), "algorithm"),
    "alg missing": (token(head={"kid": "k1"}), "algorithm"),
    "alg a list": (token(head=header(RS, alg=["RS256"])), "algorithm"),
    "HMAC with the public key": (token(head=header(RS, alg="HS256")), "algorithm"),
    "allowed alg, key of another type": (token(head=header(RS, alg="ES256")), "algorithm"),
    "alg the issuer does not allow": (token(head=header(RS, alg="RS512")), "algorithm"),
    "key of another issuer's set": (token(signer("RS256", 1)), "bad_signature"),
    "payload swapped": (f"{HEAD}.{FORGED}.{SIGNATURE}", "bad_signature"),
    "signature of zeros": (f"{HEAD}.{BODY}.{b64(bytes(256))}", "bad_signature"),
    "signature cut": (f"{HEAD}.{BODY}.{SIGNATURE[: 4 * 80]}", "bad_signature"),
    "ECDSA signature of zeros": (
        f"{b64(json.dumps(header(signer('ES256'), 'k2')).encode())}.{BODY}.{b64(bytes(64))}",
        "bad_signature",
    ),
    "kid a number": (token(head=header(RS, kid=None) | {"kid": 1}), "malformed"),
    "kid null": (token(head=header(RS) | {"kid": None}), "malformed"),
    "kid a path": (token(head=header(RS, kid="../../dev/null")), "unknown_key_id"),
    "kid an injection": (token(head=header(RS, kid="x' OR '1'='1")), "unknown_key_id"),
    "typ a number": (token(head=header(RS, typ=1)), "malformed"),
    "crit": (token(head=header(RS, crit=["exp"], exp=1)), "malformed"),
    "b64 false": (token(head=header(RS, b64=False, crit=["b64"])), "malformed"),
    "zip": (token(head=header(RS, zip="DEF")), "malformed"),
    "key in the header": (token(signer("RS256", 1), header(RS, jwk=signer("RS256", 1).jwk())), "bad_signature"),
    "key by address": (token(signer("RS256", 1), header(RS, jku="https://evil.example/jwks")), "bad_signature"),
    "certificate in the header": (token(signer("RS256", 1), header(RS, x5c=["AAAA"])), "bad_signature"),
    "unknown issuer": (token(body=claims(iss="https://evil.example")), "unknown_issuer"),
    "issuer with a slash": (token(body=claims(iss="https://login.example/")), "unknown_issuer"),
    "issuer missing": (token(body={"sub": "u-1"}), "unknown_issuer"),
    "issuer a list": (token(body=claims(iss=["https://login.example"])), "unknown_issuer"),
    "claim twice": (sign_raw(RS, b'{"alg":"RS256"}', b'{"iss":"a","iss":"https://login.example"}'), "malformed"),
    "alg twice": (sign_raw(RS, b'{"alg":"none","alg":"RS256","kid":"k1"}', b"{}"), "malformed"),
    "NaN": (sign_raw(RS, b'{"alg":"RS256","kid":"k1"}', b'{"iss":"https://login.example","exp":NaN}'), "malformed"),
    "exp infinite": (sign_raw(RS, b'{"alg":"RS256","kid":"k1"}', b'{"exp":1e999}'), "malformed"),
    "nested deep": (sign_raw(RS, b'{"alg":"RS256"}', b'{"a":' * 900 + b"1" + b"}" * 900), "malformed"),
    "half a surrogate": (sign_raw(RS, b'{"alg":"RS256","kid":"k1"}', b'{"sub":"\\ud800"}'), "malformed"),
    "payload a list": (sign_raw(RS, b'{"alg":"RS256","kid":"k1"}', b"[]"), "malformed"),
    "header no JSON": (sign_raw(RS, b"{", b"{}"), "malformed"),
    "not UTF-8": (sign_raw(RS, b'{"alg":"RS256"}', b'{"sub":"\xff"}'), "malformed"),
    "padded": (f"{HEAD}=.{BODY}.{SIGNATURE}", "malformed"),
    "foreign characters": (f"{HEAD}.{BODY[:4]}!{BODY[4:]}.{SIGNATURE}", "malformed"),
    "line end inside": (f"{HEAD}.{BODY}\n.{SIGNATURE}", "malformed"),
    "blank before": (f" {GOOD}", "malformed"),
    "standard alphabet": (f"{HEAD}.{BODY}.{SIGNATURE.replace('-', '+').replace('_', '/')}+", "malformed"),
    "not ASCII": (GOOD + "\u00e9", "malformed"),
    "look-alike digits": (GOOD[:-1] + "\u0660", "malformed"),
    "NUL": (GOOD + "\x00", "malformed"),
    "too long": ("a" * (MAX_TOKEN_CHARS + 1), "malformed"),
    "long, one part": ("a" * MAX_TOKEN_CHARS, "malformed"),
    "a megabyte of dots": ("." * 1_000_000, "malformed"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_tokens_are_refused_each_in_its_class(name: str) -> None:
    """None of them is proven, none raises, and none hands out a claim."""
    text, state = HOSTILE[name]
    proof = verifier().verify(text)
    assert (proof.state, dict(proof.claims)) == (state, {})


def of_length(chars: int) -> str:
    """Return a good token of exactly so many characters: what the claims cannot hit, the header makes up for."""
    for more in range(4):
        head = header(RS, x="x" * more)
        rest = len(token(head=head, body=claims(pad="")))
        for pad in range((chars - rest) * 3 // 4 - 4, (chars - rest) * 3 // 4 + 4):
            body = claims(pad="x" * pad)
            if rest - len(b64(json.dumps(claims(pad="")).encode())) + len(b64(json.dumps(body).encode())) == chars:
                return token(head=head, body=body)
    raise AssertionError(chars)


@pytest.mark.parametrize(("more", "state"), [(-1, "ok"), (0, "ok"), (1, "malformed")], ids=["below", "at", "above"])
def test_the_size_is_bounded(more: int, state: str) -> None:
    """The longest token that is looked at, one shorter, and one longer."""
    text = of_length(MAX_TOKEN_CHARS + more)
    assert len(text) == MAX_TOKEN_CHARS + more
    assert verifier().verify(text).state == state


@given(st.text() | st.text(alphabet="eyJhbGci.-_=", max_size=60) | st.lists(st.binary(), min_size=3, max_size=3).map(
    lambda parts: ".".join(map(b64, parts))
))  # fmt: skip
def test_no_text_raises(text: str) -> None:
    """Whatever a caller sends, there is an answer, and it is not `ok`."""
    assert verifier().verify(text).state != "ok"


@given(st.integers(0, len(GOOD) - 1), st.characters(max_codepoint=255))
def test_no_single_character_may_change(at: int, char: str) -> None:
    """A good token with one character replaced is refused, wherever it is."""
    changed = GOOD[:at] + char + GOOD[at + 1 :]
    assert (verifier().verify(changed).state == "ok") is (changed == GOOD)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["alg", "kid", "typ", "crit", "jwk", "zip", "cty", "x5c"]), json_values),
    st.dictionaries(st.sampled_from(["iss", "sub", "exp", "aud"]), json_values),
)
def test_signed_nonsense_does_not_raise(head: dict[str, object], body: dict[str, object]) -> None:
    """Even what the issuer's own key signed may be anything."""
    raw = [json.dumps(part, ensure_ascii=True).encode() for part in ({"alg": "RS256", "kid": "k1"} | head, body)]
    assert verifier().verify(sign_raw(RS, *raw)).state in {"malformed", "algorithm", "unknown_key_id", "unknown_issuer"}


@pytest.mark.parametrize("source", ["discovery", "jwks_url", "introspection"])
def test_keys_that_are_elsewhere_prove_nothing_and_refuse_nobody(source: str) -> None:
    """Whose keys are not here cannot be judged here: unavailable, not bad, and never good."""
    elsewhere = issuer(name="far", iss="https://far.example", source=source)
    one = TokenVerifier(policy_of(issuer(RS.jwk()), elsewhere))
    proof = one.verify(token(body=claims(iss="https://far.example")))
    assert (proof.state, proof.issuer, dict(proof.claims)) == ("unavailable", "far", {})
    assert one.verify(token()).state == "ok"
    assert one.verify(token(body=claims(iss="https://nobody.example"))).state == "unknown_issuer"
    # Only an issuer of opaque tokens can know what is no signed token.
    assert one.verify("opaque-1").state == ("unavailable" if source == "introspection" else "malformed")
