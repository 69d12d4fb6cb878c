"""Verdicts deny unless set."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields

import pytest

from parclose.reasons import Reason
from parclose.verdict import ALLOW, NOT_MINE, Effect, Outcome, Principal, Verdict


def test_an_unset_verdict_denies() -> None:
    """A forgotten assignment must not let anything through."""
    verdict = Verdict()
    assert not verdict.allowed
    assert (verdict.effect, verdict.reason, verdict.status) == (Effect.DENY, Reason.INTERNAL_ERROR, 503)


def test_only_allow_allows() -> None:
    """There is one way to say yes."""
    assert [effect for effect in Effect if Verdict(effect=effect).allowed] == [Effect.ALLOW]


def test_what_decisions_share_does_not_change() -> None:
    """One request must not be able to change what the next one is told."""
    with pytest.raises(FrozenInstanceError):
        ALLOW.outcome = Outcome.DENY  # type: ignore[misc]
    with pytest.raises(FrozenInstanceError):
        Principal(client_type="web").client_type = "admin"  # type: ignore[misc]


def test_a_principal_starts_with_nothing() -> None:
    """Whoever is not shown to hold something does not hold it."""
    principal = Principal(client_type="unrecognized")
    assert [
        field.name for field in fields(Principal) if field.name != "client_type" and getattr(principal, field.name)
    ] == []


def test_three_answers() -> None:
    """A stage goes on, refuses, or passes; the two shared judgements never refuse."""
    assert {ALLOW.outcome, NOT_MINE.outcome} == set(Outcome) - {Outcome.DENY}
