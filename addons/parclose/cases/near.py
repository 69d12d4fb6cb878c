"""Routes that a refused request nearly took: a 404 or 405 is otherwise baffling."""

from __future__ import annotations

from parclose.cases.callers import read_line
from parclose.policy.model import Policy
from parclose.policy.segment import Route, Segment
from parclose.reasons import Reason
from parclose.verdict import Verdict

SHOWN = 3
UNROUTED = (Reason.NO_ROUTE, Reason.METHOD_NOT_ALLOWED)


def near_misses(policy: Policy, verdict: Verdict, method: str, url: str) -> tuple[str, ...]:
    """Return for each near miss the route, where it is written, and what it failed on; none where a route was found."""
    if verdict.allowed or verdict.reason not in UNROUTED:
        return ()
    path = tuple(read_line(method, url).target.split("/")[1:])
    path = path[:-1] if path and path[-1] == "" else path
    segments = [policy.segments[verdict.segment]] if verdict.segment in policy.segments else policy.segments.values()
    found = dict.fromkeys(miss for segment in segments for miss in _of(segment, path, method))
    return tuple(found)[:SHOWN]


def _of(segment: Segment, path: tuple[str, ...], method: str) -> list[str]:
    """Return the near misses of one segment, those that fail on a type first."""
    typed = [_words(route, why) for route in segment.route_list if (why := _mistyped(route, path, method))]
    other = [
        _words(route, "matches, other method")
        for route in segment.route_list
        if method not in route.methods and route.path.matches(path)
    ]
    return typed + other


def _mistyped(route: Route, path: tuple[str, ...], method: str) -> str:
    """Return which parameters have a value of another type, where that is all that is wrong."""
    wrong = (route.path.misfits(path) if method in route.methods else None) or ()
    return ", ".join(f"{value!a} is not `{part}`" for part, value in wrong)


def _words(route: Route, why: str) -> str:
    """Return one near miss as a line."""
    return f"{route.key}    {route.where}    {why}"
