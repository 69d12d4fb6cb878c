"""One request of a stand-in caller, judged alone: by fresh counters, at the instant at which tests are."""

from __future__ import annotations

from parclose.cases.callers import BadRequestLine, Caller, facts_for, read_line
from parclose.engine import decide
from parclose.policy.model import Policy
from parclose.policy.scenario import DEFAULT_AT, Persona
from parclose.ports import Atlas
from parclose.stores.world import NotKept, OfflineWorld
from parclose.verdict import Verdict

UNANSWERED = (BadRequestLine, NotKept, KeyError)  # KeyError: a persona of another policy, whose issuer is not here


def judge(
    policy: Policy, persona: Persona, request: str, *, times: int = 1, every_s: float = 0.0, atlas: Atlas | None = None
) -> list[Verdict]:  # fmt: skip
    """Return what comes of sending `METHOD URL` so many times, `every_s` of virtual time apart.

    Of a tunnel and what is in it, the verdict is that of the one that ends it. Empty where this policy cannot be asked:
    it does not know the persona's issuer, or turns on something that nobody has written.
    """
    method, _, url = request.partition(" ")
    found: list[Verdict] = []
    world = OfflineWorld(atlas=atlas)
    try:
        for number in range(times):
            verdict = None
            at = DEFAULT_AT + number * every_s
            for facts in facts_for(policy, Caller(persona=persona), read_line(method, url), at, "sample"):
                verdict = decide(policy, facts, world.of(facts))
                if not verdict.allowed or verdict.unopened:
                    break
            if verdict is not None:
                found.append(verdict)
    except UNANSWERED:
        return []
    return found


def outcome(verdict: Verdict) -> str:
    """Return a verdict as an expectation has it: `allow`, or status and reason."""
    return "allow" if verdict.reason is None else f"{verdict.status} {verdict.reason.value}"
