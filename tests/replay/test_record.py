"""What a record says of itself."""

from __future__ import annotations

from dataclasses import replace

from parclose.replay.record import Record
from parclose.testing import facts


def test_a_record_is_complete_when_nothing_is_missing() -> None:
    """Kept answers and no doubt; either alone is not enough."""
    whole = Record(facts=facts(), source="f:1")
    assert whole.is_complete
    assert not replace(whole, doubt="the credential").is_complete
    assert not replace(whole, facts=facts(kept=None)).is_complete
