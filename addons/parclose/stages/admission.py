"""May it take our time? Refused zones, the rate of an address, and addresses that guess credentials."""

from __future__ import annotations

from collections.abc import Generator
from math import ceil
from typing import cast

from parclose.policy.model import Admission
from parclose.ports import Answer, Ask, AskBlocked, AskCached, AskTake, Hit, Taken
from parclose.reasons import Reason
from parclose.stages.bucket import ip_key
from parclose.stages.handed import handed_in
from parclose.stages.refusal import deny, listed
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, Hints, Judgement


def judge(walk: Walk) -> Judgement | Asking:
    """Refuse denied zones and callers that come too often or guess, before any lookup or crypto."""
    admission = walk.policy.settings.admission
    if walk.zones & admission.deny:
        return deny(
            Reason.ZONE_DENIED,
            detail="admission",
            found=f"{walk.client_ip} is in {listed(walk.policy.zones.names(walk.zones & admission.deny))}",
            needs="an address outside the zones that `admission.deny_zones` names",
            where=admission.where,
        )
    counts = admission.per_ip is not None and not walk.zones & admission.exempt
    if not counts and (admission.failed_auth is None or not walk.facts.presented):
        return ALLOW
    return _ask(walk, admission, counts=counts)


def _ask(walk: Walk, admission: Admission, *, counts: bool) -> Generator[Ask, Answer, Judgement]:
    """Charge the address, then see whether it is blocked for guessing."""
    if counts and admission.per_ip is not None:
        limit = admission.per_ip
        taken = cast("Taken", (yield AskTake((Hit(limit, ip_key(walk)),), walk.facts.at)))
        walk.charges.append(taken.charged)
        if not taken.passed:
            walk.readings = taken.readings
            return deny(
                Reason.IP_RATE_LIMITED,
                found=f"more than {limit.count} requests in {limit.window_s} s from {ip_key(walk)}",
                needs="fewer requests from this address",
                where=limit.where or admission.where,
                hints=Hints(retry_after_s=max(1, ceil(taken.readings[0].retry_after_s))),
            )
    if admission.failed_auth is not None and walk.facts.presented:
        return (yield from _look_for_block(walk, admission))
    return ALLOW


def _look_for_block(walk: Walk, admission: Admission) -> Generator[Ask, Answer, Judgement]:
    """Refuse a blocked address that presents something unproven.

    One guesser must not lock out everyone behind the same address: what is already proven may pass.
    """
    limit = admission.failed_auth
    if limit is None:
        return ALLOW
    proven = True
    for handed in handed_in(walk.facts):
        cached = handed[0][1].kind in ("other", "mtls")  # what nobody verifies, or the handshake has, is no guess
        for index, presented in handed:
            if not cached and (yield AskCached(index, presented)):
                cached = True
                walk.known = (*walk.known, index)
        proven = proven and cached
    if proven:
        return ALLOW
    blocked_s = cast("float", (yield AskBlocked(limit, ip_key(walk), walk.facts.at)))
    if blocked_s <= 0:
        return ALLOW
    return deny(
        Reason.AUTH_BLOCKED,
        found=f"{ip_key(walk)} presented too many bad credentials and is blocked for {ceil(blocked_s)} s more",
        needs="a credential that was good before, or patience",
        where=limit.where or admission.where,
        hints=Hints(retry_after_s=max(1, ceil(blocked_s))),
    )
