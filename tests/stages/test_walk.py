"""A walk starts with nothing found out."""

from __future__ import annotations

from parclose.engine import begin
from tests.stages.kit import policy, request

SHOP = """
shop:
  match: {clients: [anonymous]}
  routes: {"any /**": public}
"""


def test_a_new_walk_knows_nothing() -> None:
    """No stage may find an answer that no stage gave; two walks share nothing."""
    rules = policy(SHOP)
    one, two = begin(rules, request()), begin(rules, request())
    assert (one.segment, one.route, one.principal, one.group, one.denial, one.next_stage) == (None,) * 5 + (0,)
    one.hits["x"] = None  # type: ignore[assignment]
    one.trail.append(None)  # type: ignore[arg-type]
    one.charges.append(None)  # type: ignore[arg-type]
    assert (two.hits, two.trail, two.charges) == ({}, [], [])
