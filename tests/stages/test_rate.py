"""Limits: all are looked at, then all are charged, or none."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.engine import verdict_of, walk_through
from parclose.facts import Proof
from parclose.ports import AskRelease, AskTake
from parclose.stores.world import OfflineWorld
from tests.stages.kit import Table, a_token, judged, outcome, policy, presenting, request

NO_ADMISSION = "admission: {per_ip: {rate: 100000/s}}"
SHOP = """
shop:
  match: {clients: [web, anonymous]}
  routes:
    "GET /x": public
    "PUT /x": authenticated
    "GET /dear": {public: true, cost: 3}
    "GET /own": {public: true, limits: {own: {key: ip, rate: 1/s, burst: 1}}}
    "GET /secret": orders:write
  limits:
    steady: {key: subject|ip, rate: 5/s, burst: 4}
"""
FULL = "429 rate_limited:steady @shop"
X = "GET http://api.test/x"


def charged(world: Table) -> dict[tuple[str, str], int]:
    """Return what was charged, admission aside."""
    return {key: count for key, count in world.counted.items() if key[0].startswith(("shop/", "shared/"))}


@pytest.mark.parametrize(("sent", "expected"), [(3, "allow @shop"), (4, "allow @shop"), (5, FULL)])
def test_the_burst_passes_whole(sent: int, expected: str) -> None:
    """Exactly `burst` at once, and not one more."""
    world, rules = Table(), policy(SHOP)
    assert expected == [judged(rules, request(X), world=world) for _ in range(sent)][-1]
    assert charged(world) == {("shop/steady", "ip:203.0.113.10"): min(sent, 4)}


@pytest.mark.parametrize(("before", "expected"), [(0, "allow @shop"), (1, "allow @shop"), (2, FULL)])
def test_a_dear_route_costs_more(before: int, expected: str) -> None:
    """What does not fit whole is not charged in part."""
    world, rules = Table(), policy(SHOP)
    for _ in range(before):
        judged(rules, request(X), world=world)
    assert expected == judged(rules, request("GET http://api.test/dear"), world=world)
    assert charged(world)["shop/steady", "ip:203.0.113.10"] == (before if "429" in expected else before + 3)


@pytest.mark.parametrize(
    ("limit", "reason"),
    [
        ("day: {key: ip, quota: 2/day}", "429 quota_exhausted:day @shop"),
        ("parallel: {key: ip, concurrent: 2}", "429 concurrency_exceeded:parallel @shop"),
    ],
)
def test_each_kind_has_its_reason(limit: str, reason: str) -> None:
    """A client that is told which kind it was knows what to do."""
    world = OfflineWorld()
    rules = policy(SHOP.replace("cost: 3", "cost: 1").replace("steady: {key: subject|ip, rate: 5/s, burst: 4}", limit))
    asked = request(X)
    walks = [walk_through(rules, asked, world.of(asked)) for _ in range(3)]
    assert [outcome(walk) for walk in walks] == ["allow @shop", "allow @shop", reason]


def test_slots_are_noted_for_who_gives_them_back() -> None:
    """An allowed request holds its slots and nothing else; a refused one holds none; then the next one passes."""
    rules, world = (
        policy(SHOP.replace("burst: 4}", "burst: 4}\n    parallel: {key: ip, concurrent: 1}")),
        OfflineWorld(),
    )
    asked = request(X)
    first, second = (walk_through(rules, asked, world.of(asked)) for _ in range(2))
    assert [hit.limit.id for hit in first.slots] == ["shop/parallel"]
    assert second.slots == ()
    world.answer(AskRelease(first.slots))
    assert verdict_of(walk_through(rules, asked, world.of(asked))).allowed


def test_a_refused_request_holds_no_slot() -> None:
    """Not even under limits that count refusals."""
    rules = policy(SHOP.replace("burst: 4}", "burst: 4, count: all}\n    parallel: {key: ip, concurrent: 1}"))
    world = Table()
    assert judged(rules, request("GET http://api.test/secret"), a_token(), world=world) == "403 scope_missing @shop"
    assert set(charged(world)) == {("shop/steady", "subject:login/u-1")}


def test_the_longest_wait_is_told() -> None:
    """Of several full limits the one that opens last says why and when: retrying before it is useless."""
    text = SHOP.replace("cost: 3", "cost: 1").replace("burst: 4}", "burst: 1}\n    day: {key: ip, quota: 1/day}")
    rules = policy(text)
    world, asked = OfflineWorld(), request(X)
    walks = [walk_through(rules, asked, world.of(asked)) for _ in range(2)]
    assert outcome(walks[1]) == "429 quota_exhausted:day @shop"
    assert (verdict_of(walks[1]).hints.retry_after_s or 0) > 3600


def test_all_or_none() -> None:
    """One full limit keeps the others from being charged."""
    world, rules = Table(), policy(SHOP)
    answers = [judged(rules, request("GET http://api.test/own"), world=world) for _ in range(2)]
    assert answers == ["allow @shop", "429 rate_limited:own @shop"]
    assert set(charged(world).values()) == {1}
    assert sum(isinstance(ask, AskTake) and len(ask.hits) == 2 for ask in world.asked) == 2


def test_refused_callers_are_not_charged() -> None:
    """A refused call must not burn a customer's allowance."""
    world, rules = Table(), policy(SHOP)
    assert judged(rules, request("GET http://api.test/secret"), a_token(), world=world) == "403 scope_missing @shop"
    assert charged(world) == {}


