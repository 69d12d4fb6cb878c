"""Thresholds of alerts: as they are written, and what is none."""

from __future__ import annotations

import pytest

from parclose.policy.alerts import Outlet, SegmentAudit, Threshold, threshold
from parclose.policy.errors import ScalarError


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("20/5m", Threshold(count=20, window_s=300)),
        ("0/1s", Threshold(count=0, window_s=1)),
        ("5%/10m", Threshold(share=0.05, window_s=600)),
        ("100%/1d", Threshold(share=1.0, window_s=86_400)),
    ],
)
def test_a_threshold_is_a_number_or_a_share_in_a_window(text: str, expected: Threshold) -> None:
    """One of the two, never both."""
    assert threshold(text) == expected


@pytest.mark.parametrize(
    "text", ["20", "20/", "20/5", "/5m", "5%", "101%/5m", "-1/5m", "20/5m/1h", "20/999ms", "1.5/5m"]
)
def test_what_is_no_threshold(text: str) -> None:
    """Each is refused with what to write."""
    with pytest.raises(ScalarError) as slip:
        threshold(text)
    assert slip.value.fix


def test_what_holds_where_nothing_is_written() -> None:
    """Everything is kept whole, nothing of bodies, nothing goes out in batches."""
    kept = SegmentAudit()
    assert (kept.allow_sample, kept.durability, kept.on_failure, kept.body) == (1.0, "process", "deny", "none")
    assert (Outlet(kind="stdout").format, Outlet(kind="stdout").batch_s) == ("ocsf", 0.0)
