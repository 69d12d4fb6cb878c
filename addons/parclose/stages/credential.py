"""Is it the proof asked for? Kind, issuer, age and strength."""

from __future__ import annotations

from typing import cast

from parclose.policy.segment import Authn
from parclose.reasons import Reason
from parclose.stages.claims import ANONYMOUS
from parclose.stages.closed import inside
from parclose.stages.refusal import challenge_status, deny, listed, schemes
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, NOT_MINE, Hints, Judgement, Principal


def judge(walk: Walk) -> Judgement:
    """Hold a caller to what its route asks of a proof; public and open routes ask for none."""
    principal = cast("Principal", walk.principal)
    if walk.preflight:
        return NOT_MINE
    route = walk.route
    if route is None:  # a tunnel: who may be anonymous inside may open it
        return _judge_tunnel(walk, principal)
    if route.access != "caller":
        return NOT_MINE
    return _judge(route.authn, principal, walk) or ALLOW


def _judge_tunnel(walk: Walk, principal: Principal) -> Judgement:
    """Hold who opens a tunnel to the segment, and where TLS stays closed in it to each route as well."""
    for _, route in inside(walk):
        if route.access == "caller" and (said := _judge(route.authn, principal, walk)) is not None:
            return said
    if principal.client_type == ANONYMOUS or walk.segment is None:
        return NOT_MINE
    return _judge(walk.segment.authn, principal, walk) or ALLOW


def proves(rule: Authn, principal: Principal, walk: Walk) -> bool:
    """Whether a caller satisfies `rule`; one who may be anonymous, on a tunnel, does."""
    return principal.client_type == ANONYMOUS or _judge(rule, principal, walk) is None


def _judge(rule: Authn, principal: Principal, walk: Walk) -> Judgement | None:
    """Return why the proof is not the one that `rule` asks for, or None."""
    kinds = principal.kinds
    if not kinds:
        return _missing(rule, walk)
    issuer_refused = False
    for alternative in rule.accept:
        if not alternative <= kinds:
            continue
        if "token" in alternative and rule.issuers and principal.issuer not in rule.issuers:
            issuer_refused = True
        elif "api_key" not in alternative or not rule.key_stores or principal.store in rule.key_stores:
            return _judge_strength(rule, principal, walk)
    if issuer_refused:
        return _issuer_refused(rule, principal, walk)
    return _not_accepted(rule, principal, walk)


def _judge_strength(rule: Authn, principal: Principal, walk: Walk) -> Judgement | None:
    """Judge age and strength of the login. A token of exactly `max_token_age_s` is not too old."""
    if rule.max_token_age_s is not None and "token" in principal.kinds:
        issued = principal.issued_at
        if issued is None or walk.facts.at - issued > rule.max_token_age_s:
            return _too_old(rule, principal, walk)
    if rule.amr and not principal.amr.issuperset(rule.amr):
        return _step_up(
            rule,
            walk,
            "amr",
            f"authentication methods {listed(sorted(principal.amr))}",
            f"all of {listed(rule.amr)}",
        )
    if rule.acr and principal.acr not in rule.acr:
        return _step_up(rule, walk, "acr", f"context class `{principal.acr or 'none'}`", f"one of {listed(rule.acr)}")
    return None


def _missing(rule: Authn, walk: Walk) -> Judgement:
    """Refuse who presented nothing. Source: RFC 6750 section 3.1: no error code then."""
    return deny(
        Reason.CREDENTIAL_MISSING,
        status=challenge_status(walk),
        found="no credential",
        needs=f"one of {_alternatives(rule)}",
        where=rule.where or (walk.route.where if walk.route is not None else ""),
        hints=Hints(schemes=schemes(walk, (rule,))),
    )


def _not_accepted(rule: Authn, principal: Principal, walk: Walk) -> Judgement:
    """Refuse a good proof of another kind."""
    held = "+".join(sorted(principal.kinds))
    store = f" of store `{principal.store}`" if principal.store else ""
    return deny(
        Reason.CREDENTIAL_NOT_ACCEPTED,
        status=challenge_status(walk),
        detail="kind",
        found=f"`{held}`{store}",
        needs=f"one of {_alternatives(rule)}",
        where=rule.where,
        hints=Hints(schemes=schemes(walk, (rule,))),
    )


def _issuer_refused(rule: Authn, principal: Principal, walk: Walk) -> Judgement:
    """Refuse a good token of another issuer."""
    return deny(
        Reason.ISSUER_NOT_ACCEPTED,
        status=challenge_status(walk),
        found=f"a token from `{principal.issuer}`",
        needs=f"one from {listed(sorted(rule.issuers))}",
        where=rule.where,
        hints=Hints(schemes=schemes(walk, (rule,)), error="invalid_token"),
    )


def _too_old(rule: Authn, principal: Principal, walk: Walk) -> Judgement:
    """Refuse a good token that was issued too long ago."""
    issued = principal.issued_at
    return deny(
        Reason.TOKEN_TOO_OLD,
        status=challenge_status(walk),
        found="a token that does not say when it was issued"
        if issued is None
        else f"a token issued {walk.facts.at - issued:.0f} s ago",
        needs=f"one issued at most {rule.max_token_age_s:.0f} s ago",
        where=rule.where,
        hints=Hints(schemes=schemes(walk, (rule,)), error="invalid_token", max_age_s=int(rule.max_token_age_s or 0)),
    )


def _step_up(rule: Authn, walk: Walk, detail: str, found: str, needs: str) -> Judgement:
    """Ask for a stronger login. Source: RFC 9470 section 3."""
    return deny(
        Reason.STEP_UP_REQUIRED,
        status=challenge_status(walk),
        detail=detail,
        found=found,
        needs=needs,
        where=rule.where,
        hints=Hints(
            schemes=schemes(walk, (rule,)), error="insufficient_user_authentication", acr=rule.acr, amr=rule.amr
        ),
    )


def _alternatives(rule: Authn) -> str:
    """Return what a rule accepts, for a sentence."""
    return listed("+".join(sorted(alternative)) for alternative in rule.accept)
