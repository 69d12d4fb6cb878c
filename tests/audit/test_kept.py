"""What is kept of a proof: if these fail, a ledger holds secrets, or a replay lacks what it needs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from parclose.audit.kept import certificate_part, kept_claims, possession_part
from parclose.facts import Certificate, Possession

CLAIMS: dict[str, Any] = {
    "iss": "i",
    "sub": "s",
    "email": "e",
    "realm_access": {"roles": ["a"], "secret": 1, "deep": {"x": 1, "y": 2}},
}


@pytest.mark.parametrize(
    ("paths", "kept"),
    [
        ([], {"iss": "i"}),
        ([("sub",), ("nope",)], {"iss": "i", "sub": "s"}),
        ([("realm_access", "roles")], {"iss": "i", "realm_access": {"roles": ["a"]}}),
        (
            [("realm_access", "roles"), ("realm_access", "deep", "x")],
            {"iss": "i", "realm_access": {"roles": ["a"], "deep": {"x": 1}}},
        ),
        ([("realm_access",), ("realm_access", "roles")], {"iss": "i", "realm_access": CLAIMS["realm_access"]}),
        ([("realm_access", "roles"), ("realm_access",)], {"iss": "i", "realm_access": CLAIMS["realm_access"]}),
        ([("sub", "x"), ("nope", "x")], {"iss": "i"}),
    ],
)
def test_only_claims_that_are_read_are_kept(paths: list[tuple[str, ...]], kept: dict[str, object]) -> None:
    """By path: of a nested object nothing but what the path leads to; the token's own claims are not touched."""
    before = json.dumps(CLAIMS)
    assert kept_claims(CLAIMS, paths) == kept
    assert json.dumps(CLAIMS) == before


def test_a_key_in_clear_is_not_kept() -> None:
    """RFC 7800 section 3.2: a token may be bound to a secret, which nobody reads: that it is so bound refuses it."""
    claims = {"cnf": {"jkt": "a", "x5t#S256": "b", "jwk": {"kty": "oct", "k": "s3cret"}}}
    assert kept_claims(claims, ()) == {"cnf": {"jkt": "a", "x5t#S256": "b", "jwk": ""}}
    assert kept_claims({"cnf": "x"}, ()) == {"cnf": "x"}


def test_of_a_certificate_what_it_shows() -> None:
    """What is empty is left out."""
    shown = Certificate(cas=("corp",), subject="CN=a", thumbprint="t", not_after=5.0)
    expected = {"cas": ("corp",), "subject": "CN=a", "thumbprint": "t", "not_after": 5.0}
    assert certificate_part(shown) == expected


def test_of_a_dpop_proof_what_it_shows() -> None:
    """Not the nonce that was handed out for it: who reads the ledger could use it."""
    shown = Possession(state="ok", jkt="k", htm="GET", htu="u", iat=1.5, once="o", of_token=True, offer="n0nce")
    expected = {"state": "ok", "jkt": "k", "htm": "GET", "htu": "u", "iat": 1.5, "once": "o", "of_token": True}
    assert possession_part(shown) == expected
