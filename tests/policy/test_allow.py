"""What comments allow: if these fail, a finding vanishes without a reason, or a reason is not seen."""

from __future__ import annotations

import pytest

from parclose.policy.allow import Allowance, allowances, reason_on


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("a: 1", []),
        ("a: 1  # allow SEG007 because x", []),
        ("a: 1  # parclose: allow SEG007 because it is so", [("SEG007", "it is so", 7)]),
        ("a: 1  #parclose:allow SEG007 because  it is so  ", [("SEG007", "it is so", 7)]),
        ("a: 1  # parclose: allow SEG007", [("", "", 7)]),
        ("a: 1  # parclose: allow SEG007 because", [("", "", 7)]),
        ("a: 1  # parclose: allow because it is so", [("", "", 7)]),
        ("a: 1  # parclose: allow seg007 because it is so", [("", "", 7)]),
        ("a: 1  # parclose: allowed SEG007 because it is so", []),
        (
            "a: 1 # parclose: allow SEG007 because x # parclose: allow RTE005 because y",
            [("SEG007", "x", 6), ("RTE005", "y", 41)],
        ),
    ],
)
def test_a_comment_names_a_finding_and_a_reason(line: str, expected: list[tuple[str, str, int]]) -> None:
    """Both are needed; a comment with one of them allows nothing, and a line may hold several."""
    assert allowances(line) == tuple(Allowance(*each) for each in expected)


def test_the_reason_is_that_of_the_id() -> None:
    """Another id's reason does not count."""
    line = "a: 1 # parclose: allow SEG007 because x # parclose: allow RTE005 because y"
    assert [reason_on(line, known) for known in ("SEG007", "RTE005", "NET004")] == ["x", "y", ""]
