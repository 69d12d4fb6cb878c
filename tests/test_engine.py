"""The one path: every stage, in order, and no allow without all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator, Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose import engine
from parclose.engine import CONCERNS, STAGES, OutOfOrder, Stage, advance, begin, decide, drive, verdict_of
from parclose.facts import Facts, Proof
from parclose.ports import Answer, Ask
from parclose.reasons import Reason
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, Judgement, Outcome
from tests.stages.kit import Table, a_token, policy, presented, request

FORWARD = "listeners: {forward: {port: 3128, kind: forward}}"
SHOP = policy("""
shop:
  match: {clients: [web, anonymous]}
  routes: {"GET /x": authenticated, "GET /public": public, "GET /w": orders:write}
  limits: {steady: {key: subject|ip, rate: 5/s, burst: 2}}
""")
GUARDED = policy(
    """
    guarded:
      match: {clients: [web]}
      network: {allow: [office]}
      routes: {"GET /x": {network: {allow: [office], deny: [vpn]}}, "GET /y": {authn: {max_token_age: 1s}}}
    """,
    "admission: {deny_zones: [blocked]}",
)
PAIR = policy("""
alpha:
  match: {clients: [web]}
  network: {allow: [office]}
  routes: {"GET /x": authenticated}
beta:
  match: {clients: [staff]}
  network: {allow: [vpn]}
  routes: {"GET /x": authenticated}
""")
OUT = policy(
    """
    out:
      match: {listeners: [forward], hosts: [a.example], clients: [web]}
      routes: {"GET /x": authenticated}
    """,
    FORWARD,
)
GOOD = a_token()


def shown(line: str = "GET http://api.test/x", proof: Proof | None = GOOD, **more: object) -> Facts:
    """Return a request that presents one credential."""
    forward = more.get("kind") == "forward"
    given_in = (presented(proof, forward=forward),) if proof is not None else ()
    return request(line, presented=given_in, **more)  # type: ignore[arg-type]


# For each stage a request that it alone refuses (the client stage refuses nothing: one that needs it to pass).
ALONE: dict[str, tuple[object, Facts, Table, str]] = {
    "canonical": (SHOP, shown(target="/x", faults=("header_conflict",)), Table(), "header_conflict"),
    "client": (GUARDED, shown(peer="198.51.100.7"), Table(), "allow"),
    "admission": (SHOP, shown(), Table(blocked_s=5), "auth_blocked"),
    "surface": (OUT, shown("GET https://b.example/x", kind="forward"), Table(), "egress_denied"),
    "gate": (GUARDED, shown(), Table(), "zone_denied"),
    "route": (SHOP, shown("GET http://api.test/nope"), Table(), "no_route"),
    "authn": (SHOP, shown(proof=a_token(exp=0)), Table(proofs={0: a_token(exp=0)}), "token_invalid"),
    "audience": (SHOP, shown(proof=a_token(azp="x")), Table(proofs={0: a_token(azp="x")}), "caller_not_allowed"),
    "network": (PAIR, shown(peer="10.20.0.1"), Table(), "zone_denied"),
    "credential": (SHOP, shown(proof=None), Table(), "credential_missing"),
    "scope": (SHOP, shown("GET http://api.test/w"), Table(), "scope_missing"),
    "destination": (
        OUT,
        shown("GET https://a.example/x", kind="forward"),
        Table(addresses=("127.0.0.1",)),
        "destination_denied",
    ),
    "rate": (SHOP, shown(), Table(room=1), "rate_limited"),
}


def told(rules: object, facts: Facts, world: Table) -> tuple[str, str]:
    """Return which stage said what, or how it broke."""
    world = Table(
        proofs=world.proofs or {0: GOOD}, blocked_s=world.blocked_s, addresses=world.addresses, room=1_000_000
    )
    try:
        verdict = decide(rules, facts, world)  # type: ignore[arg-type]
    except (AttributeError, AssertionError, IndexError, OutOfOrder) as broken:
        return "broken", type(broken).__name__
    return verdict.stage, verdict.reason.value if verdict.reason else "allow"


def full(rules: object, facts: Facts, world: Table) -> tuple[str, str]:
    """Return the same where the segment's own limit has no room left."""
    if world.room == 1:
        facts = replace(facts, decision="third")
        spent = Table(proofs={0: GOOD})
        for _ in range(2):
            decide(rules, facts, spent)  # type: ignore[arg-type]
        verdict = decide(rules, facts, spent)  # type: ignore[arg-type]
        return verdict.stage, verdict.reason.value if verdict.reason else "allow"
    return told(rules, facts, world)


def always_allowing(stage: Stage) -> Stage:
    """Return the stage as if somebody had made its judge allow whatever it is asked."""

    def judge(walk: Walk) -> Judgement:
        return ALLOW

    return replace(stage, judge=judge)


