"""Limits that differ: named by counter, shown by the first request that one policy refuses."""

from __future__ import annotations

import pytest

from parclose.analysis.pace import limit_differences
from tests.analysis.kit import policy

STEADY = "limits: {steady: {key: subject, rate: 5/s, burst: 10}}\n  partners"


@pytest.mark.parametrize(
    ("after", "name", "what", "witness"),
    [
        ("rate: 5/s, burst: 6", "back/steady", "5/s, burst 10 -> 5/s, burst 6", "request 7: "),
        ("rate: 5/s, burst: 11", "back/steady", "5/s, burst 10 -> 5/s, burst 11", "request 11: "),
        ("quota: 4/day", "back/steady", "5/s, burst 10 -> 4/day", "request 5: "),
        # The rate alone is not seen by requests at once.
        ("rate: 6/s, burst: 10", "back/steady", "5/s, burst 10 -> 6/s, burst 10", ""),
        ("rate: 5/s, burst: 10", "", "", ""),
    ],
)
def test_another_figure(after: str, name: str, what: str, witness: str) -> None:
    """The same counter with another figure."""
    text = f"limits: {{steady: {{key: subject, {after}}}}}\n  partners"
    found = [
        (each.segments[0], each.what, each.witness) for each in limit_differences(policy(), policy((STEADY, text)))
    ]
    assert [(one, two) for one, two, _ in found] == ([(name, what)] if name else [])
    assert all(said.startswith(witness) and bool(said) == bool(witness) for _, _, said in found)


def test_a_limit_that_comes_or_goes() -> None:
    """Against none, every request beyond the allowance shows it."""
    without = policy((STEADY, "max_body: 1MiB\n  partners"))
    (gone,) = limit_differences(policy(), without)
    assert (gone.what, gone.before, gone.after) == ("5/s per subject, burst 10 -> (none)", "429 rate_limited", "allow")
    (come,) = limit_differences(without, policy())
    assert (come.before, come.after) == ("allow", "429 rate_limited")


def test_a_quota_is_reached_at_the_pace_of_the_other_limits() -> None:
    """Requests come as far apart as the other rates let them."""
    texts = [
        f"limits: {{slow: {{key: subject, rate: 1/s, burst: 1}}, day: {{key: subject, quota: {n}/day}}}}"
        for n in (9, 7)
    ]
    old, new = (
        policy((STEADY, f"{text}\n  partners"), ("{scopes: orders:write, cost: 2}", "orders:write")) for text in texts
    )
    (found,) = limit_differences(old, new)
    assert (found.what, found.witness[:10], found.after) == ("9/day -> 7/day", "request 8:", "429 quota_exhausted")
