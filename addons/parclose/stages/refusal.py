"""How stages refuse: one way to say no, and the few things that every refusal for a credential needs."""

from __future__ import annotations

from collections.abc import Iterable

from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.walk import Walk
from parclose.verdict import NO_HINTS, Hints, Judgement, Outcome

# What to offer for each kind of credential.
_SCHEME_OF = {"token": "bearer", "api_key": "api_key"}


def deny(
    reason: Reason,
    *,
    status: int = 0,
    detail: str = "",
    found: str = "",
    needs: str = "",
    where: str = "",
    segment: str = "",
    route: str = "",
    concealed: bool = False,
    hints: Hints = NO_HINTS,
) -> Judgement:
    """Return a denying judgement; `status` 0 means the reason's own."""
    return Judgement(
        outcome=Outcome.DENY,
        reason=reason,
        status=status,
        detail=detail,
        found=found,
        needs=needs,
        where=where,
        segment=segment,
        route=route,
        concealed=concealed,
        hints=hints,
    )


def challenge_status(walk: Walk) -> int:
    """Return the status that asks for a credential: 407 on a forward listener, whose caller talks to the proxy."""
    return 407 if walk.facts.kind == "forward" else 401


def concealed_status(walk: Walk) -> int:
    """Return the status that looks as if nothing were there: that of `no_segment`, or of `egress_denied`."""
    return 403 if walk.facts.kind == "forward" else 404


def schemes(rules: Iterable[Authn]) -> tuple[str, ...]:
    """Return the challenges that `rules` would take, in a fixed order."""
    kinds = {kind for rule in rules for alternative in rule.accept for kind in alternative}
    return tuple(scheme for kind, scheme in _SCHEME_OF.items() if kind in kinds)


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, `none` when there are none."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def first_name(walk: Walk) -> str:
    """Return the name of the first candidate, whose rules word the answer."""
    return walk.candidates[0].name if walk.candidates else ""
