"""Minted tokens: if these fail, the demo's tokens are not those that its policy takes."""

from __future__ import annotations

import base64
import json

import pytest

from parclose.demo.tokens import NoToken, mint
from parclose.facts import Presented, Proof
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT
from parclose.ports import AskProof
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from parclose.testing import Signer, jwks, policy_from

SIGNER = Signer.make()


def policy() -> Policy:
    """Return a policy that trusts the signer."""
    return policy_from(
        """
        version: 1
        name: tokens
        issuers:
          login:
            issuer: https://login.example
            jwks_file: keys.json
            audience: [https://b.example, https://a.example]
            algorithms: [ES256]
            token_type: at+jwt
        clients: {app: [{token: {issuer: login}}]}
        segments:
          all: {match: {clients: [app]}, routes: {"GET /": authenticated}}
        personas:
          user: {token: {issuer: login, claims: {sub: u-1, plan: paid}}}
          visitor: {from: 192.0.2.1}
        """,
        {"keys.json": jwks(SIGNER)},
    )


def claims(token: str) -> dict[str, object]:
    """Return the claims of a token, unchecked."""
    part = token.split(".")[1]
    return dict(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))))


def test_the_policy_s_own_verifier_takes_it() -> None:
    """Signature, issuer and type are those that the policy asks for."""
    asked = AskProof(0, Presented(kind="token", place="authorization", text=mint(policy(), "user", SIGNER, DEFAULT_AT)))
    proof = PolicyVerifier(policy(), TokenCache(timer=lambda: DEFAULT_AT)).prove(asked)
    assert isinstance(proof, Proof)
    assert (proof.state, proof.issuer, proof.typ) == ("ok", "login", "at+jwt")


def test_it_says_what_the_persona_says() -> None:
    """Claims are the persona's, times are given, replacements win."""
    said = claims(mint(policy(), "user", SIGNER, DEFAULT_AT, life_s=60, claims={"sub": "u-9"}))
    assert said == {
        "iss": "https://login.example",
        "aud": "https://a.example",
        "iat": DEFAULT_AT,
        "exp": DEFAULT_AT + 60,
        "sub": "u-9",
        "plan": "paid",
    }


def test_a_negative_life_has_ended() -> None:
    """Such a token was good once: it was issued before it expired."""
    said = claims(mint(policy(), "user", SIGNER, DEFAULT_AT, life_s=-60))
    assert (said["iat"], said["exp"]) == (DEFAULT_AT - 120, DEFAULT_AT - 60)


@pytest.mark.parametrize("persona", ["visitor", "nobody"])
def test_who_has_no_token_gets_none(persona: str) -> None:
    """The answer names those who have one."""
    with pytest.raises(NoToken, match="`user`"):
        mint(policy(), persona, SIGNER, DEFAULT_AT)
