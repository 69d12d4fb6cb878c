"""The test kit: if it builds something that the wire would not, every other test proves the wrong thing."""

from __future__ import annotations

import hashlib
import json

import pytest
from jose import jws

from parclose.hooks.facts_of import facts_of
from parclose.policy.errors import PolicyError
from parclose.testing import Signer, Ticker, api_key, facts, flow, jwks, key_proof, policy_from, token_proof

POLICY = """
    version: 1
    name: kit
    zones: {office: {files: [office.txt]}}
    segments:
      all:
        match: {clients: [anonymous]}
        network: {allow: [office]}
        routes: {"GET /**": public}
"""


@pytest.mark.parametrize("algorithm", ["RS256", "ES256", "ES384", "ES512"])
def test_a_signer_signs_what_others_verify(algorithm: str) -> None:
    """Tokens are good JWS: an independent library takes them, by the exported key."""
    signer = Signer.make(algorithm)
    assert json.loads(jws.verify(signer.token({"sub": "u-1"}), signer.jwk, [algorithm])) == {"sub": "u-1"}


def test_a_key_set_holds_public_keys_only() -> None:
    """What is exported could be published."""
    keys = json.loads(jwks(Signer.make("ES256", "a"), Signer.make("EdDSA", "b")))["keys"]
    assert [key["kid"] for key in keys] == ["a", "b"]
    assert not {"d", "p", "q"} & {name for key in keys for name in key}


def test_a_header_field_can_be_replaced_or_left_out() -> None:
    """Hostile tokens can be built: another algorithm, no key id."""
    header = Signer.make().token({}, kid=None, alg="none").split(".")[0]
    assert "kid" not in header
    assert json.loads(__import__("base64").urlsafe_b64decode(header + "==")) == {"alg": "none", "typ": "at+jwt"}


def test_a_policy_reads_its_files() -> None:
    """Files named by the policy come from the test, by path from its folder."""
    policy = policy_from(POLICY, {"office.txt": "192.0.2.0/24\n"})
    assert policy.name == "kit"
    assert len(policy.files) == 2


def test_a_missing_file_is_the_policy_s_mistake() -> None:
    """A file that the test does not give does not exist."""
    with pytest.raises(PolicyError):
        policy_from(POLICY)


def test_facts_and_flow_say_the_same() -> None:
    """A request built as facts is the one built as a flow and converted."""
    policy = policy_from(POLICY, {"office.txt": "192.0.2.0/24\n"})
    converted = facts_of(flow("GET http://api.test/a?b=1"), policy, decision="test")
    built = facts("GET http://api.test/a?b=1", body_bytes=0, kept=None)
    assert built == converted


def test_proofs_stand_for_credentials() -> None:
    """A proof given to the builder is presented once and kept once."""
    token = facts(proof=token_proof("login", {"sub": "u-1"}))
    key = facts(proof=key_proof("machines", "globex"))
    assert [one.kind for one in token.presented + key.presented] == ["token", "api_key"]
    assert token.kept is not None
    assert token.kept.proofs[0] is not None
    assert token.kept.proofs[0].claims == {"sub": "u-1"}


def test_an_api_key_is_its_hash() -> None:
    """The hash is that of the whole text, whose id stands before the last `_`."""
    text, digest = api_key("pk_a")
    assert text.rpartition("_")[0] == "pk_a"
    assert digest == f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def test_a_ticker_moves_when_told() -> None:
    """Time is a number."""
    ticker = Ticker(10.0)
    assert [ticker(), ticker(), ticker.tick(2.5), ticker()] == [10.0, 10.0, 12.5, 12.5]
