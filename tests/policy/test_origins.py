"""Where a value comes from is said as verdicts say places."""

from __future__ import annotations

from parclose.policy.nodes import Mark
from parclose.policy.origins import origin, removed


def test_places() -> None:
    """File and line, and through what it holds."""
    mark = Mark("policy.yaml", 127, 5)
    assert origin(mark) == "policy.yaml:127"
    assert origin(mark, "customer-facing") == "policy.yaml:127 via customer-facing"
    assert removed(mark) == "removed at policy.yaml:127"