@pytest.mark.parametrize("name", [stage.name for stage in STAGES])
def test_each_stage_is_missed_when_it_always_allows(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """For each stage there is a request that is told otherwise without it."""
    rules, facts, world, expected = ALONE[name]
    before = full(rules, facts, world)
    assert before == (("" if expected == "allow" else name), expected)
    monkeypatch.setattr(
        engine, "STAGES", tuple(always_allowing(stage) if stage.name == name else stage for stage in STAGES)
    )
    assert before != full(rules, facts, world)


@pytest.mark.parametrize("reached", range(len(STAGES)))
def test_a_walk_that_is_not_through_never_allows(reached: int) -> None:
    """An addon that is missing, or that returns early, denies."""
    walk = begin(SHOP, request("GET http://api.test/public"))
    drive(advance(walk, STAGES[:reached]), Table())
    verdict = verdict_of(walk)
    assert not verdict.allowed
    assert (verdict.reason, verdict.status) == (Reason.INTERNAL_ERROR, 503)
    drive(advance(walk, STAGES[reached:]), Table())
    assert verdict_of(walk).allowed


@pytest.mark.parametrize(
    "order",
    [STAGES[1:], STAGES[:1] + STAGES[2:], STAGES[::-1], STAGES[:1] * 2, (*STAGES, STAGES[-1]), STAGES[:5] + STAGES[6:]],
)
def test_stages_out_of_order_are_our_own_fault(order: tuple[Stage, ...]) -> None:
    """Skipped, repeated, reversed, or past the end: raised, so that the guard answers 503, and nothing is allowed."""
    walk = begin(SHOP, request("GET http://api.test/public"))
    with pytest.raises(OutOfOrder):
        drive(advance(walk, order), Table())


@given(st.lists(st.sampled_from([Outcome.ALLOW, Outcome.NOT_MINE, Outcome.DENY]), min_size=13, max_size=13))
def test_a_denial_is_never_undone(outcomes: list[Outcome]) -> None:
    """Whatever later stages would say, the first denial stands, and they are not even asked."""
    asked: list[str] = []

    def stage(place: int, outcome: Outcome) -> Stage:
        said = {
            Outcome.ALLOW: ALLOW,
            Outcome.NOT_MINE: NOT_MINE,
            Outcome.DENY: Judgement(outcome=Outcome.DENY, reason=Reason.NO_ROUTE, detail=str(place)),
        }[outcome]

        def judge(walk: Walk) -> Judgement | Asking:
            asked.append(STAGES[place].name)
            return said

        return replace(STAGES[place], judge=judge)

    stages = tuple(stage(place, outcome) for place, outcome in enumerate(outcomes))
    walk = begin(SHOP, request())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "STAGES", stages)
        for one in stages:
            drive(advance(walk, (one,)), Table())
        verdict = verdict_of(walk)
    first = next((place for place, outcome in enumerate(outcomes) if outcome is Outcome.DENY), None)
    assert verdict.allowed is (first is None)
    assert len(asked) == (13 if first is None else first + 1)
    assert verdict.detail == ("" if first is None else str(first))


def test_a_denial_without_a_reason_is_our_own_fault() -> None:
    """A refusal that cannot say why is a bug, and answered as one."""

    def judge(walk: Walk) -> Judgement:
        return Judgement(outcome=Outcome.DENY)

    walk = begin(SHOP, request())
    with pytest.MonkeyPatch.context() as patch:
        broken = (replace(STAGES[0], judge=judge), *STAGES[1:])
        patch.setattr(engine, "STAGES", broken)
        drive(advance(walk, broken), Table())
    with pytest.raises(OutOfOrder):
        verdict_of(walk)


class Waiting(Table):
    """A world that lets one wait for every answer, as stores over a network do."""

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:  # type: ignore[override]
        """Answer after a turn of the loop."""

        async def soon() -> Answer:
            await asyncio.sleep(0)
            return Table.answer(self, ask)

        return soon()


def test_waiting_changes_nothing() -> None:
    """The same stages, driven by a world that waits, say the same."""

    async def live() -> Walk:
        walk = begin(SHOP, shown())
        pending = drive(advance(walk, STAGES), Waiting(proofs={0: GOOD}))
        assert pending is not None
        await pending
        return walk

    verdict = verdict_of(asyncio.run(live()))
    assert verdict == decide(SHOP, shown(), Table(proofs={0: GOOD}))
    assert verdict.allowed


def test_an_offline_decision_does_not_wait() -> None:
    """Replay answers at once, or says that it cannot."""

    class Never(Table):
        def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:  # type: ignore[override]
            future: Generator[None, None, Answer] = iter(())  # type: ignore[assignment]

            class Pending:
                def __await__(self) -> Generator[None, None, Answer]:
                    return future

            return Pending()

    with pytest.raises(TypeError):
        decide(SHOP, shown(), Never())


def test_the_same_facts_give_the_same_verdict() -> None:
    """Promise of replay: a verdict depends on policy, facts and answers, and on nothing else."""
    facts = shown("GET http://api.test/w")
    assert decide(SHOP, facts, Table(proofs={0: GOOD})) == decide(SHOP, facts, Table(proofs={0: GOOD}))


def test_an_allow_says_all_that_was_found() -> None:
    """Audit, headers and the console read the verdict and nothing else."""
    verdict = decide(SHOP, shown(), Table(proofs={0: GOOD}))
    assert verdict.allowed
    assert (verdict.segment, verdict.route, verdict.client_ip) == ("shop", "GET /x", "203.0.113.10")
    assert (verdict.revision, verdict.decision) == (SHOP.revision, "d")
    assert verdict.principal is not None
    assert [reading.name for reading in verdict.readings] == ["steady"]
    assert [charge.seq for charge in verdict.charges] == [1, 5]
    assert [step.stage for step in verdict.trail] == [stage.name for stage in STAGES]


def test_every_stage_belongs_to_one_concern() -> None:
    """One table ties a stage to its addon and its metric label."""

    def names(of: Iterable[tuple[str, ...]]) -> list[str]:
        return sorted(name for group in of for name in group)

    assert names(concern.stages for concern in CONCERNS) == sorted(stage.name for stage in STAGES)
