"""Statements that hold whoever edits which file, proven over the policy in force on every load.

`never M unless F`: each cell that a request of M reaches asks, of everybody whom it lets in, all facets of F. Inside a
facet one name suffices, as in `match`; `{all: [...]}` asks for each. What is in shadow or log-only asks nothing, and
so proves nothing. Two kinds of request are not spoken of: a CORS preflight, which bears no credential and does nothing
of what it asks about (a route's network rules hold for it all the same), and the CONNECT of a tunnel, whose inside
is judged request by request. Where that inside stays unopened (`network.passthrough`), nothing can be proven of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from parclose.policy.cells import Cell, Ground
from parclose.policy.hosts import HostPattern, narrow_host
from parclose.policy.implied import Missing, Unless, missing
from parclose.policy.landing import Landing, land
from parclose.policy.model import Policy
from parclose.policy.requests import RequestPattern


@dataclass(frozen=True, slots=True, kw_only=True)
class Guardrail:
    """One statement. Either `never` is set, or `require` names fields that each segment must set.

    `only_in` holds the segments that it is about, empty for all of them.
    """

    id: str
    never: RequestPattern | None = None
    unless: Unless = field(default_factory=Unless)
    require: tuple[str, ...] = ()
    only_in: frozenset[str] = frozenset()
    where: str = ""

    def governs(self, segment: str) -> bool:
        """Whether it is about a segment."""
        return not self.only_in or segment in self.only_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A cell for which a guardrail is not proven, and the facets that are missing there.

    `landing` is a request that gets to the cell; None where none was found, and so nothing is known but that the cell
    cannot be ruled out.
    """

    guardrail: Guardrail
    cell: Cell
    missing: tuple[Missing, ...]
    landing: Landing | None


def breaches(policy: Policy, ground: Ground, guardrail: Guardrail) -> Iterator[Breach]:
    """Yield every cell for which a `never` guardrail is not proven; none means that it is."""
    if guardrail.never is None:
        return
    meetings = policy.zones.meetings()
    for touched in ground.touched(guardrail.never):
        if not guardrail.governs(touched.segment.name):
            continue
        lacks = missing(policy, touched, guardrail.unless, meetings)
        cell = ground.left(touched) if lacks else None
        if cell is not None:
            yield Breach(guardrail=guardrail, cell=cell, missing=lacks, landing=land(policy, cell))


def unopened(policy: Policy, guardrail: Guardrail) -> Iterator[tuple[str, HostPattern]]:
    """Yield segments and hosts of a guardrail for which TLS is passed on unopened: what is inside is not seen."""
    if guardrail.never is None:
        return
    for name, segment in policy.segments.items():
        for host in segment.network.passthrough if guardrail.governs(name) else ():
            if narrow_host(host, guardrail.never.host) is not None:
                yield name, host
