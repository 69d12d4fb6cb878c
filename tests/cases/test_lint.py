"""What is said of tests: if these fail, a policy looks tested that is not."""

from __future__ import annotations

import pytest

from parclose.cases import case_findings
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

CHECK = '"GET https://shop.example/items": allow @shop'
REFUSED = '"GET https://shop.example/orders/1": 401 credential_missing @shop'
NOWHERE = '"GET https://nowhere.example/": 404 no_segment'


def said(*checks: str, more: str = "") -> list[tuple[str, str]]:
    """Return what is said of the tests of a shop with these checks."""
    made = examined(changed((CHECK, ", ".join(checks) + more)))
    assert made.policy is not None
    assert made.desk is not None
    first = case_findings(made.policy, made.desk)
    assert first == case_findings(made.policy, made.desk)
    return [(finding.id, finding.found) for finding in first if not finding.allowed]


@pytest.mark.parametrize(
    ("checks", "expected"),
    [
        ((CHECK, REFUSED), []),
        ((CHECK,), [("TST003", "shop")]),
        ((REFUSED,), [("TST003", "shop")]),
        ((NOWHERE,), [("TST003", "shop"), ("TST005", "404 no_segment")]),
        ((CHECK, REFUSED, NOWHERE), [("TST005", "404 no_segment")]),
    ],
)
def test_what_is_proven_of_each_segment(checks: tuple[str, ...], expected: list[tuple[str, str]]) -> None:
    """One check on each side, and none that would hold without any segment."""
    assert said(*checks) == expected


@pytest.mark.parametrize(
    ("least", "checks", "expected"),
    [
        ("50%", (CHECK,), []),
        ("51%", (CHECK,), ["1 of 2 routes have a check, 50% of them"]),
        ("100%", (CHECK, REFUSED), []),
        ("0%", (CHECK,), []),
    ],
)
def test_the_gate_is_told_before_a_reload_meets_it(least: str, checks: tuple[str, ...], expected: list[str]) -> None:
    """Exactly the share that is asked for is enough; the finding stands where the share is written."""
    gate = ("settings:\n", f"settings:\n  reload: {{min_coverage: {least}}}\n")
    made = examined(changed((CHECK, ", ".join(checks)), gate))
    assert made.policy is not None
    assert made.desk is not None
    found = [each for each in case_findings(made.policy, made.desk) if each.id == "TST004"]
    assert [each.message for each in found] == expected
    assert all(each.blocks and each.line == 4 and "`shop`" in each.fix for each in found)


def test_a_comment_allows_it() -> None:
    """A test that nobody answers elsewhere is right for who says why."""
    allowed = f"{NOWHERE}  # parclose: allow TST005 because old host"
    text = changed((f"checks: {{{CHECK}}}", f"checks:\n      {CHECK}\n      {REFUSED}\n      {allowed}"))
    made = examined(text)
    assert made.policy is not None
    assert made.desk is not None
    (finding,) = case_findings(made.policy, made.desk)
    assert finding.allowed == "old host"
