"""What is said of routes that nobody uses: if these fail, what is in use is removed, or what is dead stays open."""

from __future__ import annotations

import pytest

from parclose.analysis.usage import DAY_S, Usage, usage_findings, usage_of
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

END = 100 * DAY_S


def said(last: dict[tuple[str, str], float], days: int = 30, since: float = 0.0, text: str = "") -> list[str]:
    """Return the sentences about the shop's routes, allowed ones left out."""
    made = examined(text or changed())
    assert made.policy is not None
    assert made.desk is not None
    usage = Usage(last=last, since=since, until=END)
    first = usage_findings(made.policy, made.desk, usage, days)
    assert first == usage_findings(made.policy, made.desk, usage, days)
    return [finding.message for finding in first if not finding.allowed]


def routes() -> list[tuple[str, str]]:
    """Return the routes of the shop by segment and key."""
    made = examined(changed())
    assert made.policy is not None
    return [(segment.name, route.key) for segment in made.policy.segments.values() for route in segment.route_list]


def test_each_unused_route_is_named_once() -> None:
    """With the segment, the days, and what to do."""
    wanted = [f"`{key}` of segment `{segment}`: no recorded request in 30 days" for segment, key in routes()]
    assert sorted(said({})) == sorted(wanted)


@pytest.mark.parametrize(("ago_days", "unused"), [(0.0, False), (29.9, False), (30.0, False), (30.1, True)])
def test_the_boundary_counts_as_used(ago_days: float, unused: bool) -> None:
    """Exactly so many days ago is not too long ago."""
    everything = dict.fromkeys(routes(), END - ago_days * DAY_S)
    assert (said(everything) != []) == unused


def test_one_route_in_use_is_not_named() -> None:
    """The others are."""
    used, *others = routes()
    assert len(said({used: END})) == len(others)


@pytest.mark.parametrize(("since", "says"), [(END - 30 * DAY_S, True), (END - 30 * DAY_S + 1, False)])
def test_too_short_a_time_says_nothing(since: float, says: bool) -> None:
    """Recordings of a week prove nothing about a month."""
    assert (said({}, since=since) != []) == says


def test_a_route_on_trial_is_left_alone() -> None:
    """Nothing can reach it yet."""
    assert said({}, text=changed(("  shop:\n", "  shop:\n    mode: shadow\n"), ("allow @shop", "404 no_segment"))) == []


def test_a_comment_allows_it() -> None:
    """A route for emergencies is right for who says why."""
    lines = changed().splitlines()
    _, key = routes()[0]
    place = next(number for number, line in enumerate(lines) if key in line)
    lines[place] += "  # parclose: allow RTE011 because of fire drills"
    assert len(said({}, text="\n".join(lines))) == len(routes()) - 1


def test_usage_is_made_of_instants() -> None:
    """The last one counts for each route; the first and last of all bound the time, whatever the order."""
    made = usage_of([(5.0, "a", "x"), (2.0, "a", "x"), (9.0, "", ""), (3.0, "b", "y")])
    assert (made.last["a", "x"], made.last["b", "y"]) == (5.0, 3.0)
    assert (made.since, made.until) == (2.0, 9.0)
    assert usage_of([]) == Usage()
