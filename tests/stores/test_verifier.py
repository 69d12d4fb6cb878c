"""Both kinds of credential behind one port, and a cache that outlives the policy but not its keys."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest

from parclose.facts import Presented, Proof
from parclose.policy.identity import Introspection, Issuer, KeyRecord, KeyStore
from parclose.policy.model import Policy
from parclose.policy.segment import SecretRef
from parclose.ports import AskCached, AskProof
from parclose.stores.certificates import write_chain
from parclose.stores.fetch import FetchError
from parclose.stores.introspection import Introspector
from parclose.stores.key_sources import KeySources
from parclose.stores.remote_keys import COOL_DOWN_S
from parclose.stores.token_cache import TokenCache
from parclose.stores.tokens import TokenVerifier
from parclose.stores.verifier import FAILURE_LIFE_S, PolicyVerifier
from tests.stores.authorities import AT as CERTIFIED_AT
from tests.stores.authorities import authority, corp
from tests.stores.signing import AT, claims, header, issuer, policy_of, signer, token
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
    assert isinstance(proof, Proof)
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


FAR = "https://far.example"


def opaque(name: str, iss: str = "") -> Issuer:
    """Return an issuer of opaque tokens."""
    about = Introspection(
        url=f"https://{name}.example/ask", client_id="gate", client_secret=SecretRef(source="env", name="S", where="")
    )
    return issuer(name=name, iss=iss, source="introspection", introspection=about)


class Elsewhere:
    """Issuers that are elsewhere: which keys `far` publishes, and what each issuer of opaque tokens says of them."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *issuers: Issuer) -> None:
        self.published: object = {"keys": [signer().jwk()]}
        self.said: dict[str, object] = {}
        self.asked: list[str] = []
        self.clock, self.cache = Clock(), TokenCache(timer=lambda: AT)
        monkeypatch.setattr("parclose.stores.key_sources.fetch_object", self.answer)
        monkeypatch.setattr("parclose.stores.introspection.fetch_object", self.answer)
        self.sources = KeySources(self.clock)
        self.far = issuer(name="far", iss=FAR, source="jwks_url", url=FAR)
        self.verifier = PolicyVerifier(
            policy_of(issuer(), self.far, *issuers), self.cache, secret=lambda _: "s", timer=self.clock,
            sources=self.sources, introspector=Introspector(self.sources.client, timer=lambda: AT),
        )  # fmt: skip

    async def answer(self, _: object, url: str, **__: object) -> object:
        """Answer as `fetch_object` does."""
        self.asked.append(url)
        said = self.published if url == FAR else self.said.get(url)
        if not isinstance(said, dict):
            raise FetchError("status 500", status=500)
        return said

    async def prove(self, text: str, *accepted: str) -> Proof:
        """Prove one token, where tokens of `accepted` issuers are taken."""
        proof = self.verifier.prove(AskProof(0, Presented(kind="token", place="x", text=text), frozenset(accepted)))
        return proof if isinstance(proof, Proof) else await proof


def far_token(kid: str = "k1", which: int = 0) -> str:
    """Return a token of the issuer whose keys are published."""
    by = signer("RS256", which)
    return token(by, header(by, kid), claims(iss=FAR))


