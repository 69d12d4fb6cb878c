"""Which surface is it on? The most specific one wins outright; there is no falling through."""

from __future__ import annotations

from parclose.policy.surface import TooComplex
from parclose.reasons import Reason
from parclose.stages.published import published
from parclose.stages.refusal import deny
from parclose.stages.walk import Walk
from parclose.verdict import ALLOW, Judgement


def judge(walk: Walk) -> Judgement:
    """Find the segments of the best surface; on CONNECT, all that stand on the best host pattern."""
    facts = walk.facts
    surfaces = walk.policy.surfaces
    if facts.connect:
        walk.candidates = surfaces.on_host(listener=facts.listener, kind=facts.kind, host=facts.host)
        return ALLOW if walk.candidates else _nowhere(walk)
    try:
        group = published(walk)
        walk.published = group is not None
        if group is None:
            group = surfaces.find(
                listener=facts.listener, kind=facts.kind, host=facts.host, path=walk.path, method=walk.method
            )
    except TooComplex:
        return deny(Reason.PATH_TOO_COMPLEX, found=f"a path of {len(walk.path)} segments that too many patterns share")
    if group is None:
        return _nowhere(walk)
    walk.group = group
    walk.candidates = group.segments
    return ALLOW


def _nowhere(walk: Walk) -> Judgement:
    """Refuse what no segment takes."""
    facts = walk.facts
    if facts.kind == "forward":
        return deny(
            Reason.EGRESS_DENIED,
            found=f"no segment of listener `{facts.listener}` takes `{facts.host}`",
            needs="a segment whose `match.hosts` holds this host, on this listener",
        )
    return deny(
        Reason.NO_SEGMENT,
        found=f"no segment of listener `{facts.listener}` takes {walk.method} `{facts.host}` {facts.target!a}",
        needs="a segment whose listener, host, path and methods hold this request",
    )
