"""May it come from there? The chosen segment's gate, then its route, then the route's own, tighter one."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import cast

from parclose.policy.segment import Route, Segment
from parclose.ports import Answer, Ask
from parclose.reasons import Reason
from parclose.stages.claims import ANONYMOUS
from parclose.stages.closed import inside
from parclose.stages.gate import ask_place
from parclose.stages.passage import passes_zones, refuse
from parclose.stages.refusal import challenge_status, deny, schemes
from parclose.stages.route import refuse_route
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, NOT_MINE, Hints, Judgement


def judge(walk: Walk) -> Judgement | Asking:
    """Hold the caller to the network rules of segment and route, and set the route."""
    if walk.facts.connect:
        return _judge_tunnel(walk)
    segment = cast("Segment", walk.segment)
    if segment not in walk.candidates:
        return _ask_then_refuse(walk, segment)
    hit = walk.hits.get(segment.name)
    if hit is None:
        return _no_route(walk, segment)
    walk.route = hit.route
    walk.params = hit.params
    network = hit.route.network
    if network is segment.network:
        return ALLOW
    if network.asks_place and walk.place is None and passes_zones(network, walk):
        return _ask_then_judge(walk, segment, hit.route)
    return _judge_route(walk, segment, hit.route)


def _judge_tunnel(walk: Walk) -> Judgement | Asking:
    """Hold a tunnel in which TLS stays closed to the rules of its routes; those of its segments it has passed."""
    own = [(segment, route) for segment, route in inside(walk) if route.network is not segment.network]
    if walk.place is None and any(route.network.asks_place for _, route in own):
        return _ask_then_judge_inside(walk, own)
    return _judge_inside(walk, own)


def _ask_then_judge_inside(walk: Walk, own: list[tuple[Segment, Route]]) -> Generator[Ask, Answer, Judgement]:
    """Judge with the place, since the rule of a route turns on it."""
    yield from ask_place(walk)
    return _judge_inside(walk, own)


def _judge_inside(walk: Walk, own: list[tuple[Segment, Route]]) -> Judgement:
    """Hold the caller to the rules of routes that may be taken unseen."""
    for segment, route in own:
        said = refuse(route.network, walk, segment.name)
        if said is not None:
            return replace(said, route=route.key)
    return NOT_MINE


def _ask_then_refuse(walk: Walk, segment: Segment) -> Generator[Ask, Answer, Judgement]:
    """Refuse for the chosen segment what its gate refused early, while another candidate did not."""
    if segment.network.asks_place:
        yield from ask_place(walk)
    said = refuse(segment.network, walk, segment.name)
    if said is None:
        raise AssertionError("the early gate dropped a segment that takes this address")
    return said


def _ask_then_judge(walk: Walk, segment: Segment, route: Route) -> Generator[Ask, Answer, Judgement]:
    """Judge with the place, since the route's rule turns on it."""
    yield from ask_place(walk)
    return _judge_route(walk, segment, route)


def _judge_route(walk: Walk, segment: Segment, route: Route) -> Judgement:
    """Hold the caller to the route's own rule."""
    said = refuse(route.network, walk, segment.name)
    return ALLOW if said is None else replace(said, route=route.key)


def _no_route(walk: Walk, segment: Segment) -> Judgement:
    """Refuse what the chosen segment has no route for.

    With `errors.conceal` the route map is for proven callers: an anonymous one is asked for a credential whatever the
    path, so that the answer does not tell a route that exists from one that does not.
    """
    if segment.errors.conceal and walk.principal is not None and walk.principal.client_type == ANONYMOUS:
        return deny(
            Reason.CREDENTIAL_MISSING,
            status=challenge_status(walk),
            found="no credential, and no such route",
            needs="a credential: `errors.conceal` keeps the routes from who has none",
            where=segment.where,
            segment=segment.name,
            hints=Hints(schemes=schemes(walk, (segment.authn,))),
        )
    return refuse_route(walk, (segment,))