async def test_published_keys_prove_tokens(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one waits for them; all others need not wait, and the next sight of a token costs no check."""
    far = Elsewhere(monkeypatch)
    first = await far.prove(far_token())
    again = far.verifier.prove(AskProof(0, Presented(kind="token", place="x", text=far_token())))
    assert (first.state, first.cached, far.asked) == ("ok", False, [FAR])
    assert isinstance(again, Proof)
    assert again.cached


async def test_a_rotation_locks_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A new key is looked for when a token names it, and one that is gone proves nothing any more."""
    far = Elsewhere(monkeypatch)
    old, new = far_token(), far_token("k2", 1)
    assert (await far.prove(old)).state == "ok"
    far.published = {"keys": [signer("RS256", 1).jwk("k2")]}
    far.clock.at += COOL_DOWN_S
    assert (await far.prove(new)).state == "ok"
    assert (await far.prove(old)).state == "unknown_key_id"


async def test_a_key_that_nobody_could_look_for_is_not_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    """While the issuer is gone its good keys serve, and other tokens are neither good nor bad."""
    far = Elsewhere(monkeypatch)
    far.published = None
    assert (await far.prove(far_token())).state == "unavailable"
    far.published = {"keys": [signer().jwk()]}
    far.clock.at += COOL_DOWN_S
    assert (await far.prove(far_token())).state == "ok"
    far.published = None
    far.clock.at += COOL_DOWN_S
    assert (await far.prove(far_token("k2", 1))).state == "unavailable"
    assert (await far.prove(far_token())).state == "ok"
    assert (await far.prove(token())).state == "ok"


async def test_made_up_key_ids_cost_one_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """And are unknown, once somebody has looked."""
    far = Elsewhere(monkeypatch)
    assert (await far.prove(far_token())).state == "ok"
    far.clock.at += COOL_DOWN_S
    states = {(await far.prove(far_token(f"made-up-{number}"))).state for number in range(20)}
    assert (states, len(far.asked)) == ({"unknown_key_id"}, 2)


ONE, TWO = "https://one.example/ask", "https://two.example/ask"
YES, NO = {"active": True, "sub": "u"}, {"active": False}


@pytest.mark.parametrize(
    ("said", "accepted", "state", "issuer_name", "asked"),
    [
        ({ONE: YES, TWO: YES}, (), "ok", "one", [ONE]),
        ({ONE: NO, TWO: YES}, (), "ok", "two", [ONE, TWO]),
        ({ONE: NO, TWO: NO}, (), "revoked", "two", [ONE, TWO]),
        ({TWO: YES}, (), "ok", "two", [ONE, TWO]),
        ({TWO: NO}, (), "unavailable", "one", [ONE, TWO]),
        ({ONE: YES, TWO: YES}, ("two", "login"), "ok", "two", [TWO]),
        ({ONE: YES, TWO: YES}, ("login",), "unknown_issuer", "", []),
    ],
)
async def test_opaque_tokens_are_asked_about_in_order(  # noqa: PLR0917  the columns of the table
    said: dict[str, object], accepted: tuple[str, ...], state: str, issuer_name: str, asked: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    """Of those whose tokens would be taken; who could not be asked might have known it."""
    far = Elsewhere(monkeypatch, opaque("two", "https://two.example"), opaque("one"))
    far.said = said
    proof = await far.prove("opaque", *accepted)
    assert (proof.state, proof.issuer, far.asked) == (state, issuer_name, asked)
    if state != "unavailable":
        far.asked.clear()
        again = far.verifier.prove(AskProof(0, Presented(kind="token", place="x", text="opaque"), frozenset(accepted)))
        assert isinstance(again, Proof)
        assert (again.state, far.asked) == (state, [])
    assert far.verifier.cached(AskCached(0, Presented(kind="token", place="x", text="opaque"))) is (state == "ok")


@pytest.mark.parametrize(
    ("iss", "asked"),
    [("https://two.example", [TWO]), ("https://nobody.example", [ONE]), (FAR, [FAR]), ("https://login.example", [])],
)
async def test_a_signed_token_is_asked_about_where_it_says_it_is_from(
    iss: str, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never where a cheaper check decides; one of nobody may be of an issuer whose `iss` is not known."""
    far = Elsewhere(monkeypatch, opaque("two", "https://two.example"), opaque("one"))
    far.said = {ONE: NO, TWO: NO}
    await far.prove(token(signer(), None, claims(iss=iss)))
    assert far.asked == asked


def test_certificates_are_checked_against_the_authorities_of_the_policy() -> None:
    """By the same port; what one policy believes, the next need not."""
    bench, root = Bench(), authority()
    text = write_chain(root.issue().chain)
    trusting = replace(policy_of(issuer()), client_cas={"corp": corp(root)})
    verifier = PolicyVerifier(trusting, bench.cache, timer=bench.clock, clock=lambda: CERTIFIED_AT)
    first, second = (prove(verifier, text, "mtls") for _ in range(2))
    assert (first.state, first.cached, second.cached) == ("ok", False, True)
    assert prove(bench.of(), text, "mtls").state == "untrusted"
