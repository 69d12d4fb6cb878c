"""The reasons that an expectation may name are those of the enum."""

from __future__ import annotations

from parclose.policy.answers import REASONS
from parclose.reasons import Reason


def test_every_reason_may_be_expected_and_no_other() -> None:
    """If this fails, a reason was added or removed in one place only."""
    assert {str(reason) for reason in Reason} == REASONS
