"""Which routes a policy's tests have reached: on the side that is allowed, and on the side that is refused."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from parclose.policy.model import Policy
from parclose.verdict import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentCoverage:
    """One segment: how many routes it has, which were reached, and why a side is empty.

    `refusable` counts the routes that ask for something: a public one has no refused side.
    `refused_at_all`: somebody is, be it before a route was chosen.
    """

    segment: str
    routes: int
    refusable: int
    reached: frozenset[str]
    allowed: frozenset[str]
    refused: frozenset[str]
    refused_at_all: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """All segments, and the share of routes that must have a check for a policy to be taken up."""

    segments: tuple[SegmentCoverage, ...] = ()
    minimum: float = 0.0

    @property
    def routes(self) -> int:
        """How many routes there are."""
        return sum(one.routes for one in self.segments)

    @property
    def reached(self) -> int:
        """How many routes have at least one check."""
        return sum(len(one.reached) for one in self.segments)

    @property
    def share(self) -> float:
        """The share of routes with at least one check; 1 where there are none."""
        return self.reached / self.routes if self.routes else 1.0

    @property
    def enough(self) -> bool:
        """Whether the minimum is met; exactly the minimum is enough."""
        return self.share >= self.minimum


@dataclass(slots=True)
class Tally:
    """What the verdicts of all checks have touched, by (segment, route key)."""

    allowed: set[tuple[str, str]] = field(default_factory=set)
    refused: set[tuple[str, str]] = field(default_factory=set)
    refused_somewhere: set[str] = field(default_factory=set)

    def add(self, verdict: Verdict) -> None:
        """Note one verdict."""
        cell = (verdict.segment, verdict.route)
        if verdict.allowed:
            self.allowed.add(cell)
            return
        self.refused.add(cell)
        self.refused_somewhere.add(verdict.segment)

    def sum_up(self, policy: Policy, minimum: float) -> Coverage:
        """Return what is reached of the whole policy."""
        return Coverage(segments=tuple(self._segments(policy)), minimum=minimum)

    def _segments(self, policy: Policy) -> Iterable[SegmentCoverage]:
        """Yield the coverage of each segment, in the policy's order."""
        for segment in policy.segments.values():
            keys = [route.key for route in segment.route_list]
            asking = {route.key for route in segment.route_list if route.access == "caller"}
            allowed = frozenset(key for key in keys if (segment.name, key) in self.allowed)
            refused = frozenset(key for key in asking if (segment.name, key) in self.refused)
            touched = allowed | frozenset(key for key in keys if (segment.name, key) in self.refused)
            yield SegmentCoverage(
                segment=segment.name,
                routes=len(keys),
                refusable=len(asking),
                reached=touched,
                allowed=allowed,
                refused=refused,
                refused_at_all=segment.name in self.refused_somewhere,
                note=self._note(segment.name, [key for key in keys if key not in touched], bool(refused) or not asking),
            )

    def _note(self, segment: str, untouched: list[str], refused: bool) -> str:
        """Return the one thing that the tests of a segment most need, or ""."""
        if untouched:
            more = f" and {len(untouched) - 1} more" if len(untouched) > 1 else ""
            return f"{untouched[0]}{more}: no check"
        if segment not in self.refused_somewhere:
            return "nobody is refused in any test"
        return "" if refused else "refused only before a route is chosen"
