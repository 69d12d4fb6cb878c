"""The one path: the stages in order, and what walks a request through them.

Live addons step through `STAGES` a run at a time; replay, tests and `explain` take them all at once. Both end in
`verdict_of`, and neither can allow a walk that has not been through every stage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Generator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

from parclose.facts import Facts
from parclose.policy.model import Policy
from parclose.ports import Answer, Ask, World
from parclose.reasons import Reason
from parclose.stages import (
    admission,
    audience,
    authn,
    canonical,
    client,
    credential,
    destination,
    gate,
    network,
    rate,
    route,
    scope,
    surface,
)
from parclose.stages.closed import stays_closed
from parclose.stages.published import metadata_url
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, PASSTHROUGH, Effect, Judgement, Outcome, Step, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One question asked of every request. `counts_refusals`: a denial here still charges `count: all` limits."""

    name: str
    concern: str
    judge: Callable[[Walk], Judgement | Asking]
    sentence: str
    counts_refusals: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Concern:
    """One thing a policy speaks of: its stages, its addon, its keys in the policy. `name` is the metric label."""

    name: str
    addon: str
    policy_keys: tuple[str, ...]
    stages: tuple[str, ...]


# INVARIANT: this is the order of evaluation, and the only list of it. Cheap evidence first; refused callers are never
# charged; nothing is looked up in the world for a request that something cheaper already refuses.
STAGES: tuple[Stage, ...] = (
    Stage(name="canonical", concern="segment", judge=canonical.judge, sentence="in one spelling, or refused"),
    Stage(name="client", concern="network", judge=client.judge, sentence="whose address it is"),
    Stage(name="admission", concern="network", judge=admission.judge, sentence="may it take our time"),
    Stage(name="surface", concern="segment", judge=surface.judge, sentence="which surface it is on"),
    Stage(name="gate", concern="network", judge=gate.judge, sentence="does any candidate take this address"),
    Stage(name="route", concern="segment", judge=route.judge, sentence="which routes it could mean"),
    Stage(name="authn", concern="authn", judge=authn.judge, sentence="who is this, proven", counts_refusals=True),
    Stage(name="audience", concern="segment", judge=audience.judge, sentence="which segment is for this caller"),
    Stage(
        name="network", concern="network", judge=network.judge, sentence="may it come from there", counts_refusals=True
    ),
    Stage(
        name="credential",
        concern="authn",
        judge=credential.judge,
        sentence="is it the proof asked for",
        counts_refusals=True,
    ),
    Stage(name="scope", concern="scope", judge=scope.judge, sentence="roles, scopes, bindings", counts_refusals=True),
    Stage(name="destination", concern="network", judge=destination.judge, sentence="may it go there"),
    Stage(name="rate", concern="rate", judge=rate.judge, sentence="within the limits, and charged"),
)

CONCERNS: tuple[Concern, ...] = (
    Concern(
        name="segment",
        addon="segment_classifier",
        policy_keys=("segments", "route_sets", "profiles"),
        stages=("canonical", "surface", "route", "audience"),
    ),
    Concern(
        name="network",
        addon="network_rules",
        policy_keys=("zones", "geo"),
        stages=("client", "admission", "gate", "network", "destination"),
    ),
    Concern(
        name="authn",
        addon="authn",
        policy_keys=("issuers", "api_keys", "clients", "attributes"),
        stages=("authn", "credential"),
    ),
    Concern(name="scope", addon="scope_enforcement", policy_keys=("scopes", "roles"), stages=("scope",)),
    Concern(name="rate", addon="rate_limiting", policy_keys=("limits",), stages=("rate",)),
    Concern(name="audit", addon="audit_sink", policy_keys=("audit",), stages=()),
)

type Asked = Generator[Ask, Answer, None]

# Most steps say nothing: these are made once.
_STEPS = {
    stage.name: (Step(stage=stage.name, judgement=ALLOW), Step(stage=stage.name, judgement=NOT_MINE))
    for stage in STAGES
}


class OutOfOrder(RuntimeError):
    """A stage was asked out of its turn: an addon is missing, or mounted twice. Ours, never the caller's fault."""


def begin(policy: Policy, facts: Facts) -> Walk:
    """Start the walk of one request under one policy; both stay with it to its end."""
    return Walk(policy=policy, facts=facts)


def advance(walk: Walk, stages: Sequence[Stage]) -> Asked:
    """Take the walk through `stages`, the next ones in order; a denial ends it, and later stages are not asked.

    Raises:
        OutOfOrder: `stages` are not the next ones of `STAGES`.
    """
    rest = proceed(walk, stages)
    if rest is not None:
        yield from rest


