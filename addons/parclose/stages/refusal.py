"""How stages refuse: one way to say no, and the few things that every refusal for a credential needs."""

from __future__ import annotations

from collections.abc import Iterable

from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.walk import Walk
from parclose.verdict import NO_HINTS, Hints, Judgement, Outcome

# In which order they are offered.
_SCHEMES = ("dpop", "bearer", "api_key")


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


def schemes(walk: Walk, rules: Iterable[Authn]) -> tuple[str, ...]:
    """Return the challenges that `rules` would take, in a fixed order."""
    offered = set()
    for rule in rules:
        kinds = {kind for alternative in rule.accept for kind in alternative}
        offered |= kinds & {"api_key"}
        if "token" in kinds:
            offered |= _of_tokens(walk, rule)
    return tuple(scheme for scheme in _SCHEMES if scheme in offered)


def spoken(walk: Walk) -> str:
    """Return the scheme in which a token came: who speaks DPoP is answered in it (RFC 9449 section 7.1)."""
    return "dpop" if any(one.kind == "token" and one.scheme == "dpop" for one in walk.facts.presented) else "bearer"


def _of_tokens(walk: Walk, rule: Authn) -> set[str]:
    """Return how tokens are taken: by DPoP where their issuers ask for it, which nobody speaks to a proxy."""
    asked = {
        issuer.sender_constrained
        for name, issuer in walk.policy.issuers.items()
        if not rule.issuers or name in rule.issuers
    }
    if walk.facts.kind == "forward" or not asked & {"dpop", "either"}:
        return {spoken(walk), "bearer"}
    return {"dpop"} if asked == {"dpop"} else {"dpop", "bearer"}


def listed(names: Iterable[str]) -> str:
    """Return names for a sentence, `none` when there are none."""
    return ", ".join(f"`{name}`" for name in names) or "none"


def first_name(walk: Walk) -> str:
    """Return the name of the first candidate, whose rules word the answer."""
    return walk.candidates[0].name if walk.candidates else ""
