"""Reasons: a closed set, each with its status and the stage that raises it."""

from __future__ import annotations

import pytest

from parclose.engine import STAGES
from parclose.reasons import COUNTED_AS_FAILED_AUTH, Reason


@pytest.mark.parametrize("reason", Reason)
def test_a_reason_knows_its_answer(reason: Reason) -> None:
    """A reason is its own code, refuses with an error status, and names a stage that exists, or the proxy."""
    assert str(reason) == reason.value == reason.value.lower()
    assert 400 <= reason.status < 600
    assert reason.stage in {stage.name for stage in STAGES} | {"proxy"}


def test_codes_are_unique() -> None:
    """Two reasons with one code would be one answer for two causes."""
    codes = [reason.value for reason in Reason]
    assert len(codes) == len(set(codes))


def test_only_guesses_count_as_guesses() -> None:
    """An outage, a missing or an unwanted credential must never block an address."""
    assert {
        Reason.TOKEN_INVALID,
        Reason.KEY_UNKNOWN,
        Reason.KEY_EXPIRED,
        Reason.CERT_UNTRUSTED,
        Reason.PROOF_INVALID,
    } == COUNTED_AS_FAILED_AUTH


def test_an_outage_is_not_a_bad_credential() -> None:
    """What could not be decided answers 503, so that nobody throws away good credentials."""
    unavailable = [Reason.AUTHN_UNAVAILABLE, Reason.POLICY_UNAVAILABLE, Reason.AUDIT_UNAVAILABLE]
    unavailable += [Reason.NOT_READY, Reason.INTERNAL_ERROR]
    assert {reason.status for reason in unavailable} == {503}
