"""Which segment is for this caller? The first one, in the order made on load, whose audience holds."""

from __future__ import annotations

from collections.abc import Generator
from typing import cast

from parclose.policy.segment import Audience, Segment
from parclose.ports import Answer, Ask
from parclose.reasons import Reason
from parclose.stages.claims import ANONYMOUS
from parclose.stages.credential import proves
from parclose.stages.gate import ask_place
from parclose.stages.passage import NOWHERE, holds_place
from parclose.stages.refusal import challenge_status, deny, listed, schemes
from parclose.stages.walk import Asking, Walk
from parclose.verdict import ALLOW, Hints, Judgement, Principal


def judge(walk: Walk) -> Judgement | Asking:
    """Choose the segment, or refuse who is for none of them."""
    if walk.preflight:
        said = _judge_preflight(walk)
        if said is not None:
            return said
    if walk.place is None:
        for segment in _asked(walk):
            if segment.audience.geo is not None:
                return _ask_then_judge(walk)
    return _judge(walk)


def failed_facet(audience: Audience, principal: Principal, walk: Walk) -> str:
    """Return the first facet that does not hold: `client attribute role zone geo`, "" when all do."""
    if principal.client_type not in audience.clients:
        return "client"
    for name, values in audience.attributes:
        if principal.attributes.get(name) not in values:
            return "attribute"
    if audience.roles is not None and audience.roles.isdisjoint(principal.roles):
        return "role"
    if audience.zones is not None and not walk.zones & audience.zones:
        return "zone"
    if audience.geo is not None:
        place = walk.place or NOWHERE
        if not any(holds_place(geo_set, place) for geo_set in audience.geo):
            return "geo"
    return ""


def _asked(walk: Walk) -> tuple[Segment, ...]:
    """Return the segments to choose from, winners first: the whole group, and on CONNECT those past the gate."""
    return walk.group.ordered if walk.group is not None else walk.candidates


def _ask_then_judge(walk: Walk) -> Generator[Ask, Answer, Judgement]:
    """Judge with the place, since an audience turns on it."""
    yield from ask_place(walk)
    return _judge(walk)


def _judge(walk: Walk) -> Judgement:
    """Choose among the segments that stand on this surface; the rest do not count, whoever asks."""
    principal = cast("Principal", walk.principal)
    if walk.facts.connect:
        return _judge_connect(walk, principal)
    for segment in _asked(walk):
        if not failed_facet(segment.audience, principal, walk):
            walk.segment = segment
            return ALLOW
    return _refuse(walk, walk.group.segments if walk.group is not None else (), principal)


def _judge_connect(walk: Walk, principal: Principal) -> Judgement:
    """Keep the candidates that a tunnel could be for; paths and routes are asked of the requests inside it."""
    held = tuple(segment for segment in walk.candidates if not failed_facet(segment.audience, principal, walk))
    if not held:
        return _refuse(walk, walk.candidates, principal)
    # Where no candidate takes the proof, the credential stage says so for the first.
    walk.candidates = tuple(segment for segment in held if proves(segment.authn, principal, walk)) or held
    walk.segment = walk.candidates[0]
    return ALLOW


def _judge_preflight(walk: Walk) -> Judgement | None:
    """Choose for a preflight: no audience, but a candidate that has the route and lets preflights in.

    None means that it is judged as an ordinary request.

    Where some ask for authentication instead, the request is judged as the method that it asks for, with all that
    this needs. Where all refuse, the answer is 405: there are no preflights here.
    """
    having = tuple(segment for segment in walk.candidates if segment.name in walk.hits)
    for segment in having:
        if segment.preflight == "allow":
            walk.segment = segment
            return ALLOW
    if not having or any(segment.preflight == "authenticate" for segment in having):
        walk.preflight = False
        return None
    first = having[0]
    return deny(
        Reason.METHOD_NOT_ALLOWED,
        detail="preflight",
        found=f"a preflight for {walk.method}",
        needs="no preflight: the segment says `preflight: deny`",
        where=first.where,
        segment=first.name,
        hints=Hints(allow=tuple(sorted(first.routes.methods(walk.path)))),
    )


def _refuse(walk: Walk, segments: tuple[Segment, ...], principal: Principal) -> Judgement:
    """Refuse a caller whom none of `segments` is for; the first by name speaks."""
    first = segments[0]
    audience = first.audience
    if principal.client_type == ANONYMOUS:
        return deny(
            Reason.CREDENTIAL_MISSING,
            status=challenge_status(walk),
            found="no credential",
            needs=f"a credential of client type {listed(sorted(audience.clients))}",
            where=audience.where or first.where,
            segment=first.name,
            hints=Hints(schemes=schemes(walk, (segment.authn for segment in segments))),
        )
    facet = failed_facet(audience, principal, walk)
    found, needs = _facet_words(facet, audience, principal, walk)
    return deny(
        Reason.CALLER_NOT_ALLOWED,
        detail=facet,
        found=found,
        needs=needs,
        where=audience.where or first.where,
        segment=first.name,
    )


def _facet_words(facet: str, audience: Audience, principal: Principal, walk: Walk) -> tuple[str, str]:
    """Return what was found in a facet, and what it asks for."""
    if facet == "client":
        return f"client type `{principal.client_type}`", f"client type {listed(sorted(audience.clients))}"
    if facet == "attribute":
        name, values = next(pair for pair in audience.attributes if principal.attributes.get(pair[0]) not in pair[1])
        return f"{name} `{principal.attributes.get(name, 'none')}`", f"{name} {listed(sorted(values))}"
    if facet == "role":
        return f"roles {listed(sorted(principal.roles))}", f"one of roles {listed(sorted(audience.roles or ()))}"
    if facet == "zone":
        return f"{walk.client_ip or 'an unknown address'}", f"an address in {listed(audience.zone_names)}"
    place = walk.place or NOWHERE
    return (
        f"country {place.country or 'unknown'}",
        f"a country in {listed(geo_set.name for geo_set in audience.geo or ())}",
    )
