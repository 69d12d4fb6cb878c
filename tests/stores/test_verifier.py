"""Both kinds of credential behind one port, and a cache that outlives the policy but not its keys."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from parclose.facts import Presented, Proof
from parclose.policy.identity import Issuer, KeyRecord, KeyStore
from parclose.policy.model import Policy
from parclose.ports import AskCached, AskProof
from parclose.stores.certificates import write_chain
from parclose.stores.token_cache import TokenCache
from parclose.stores.tokens import TokenVerifier
from parclose.stores.verifier import FAILURE_LIFE_S, PolicyVerifier
from tests.stores.authorities import AT as CERTIFIED_AT
from tests.stores.authorities import authority, corp
from tests.stores.signing import issuer, policy_of, signer, token
from tests.stores.test_token_cache import Clock

KEY = "pk_globex_Zm9vYmFy"


def store(text: str = KEY) -> KeyStore:
    """Return a store that knows one key, by the id of `KEY`."""
    record = KeyRecord(id="pk_globex", algorithm="sha256", digest=hashlib.sha256(text.encode()).digest())
    return KeyStore(name="partners", header="x-api-key", records={"pk_globex": record})


class Bench:
    """A cache, a clock, and verifiers of several policies around them."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.cache = TokenCache(timer=self.clock)

    def of(self, *issuers: Issuer, keys: KeyStore | None = None) -> PolicyVerifier:
        """Return the verifier of a policy."""
        policy: Policy = policy_of(*(issuers or (issuer(),)), stores=(keys or store(),))
        return PolicyVerifier(policy, self.cache, timer=self.clock)


def prove(verifier: PolicyVerifier, text: str, kind: str = "token") -> Proof:
    """Prove one credential."""
    presented = Presented(kind=kind, place="x", store="partners" if kind == "api_key" else "", text=text)
    was_cached = verifier.cached(AskCached(0, presented))
    proof = verifier.prove(AskProof(0, presented))
    assert proof.cached is was_cached
    return proof


@pytest.mark.parametrize(("kind", "text"), [("token", token()), ("api_key", KEY)])
def test_the_first_sight_is_not_cached_and_the_next_are_one_object(kind: str, text: str) -> None:
    """`cached` says whether it was proven before this request, and stays true of the first when others follow."""
    verifier = Bench().of()
    first, second, third = (prove(verifier, text, kind) for _ in range(3))
    assert [first.cached, second.cached] == [False, True]
    assert second is third
    assert {first.state, second.state} == {"ok"}


def test_a_cached_token_costs_no_signature(monkeypatch: pytest.MonkeyPatch) -> None:
    """The second sight of a token, and of a bad one, does not reach the keys."""
    seen: list[str] = []
    check = TokenVerifier.verify

    def counted(self: TokenVerifier, text: str) -> Proof:
        seen.append(text)
        return check(self, text)

    monkeypatch.setattr(TokenVerifier, "verify", counted)
    verifier = Bench().of()
    bad = token(signer("RS256", 1))
    for text in (token(), token(), bad, bad):
        prove(verifier, text)
    assert len(seen) == 2 + (token() != token())


def test_failures_are_remembered_briefly_and_are_never_cached_ones() -> None:
    """A bad token is looked at again after ten seconds."""
    bench = Bench()
    verifier = bench.of()
    bad = token(signer("RS256", 1))
    first = prove(verifier, bad)
    assert prove(verifier, bad) is first
    assert first.cached is False
    bench.clock.at += FAILURE_LIFE_S
    assert prove(verifier, bad) is not first


def test_a_reload_with_the_same_keys_keeps_the_cache() -> None:
    """Another policy object, the same issuer: nothing is looked at again."""
    bench = Bench()
    text = token()
    prove(bench.of(), text)
    assert prove(bench.of(), text).cached is True


@pytest.mark.parametrize(
    ("changed", "state"),
    [
        (issuer(signer("RS256", 1).jwk(), keys_digest="digest-2"), "bad_signature"),
        (issuer(keys_digest="digest-2"), "ok"),
        (issuer(algorithms=("RS256",)), "ok"),
        (issuer(signer().jwk(alg=None), algorithms=("PS256",)), "algorithm"),
        (issuer(iss="https://other.example"), "unknown_issuer"),
        (issuer(name="renamed"), "ok"),
    ],
    ids=["keys", "same keys anew", "fewer algorithms", "other algorithms", "other iss", "renamed"],
)
def test_a_reload_that_changes_the_issuer_voids_what_it_proved(changed: Issuer, state: str) -> None:
    """A rotated key, a dropped algorithm, a new name: the token is looked at anew, by the new rules."""
    bench = Bench()
    text = token()
    assert prove(bench.of(), text).state == "ok"
    proof = prove(bench.of(changed), text)
    assert (proof.state, proof.cached) == (state, False)
    assert proof.issuer in {"", changed.name}


def test_a_failure_under_one_policy_says_nothing_of_the_next() -> None:
    """The key arrives with the reload: the token that failed a moment ago is good."""
    bench = Bench()
    text = token(signer("RS256", 1))
    assert prove(bench.of(), text).state == "bad_signature"
    assert prove(bench.of(issuer(signer("RS256", 1).jwk(), keys_digest="digest-2")), text).state == "ok"


def test_a_key_that_was_replaced_or_removed_is_unknown_at_once() -> None:
    """API keys are compared each time: a cache cannot keep a revoked one alive."""
    bench = Bench()
    assert prove(bench.of(), KEY, "api_key").state == "ok"
    assert prove(bench.of(keys=store("pk_globex_other")), KEY, "api_key").state == "unknown_key"
    assert prove(bench.of(keys=KeyStore(name="partners")), KEY, "api_key").state == "unknown_key"


def test_other_schemes_are_not_judged_here() -> None:
    """`Basic` and what else may come: said to be other, and left to the stages."""
    proof = prove(Bench().of(), "dXNlcjpwYXNz", "other")
    assert (proof.kind, proof.state) == ("other", "other")


def test_certificates_are_checked_against_the_authorities_of_the_policy() -> None:
    """By the same port; what one policy believes, the next need not."""
    bench, root = Bench(), authority()
    text = write_chain(root.issue().chain)
    trusting = replace(policy_of(issuer()), client_cas={"corp": corp(root)})
    verifier = PolicyVerifier(trusting, bench.cache, timer=bench.clock, clock=lambda: CERTIFIED_AT)
    first, second = (prove(verifier, text, "mtls") for _ in range(2))
    assert (first.state, first.cached, second.cached) == ("ok", False, True)
    assert prove(bench.of(), text, "mtls").state == "untrusted"
