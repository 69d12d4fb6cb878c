"""Judging again: if these fail, whoever was let in once stays in for ever, or is thrown out for what is no fault."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.again import LONGEST_S, SOON_S, Again, begin_again
from parclose.facts import Facts, Possession, Proof
from parclose.policy.model import Policy
from parclose.ports import AskAddresses, AskBlocked, AskFailure, AskOnce, AskTake
from parclose.stages.walk import Walk
from tests.stages.kit import AT, Table, a_token, policy, presented, request, walked

SHOP = """
shop:
  match: {{clients: [web, anonymous]}}
  {rules}
  routes: {{"GET /feed": {need}, "GET /public": public}}
  limits: {{few: {{key: subject|ip, rate: 1/h}}, slots: {{key: subject|ip, concurrent: 1}}}}
"""
FEED = "GET http://api.test/feed"


def shop(rules: str = "about: nothing", need: str = "orders:read", settings: str = "") -> Policy:
    """Return a shop with a feed."""
    return policy(SHOP.format(rules=rules, need=need), settings)


def good(**claims: object) -> Proof:
    """Return a token that may read the feed."""
    return a_token(scope="orders:read", **claims)  # type: ignore[arg-type]


def first_of(made: Policy, proof: Proof | None = None, line: str = FEED, **more: object) -> Walk:
    """Return a walk that was admitted."""
    proof = proof or good()
    facts: Facts = request(line, presented=(presented(proof, forward=more.get("kind") == "forward"),), **more)  # type: ignore[arg-type]
    walk = walked(made, facts, Table(proofs={0: proof}, addresses=("93.184.216.34",)))
    assert walk.denial is None
    return walk


def looked(first: Walk, made: Policy, world: Table, at: float) -> tuple[Again, str]:
    """Judge again, and say what came of it."""
    again = begin_again(first, made, world, at)
    assert again.judge() is None
    refusal = again.refusal()
    return again, "holds" if refusal is None else f"{refusal.reason}:{refusal.detail}".removesuffix(":")


@pytest.mark.parametrize(
    ("made", "proof", "after_s", "said"),
    [
        (shop(), good(), 1, "holds"),
        (shop(), good(exp=AT + 60), 60 + 29.9, "holds"),
        (shop(), good(exp=AT + 60), 60 + 30, "token_invalid:expired"),
        (shop(), replace(good(), state="bad_signature"), 1, "token_invalid:bad_signature"),
        (shop(), replace(good(), state="unavailable"), 1, "authn_unavailable"),
        (shop(need="orders:write"), good(), 1, "scope_missing"),
        (shop(rules="network: {deny: [office]}"), good(), 1, "holds"),
        (shop(rules="authn: {max_token_age: 5m}"), good(iat=AT - 10), 1, "holds"),
        (shop(rules="authn: {max_token_age: 5m}"), good(iat=AT - 10), 400, "token_too_old"),
        (shop(settings="admission: {deny_zones: [any]}"), good(), 1, "zone_denied:admission"),
    ],
)
def test_what_has_changed_counts(made: Policy, proof: Proof, after_s: float, said: str) -> None:
    """The instant, the policy, what is known of the credential: each as it is now."""
    assert looked(first_of(shop()), made, Table(proofs={0: proof}), AT + after_s)[1] == said


def test_nothing_is_charged_or_counted() -> None:
    """A limit that is used up, a block, a burst of the address: all that is about new requests."""
    made = shop(settings="admission: {per_ip: {rate: 1/h, burst: 1}, failed_auth: {key: ip, rate: 1/h, block: 1h}}")
    first = first_of(made)
    for proof in (good(), replace(good(), state="bad_signature")):
        world = Table(proofs={0: proof})
        for _ in range(5):
            looked(first, made, world, AT + 1)
        assert [world.asked_for(kind) for kind in (AskTake, AskFailure, AskBlocked)] == [0, 0, 0]


def test_what_was_shown_once_stays_shown() -> None:
    """The DPoP proof of the upgrade, hours later; and the key that it proves is still the token's."""
    held = Possession(state="ok", jkt="thumb", htm="GET", htu=FEED.partition(" ")[2], iat=AT, once="k", of_token=True)
    bound = replace(good(cnf={"jkt": "thumb"}, exp=AT + 90_000), possession=held)
    other = replace(bound, possession=replace(held, jkt="another"))
    made = shop()
    facts = request(FEED, presented=(replace(presented(bound), scheme="dpop", proof="x"),))
    first = walked(made, facts, Table(proofs={0: bound}))
    assert first.denial is None
    world = Table(proofs={0: bound})
    assert looked(first, made, world, AT + 7200)[1] == "holds"
    assert world.asked_for(AskOnce) == 0
    assert looked(first, made, Table(proofs={0: other}), AT + 1)[1] == "proof_invalid:dpop"


def test_a_tunnel_is_judged_by_the_addresses_that_it_has() -> None:
    """Its name may mean something else by now, and nothing connects anew; the rules for them may have changed."""
    text = """
    out:
      match: {listeners: [forward], hosts: ["*"], clients: [web]}
      network: {destinations: {deny: [%s]}}
      routes: {"any /**": authenticated}
    """
    listeners = "listeners: {forward: {port: 3128, kind: forward}}"
    made = policy(text % "internal", listeners)
    first = first_of(made, line="CONNECT https://a.example", kind="forward", connect=True)
    world = Table(proofs={0: good()}, addresses=("127.0.0.1",))
    assert looked(first, made, world, AT + 1)[1] == "holds"
    assert looked(first, policy(text % "any", listeners), world, AT + 1)[1] == "destination_denied"
    assert world.asked_for(AskAddresses) == 0


@pytest.mark.parametrize(
    ("proof", "rules", "in_s"),
    [
        (good(exp=AT + 600), "about: nothing", LONGEST_S),
        (good(exp=AT + 10), "about: nothing", 9),
        (good(exp=AT - 5), "about: nothing", SOON_S),
        (good(iat=AT - 280), "authn: {max_token_age: 5m}", 19),
    ],
)
def test_when_it_is_due(proof: Proof, rules: str, in_s: float) -> None:
    """When something ends; every second while its leeway runs; else once a minute."""
    made = shop(rules=rules)
    again, said = looked(first_of(made), made, Table(proofs={0: proof}), AT + 1)
    assert (said, again.due()) == ("holds", AT + 1 + in_s)