@pytest.mark.parametrize(
    ("line", "proof", "more", "expected"),
    [
        (X, a_token(state="bad_signature"), {}, "ip:203.0.113.10"),
        ("GET http://api.test/secret", a_token(), {}, "subject:login/u-1"),
        ("PUT http://api.test/x", None, {}, "ip:203.0.113.10"),
        ("GET http://api.test/nope", a_token(), {}, ""),
        (X, None, {"peer": "10.20.0.1"}, ""),
    ],
)
def test_count_all_charges_refusals_too(line: str, proof: Proof | None, more: dict[str, Any], expected: str) -> None:
    """`count: all` charges what authn, network or scope refused, as far as the caller is known by then."""
    rules = policy(SHOP.replace("burst: 4}", "burst: 4, count: all}") + "  network: {deny: [vpn]}\n")
    world = Table()
    assert not judged(rules, request(line, **more), *([proof] if proof else []), world=world).startswith("allow")
    assert charged(world) == ({("shop/steady", expected): 1} if expected else {})


def test_a_full_limit_does_not_spare_the_others() -> None:
    """Refusals are charged limit by limit."""
    rules = policy("""
    shop:
      match: {clients: [web]}
      routes: {"GET /x": orders:write}
      limits:
        small: {key: subject, rate: 1/s, burst: 1, count: all}
        large: {key: subject, rate: 9/s, burst: 9, count: all}
    """)
    world = Table()
    for _ in range(3):
        judged(rules, request(X), a_token(), world=world)
    assert charged(world) == {("shop/small", "subject:login/u-1"): 1, ("shop/large", "subject:login/u-1"): 3}


@pytest.mark.parametrize(
    ("when", "line", "proof", "agent", "counts"),
    [
        ("{methods: GET}", X, None, "", True),
        ("{methods: GET}", "PUT http://api.test/x", a_token(), "", False),
        ("{authenticated: true}", X, a_token(), "", True),
        ("{authenticated: true}", X, None, "", False),
        ("{authenticated: false}", X, None, "", True),
        ("{authenticated: false}", X, a_token(), "", False),
        ("{hint: [script]}", X, None, "curl/8.5.0", True),
        ("{hint: [script]}", X, None, "CURL/8.5.0", True),
        ("{hint: [script]}", X, None, "botanist", True),
        ("{hint: [script]}", X, None, "Mozilla/5.0 curl/8", False),
        ("{hint: [script]}", X, None, "", False),
    ],
)
def test_a_limit_may_be_narrowed(when: str, line: str, proof: Proof | None, agent: str, counts: bool) -> None:
    """A hint is a guess: it may tighten, and it grants nothing."""
    rules = policy(SHOP.replace("burst: 4}", f"burst: 4, when: {when}}}"))
    world = Table()
    assert judged(rules, request(line, user_agent=agent), *([proof] if proof else []), world=world) == "allow @shop"
    assert counts == bool(charged(world))


def test_a_preflight_is_charged_by_address_alone() -> None:
    """A browser's question has no caller yet."""
    rules = policy("""
    shop:
      match: {clients: [web]}
      routes: {"PUT /x": authenticated}
      limits:
        who: {key: subject, rate: 9/s}
        where: {key: ip, rate: 9/s}
        which: {key: route, rate: 9/s}
    """)
    world = Table()
    facts = request("OPTIONS http://api.test/x", origin="https://web.test", preflight="PUT")
    assert judged(rules, facts, world=world) == "allow @shop"
    assert charged(world) == {("shop/where", "ip:203.0.113.10"): 1}


def test_a_tunnel_is_not_charged() -> None:
    """The requests inside it are."""
    rules = policy(
        """
        shop:
          match: {listeners: [forward], hosts: [a.example], clients: [web]}
          routes: {"GET /x": authenticated}
          limits: {steady: {key: subject, rate: 9/s}}
        """,
        "listeners: {forward: {port: 3128, kind: forward}}",
    )
    world = Table(addresses=("93.184.216.34",))
    assert (
        judged(rules, request("CONNECT https://a.example", kind="forward", connect=True), a_token(), world=world)
        == "allow @shop"
    )
    assert charged(world) == {}
    assert (
        judged(rules, request("GET https://a.example/x", kind="forward", tunnel=True), a_token(), world=world)
        == "allow @shop"
    )
    assert charged(world) == {("shop/steady", "subject:login/u-1"): 1}


def test_a_shared_limit_is_one_bucket() -> None:
    """Two segments with one shared limit spend one allowance."""
    rules = policy(
        """
        shop:
          match: {clients: [web]}
          routes: {"any /**": authenticated}
          limits: {all: daily}
        stock:
          match: {hosts: [stock.test], clients: [web]}
          routes: {"any /**": authenticated}
          limits: {all: daily}
        """,
        more="limits: {daily: {key: subject, rate: 1/s, burst: 1}}",
    )
    world = Table()
    assert judged(rules, request(X), a_token(), world=world) == "allow @shop"
    assert judged(rules, request("GET http://stock.test/"), a_token(), world=world).startswith("429 rate_limited")


def test_readings_are_kept_and_the_worst_one_speaks() -> None:
    """RateLimit fields are for allowed answers too; Retry-After is whole seconds, at least one."""
    world, rules = Table(), policy(SHOP)
    walk = presenting(rules, request(X), world=world)
    assert [(reading.name, reading.remaining) for reading in walk.readings] == [("steady", 3)]
    walk = presenting(rules, request("GET http://api.test/own"), world=Table(room=0))
    assert outcome(walk).startswith("429 ip_rate_limited")
    for _ in range(9):
        walk = presenting(rules, request(X), world=world)
    assert walk.denial is not None
    assert walk.denial.judgement.hints.retry_after_s == 1
    assert [reading.passed for reading in walk.readings] == [False]
