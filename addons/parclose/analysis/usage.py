"""Routes that nobody uses (RTE011): what recorded requests reach under a policy, held against its routes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from parclose.policy.desk import Desk
from parclose.policy.errors import Finding
from parclose.policy.lint.bench import Bench
from parclose.policy.lint.cited import lines
from parclose.policy.model import Policy

ID: Final = "RTE011"
DAY_S: Final = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Usage:
    """When each route was last reached, and over what time that was looked at; instants are epoch seconds.

    `last` is by segment and route key. A request that was refused at a route has reached it too: somebody asks for it.
    """

    last: Mapping[tuple[str, str], float] = field(default_factory=dict)
    since: float = 0.0
    until: float = 0.0

    def covers(self, days: int) -> bool:
        """Whether the time looked at is at least so long: of a shorter one nothing can be said."""
        return self.until - self.since >= days * DAY_S


def usage_of(reached: Iterable[tuple[float, str, str]]) -> Usage:
    """Return the usage that requests make up: instant, segment and route key of each, the latter "" where none was."""
    last: dict[tuple[str, str], float] = {}
    instants: list[float] = []
    for at, segment, route in reached:
        instants.append(at)
        last[segment, route] = max(at, last.get((segment, route), at))
    if not instants:
        return Usage()
    return Usage(last=last, since=min(instants), until=max(instants))


def usage_findings(policy: Policy, desk: Desk, usage: Usage, days: int) -> tuple[Finding, ...]:
    """Return RTE011 for routes in force that were last reached more than `days` before the end of the usage.

    Exactly `days` ago is not yet too long ago. Where the usage does not cover so many days, nothing is said.
    """
    if not usage.covers(days):
        return ()
    source, from_then = desk.source, usage.until - days * DAY_S
    known = len(source.findings)
    for line in lines(Bench(desk=desk, policy=policy), lambda route: route.mode == "enforce"):
        last = usage.last.get((line.segment.name, line.route.key))
        if last is None or last < from_then:
            desk.report(
                ID, line.key.mark, text=line.key,
                message=f"`{line.key}` of segment `{line.segment.name}`: no recorded request in {days} days",
                fix="remove the route; if it is kept on purpose, write `# parclose: allow RTE011 because ...`",
            )  # fmt: skip
    found = tuple(finding for finding in source.placed() if finding.id == ID)
    del source.findings[known:]  # asked again, it says the same again
    return found
