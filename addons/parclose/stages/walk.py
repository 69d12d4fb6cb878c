"""A walk: what the stages of one decision have found out so far."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from parclose.facts import Facts, Place, Proof
from parclose.policy.model import Policy
from parclose.policy.segment import Route, Segment
from parclose.policy.surface import Group, RouteHit
from parclose.ports import Answer, Ask, Hit
from parclose.verdict import Charged, Judgement, Principal, Reading, Step

# What a stage may be: a plain function that judges at once, or a generator that asks first.
type Asking = Generator[Ask, Answer, Judgement]


@dataclass(slots=True, kw_only=True)
class Walk:
    """One request under one policy, on its way through the stages. Each field is written by the stage named."""

    policy: Policy
    facts: Facts
    # canonical: decoded once, for matching; `target` is what is forwarded, query excluded
    path: tuple[str, ...] = ()
    target: str = ""
    method: str = ""  # the method that is judged: that of the preflight where there is one
    preflight: bool = False
    # client
    address: IPv4Address | IPv6Address | None = None
    client_ip: str = ""
    zones: int = 0
    place: Place | None = None  # asked for once, by whichever stage first needs it
    # surface: all segments of the best surface, by name
    group: Group | None = None
    candidates: tuple[Segment, ...] = ()
    published: bool = False  # the proxy itself answers, with the document of a resource
    # route: the route each candidate would take
    hits: dict[str, RouteHit] = field(default_factory=dict)
    # admission: the places of credentials that were in the cache when it asked
    known: tuple[int, ...] = ()
    # authn
    proofs: list[Proof | None] = field(default_factory=list)
    principal: Principal | None = None
    # audience, network: INVARIANT: set together, and only once
    segment: Segment | None = None
    route: Route | None = None
    params: tuple[tuple[str, str], ...] = ()
    # destination: what was approved; and all that the name stood for, kept for replay, None where it was not asked
    addresses: tuple[str, ...] = ()
    resolved: tuple[str, ...] | None = None
    # admission, authn, rate
    readings: tuple[Reading, ...] = ()
    charges: list[Charged] = field(default_factory=list)
    slots: tuple[Hit, ...] = ()  # rate: concurrency slots that are held until whoever drives the walk gives them back
    # engine
    next_stage: int = 0
    trail: list[Step] = field(default_factory=list)
    denial: Step | None = None