def proceed(walk: Walk, stages: Sequence[Stage]) -> Asked | None:
    """Do what `advance` does as far as nothing is asked of the world; return what is left, None when that is nothing.

    Raises:
        OutOfOrder: `stages` are not the next ones of `STAGES`.
    """
    if walk.denial is not None:
        return None
    for place, stage in enumerate(stages):
        if walk.next_stage >= len(STAGES) or STAGES[walk.next_stage] is not stage:
            raise OutOfOrder(f"stage `{stage.name}` is not next")
        said = stage.judge(walk)
        if not isinstance(said, Judgement):
            return _ask_on(walk, stages[place:], said)
        if _heed(walk, stage, said):
            return rate.charge_refused(walk) if stage.counts_refusals else None
    return None


def _ask_on(walk: Walk, stages: Sequence[Stage], asking: Asking) -> Asked:
    """Hear out the first of `stages`, which asks, then take the others."""
    stage = stages[0]
    if _heed(walk, stage, (yield from asking)):
        if stage.counts_refusals:
            yield from rate.charge_refused(walk)
        return
    if len(stages) > 1:
        yield from advance(walk, stages[1:])


def _heed(walk: Walk, stage: Stage, said: Judgement) -> bool:
    """Write down what a stage said; tell whether it ended the walk."""
    walk.next_stage += 1
    if said is ALLOW or said is NOT_MINE:
        walk.trail.append(_STEPS[stage.name][said is NOT_MINE])
        return False
    step = Step(stage=stage.name, judgement=said)
    walk.trail.append(step)
    if said.outcome is not Outcome.DENY:
        return False
    walk.denial = step
    return True


def drive(asking: Asked, world: World) -> Coroutine[Any, Any, None] | None:
    """Answer what is asked until nothing more is. Return None when done, or an awaitable where the world must wait."""
    try:
        ask = next(asking)
        while True:
            answer = world.answer(ask)
            if hasattr(answer, "__await__"):
                return _drive_on(asking, cast("Awaitable[Answer]", answer), world)
            ask = asking.send(answer)
    except StopIteration:
        return None


async def _drive_on(asking: Asked, pending: Awaitable[Answer], world: World) -> None:
    """Go on from an answer that has to be waited for."""
    try:
        ask = asking.send(await pending)
        while True:
            answer = world.answer(ask)
            if hasattr(answer, "__await__"):
                answer = await cast("Awaitable[Answer]", answer)
            ask = asking.send(answer)
    except StopIteration:
        return


def decide(policy: Policy, facts: Facts, world: World) -> Verdict:
    """Judge one request by one policy: the same stages, in the same order, as live traffic.

    Raises:
        TypeError: `world` answered with something to wait for; offline worlds answer at once.
    """
    return verdict_of(walk_through(policy, facts, world))


def walk_through(policy: Policy, facts: Facts, world: World) -> Walk:
    """Walk one request through every stage and return the walk, for those who tell it in words."""
    walk = begin(policy, facts)
    pending = drive(advance(walk, STAGES), world)
    if pending is not None:
        pending.close()
        raise TypeError("an offline decision cannot wait: the world must answer at once")
    return walk


def verdict_of(walk: Walk) -> Verdict:
    """Sum up a walk. INVARIANT: allows only what has been through every stage without a denial."""
    if walk.denial is not None:
        return _denial(walk, walk.denial)
    if walk.next_stage != len(STAGES):
        return Verdict(decision=walk.facts.decision, revision=walk.policy.revision, trail=tuple(walk.trail))
    return Verdict(
        effect=Effect.ALLOW,
        reason=None,
        status=200,
        stage="",
        detail=PASSTHROUGH if walk.facts.connect and stays_closed(walk) else "",
        segment=walk.segment.name if walk.segment else "",
        route=walk.route.key if walk.route else "",
        decision=walk.facts.decision,
        revision=walk.policy.revision,
        preflight=walk.preflight,
        principal=walk.principal,
        readings=walk.readings,
        charges=tuple(walk.charges),
        addresses=walk.addresses,
        client_ip=walk.client_ip,
        country=walk.place.country if walk.place else None,
        trail=tuple(walk.trail),
    )


def _denial(walk: Walk, step: Step) -> Verdict:
    """Sum up a walk that a stage has refused."""
    said = step.judgement
    reason = said.reason
    if reason is None:
        raise OutOfOrder(f"stage `{step.stage}` refused without a reason")
    hints = said.hints
    if (said.status or reason.status) == 401 or reason is Reason.SCOPE_MISSING:
        name = said.segment or (walk.segment.name if walk.segment else "")
        hints = replace(hints, resource=metadata_url(walk, name))
    return Verdict(
        effect=Effect.DENY,
        reason=reason,
        status=said.status or reason.status,
        stage=step.stage,
        detail=said.detail,
        found=said.found,
        needs=said.needs,
        where=said.where,
        segment=said.segment or (walk.segment.name if walk.segment else ""),
        route=said.route or (walk.route.key if walk.route else ""),
        decision=walk.facts.decision,
        revision=walk.policy.revision,
        concealed=said.concealed,
        principal=walk.principal,
        hints=hints,
        readings=walk.readings,
        charges=tuple(walk.charges),
        client_ip=walk.client_ip,
        country=walk.place.country if walk.place else None,
        trail=tuple(walk.trail),
    )
