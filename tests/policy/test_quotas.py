"""Calendar quotas: how they are written, and where their periods begin and end, clock changes included."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.errors import ScalarError
from parclose.policy.quotas import Quota, period, quota, time_zone

ZONES = [
    "UTC",
    "Europe/Oslo",
    "America/St_Johns",
    "America/Sao_Paulo",
    "Africa/Cairo",
    "Asia/Kathmandu",
    "Pacific/Apia",
]


@pytest.mark.parametrize(
    ("text", "count", "unit"), [("1/day", 1, "day"), ("2000/day", 2000, "day"), ("50000/month", 50_000, "month")]
)
def test_a_quota_is_units_and_a_period(text: str, count: int, unit: str) -> None:
    """It is shown as it was written."""
    assert quota(text) == Quota(count=count, unit=unit)
    assert str(quota(text)) == text


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("0/day", "write at least 1, or remove the route or segment"),
        ("100/h", "a window that is no calendar day or month is a rate: `rate: 100/h`"),
        ("100/10min", "a window that is no calendar day or month is a rate: `rate: 100/10min`"),
        ("100/d", "write `100/day`"),
        ("100 per days", "write `100/day`"),
        ("100/months", "write `100/month`"),
        ("100", "say the period: `100/day` or `100/month`"),
        ("100/year", "write units and period, such as `2000/day` or `50000/month`"),
        ("many", "write units and period, such as `2000/day` or `50000/month`"),
    ],
)
def test_what_is_no_quota_is_told_what_to_write(text: str, fix: str) -> None:
    """Each slip has its own fix."""
    with pytest.raises(ScalarError) as slip:
        quota(text)
    assert slip.value.fix == fix


@pytest.mark.parametrize("name", ZONES)
def test_time_zones_are_those_of_the_database(name: str) -> None:
    """Any place of the IANA database."""
    assert time_zone(name) == name


@pytest.mark.parametrize(
    ("name", "fix"),
    [
        ("Europe/Olso", "did you mean `Europe/Oslo`?"),
        ("localtime", "write `UTC` or a place, such as `Europe/Oslo`"),
        ("../../etc/passwd", "write `UTC` or a place, such as `Europe/Oslo`"),
        ("Europe", "did you mean `Europe/Rome`?"),
        ("Central European Summer", "write `UTC` or a place, such as `Europe/Oslo`"),
    ],
)
def test_what_is_no_time_zone(name: str, fix: str) -> None:
    """Neither a slip, nor what depends on this machine, nor a path."""
    with pytest.raises(ScalarError) as slip:
        time_zone(name)
    assert (str(slip.value.message), slip.value.fix) == (f"`{name}` is no time zone", fix)


def local(text: str, tz: str, fold: int = 0) -> int:
    """Return the epoch seconds of a local time."""
    return int(datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(tz), fold=fold).timestamp())


@pytest.mark.parametrize(
    ("at", "unit", "tz", "begins", "hours"),
    [
        ("2026-06-01T12:00", "day", "UTC", "2026-06-01T00:00", 24),
        ("2026-06-01T00:00", "day", "Europe/Oslo", "2026-06-01T00:00", 24),
        ("2026-05-31T23:59:59", "day", "Europe/Oslo", "2026-05-31T00:00", 24),
        ("2026-03-29T12:00", "day", "Europe/Oslo", "2026-03-29T00:00", 23),
        ("2026-10-25T12:00", "day", "Europe/Oslo", "2026-10-25T00:00", 25),
        # Cairo springs forward at midnight: its day begins at one o'clock.
        ("2026-04-24T12:00", "day", "Africa/Cairo", "2026-04-24T01:00", 23),
        ("2026-02-28T23:59", "month", "UTC", "2026-02-01T00:00", 28 * 24),
        ("2028-02-29T12:00", "month", "UTC", "2028-02-01T00:00", 29 * 24),
        ("2026-12-31T23:59", "month", "UTC", "2026-12-01T00:00", 31 * 24),
        ("2026-03-31T12:00", "month", "Europe/Oslo", "2026-03-01T00:00", 31 * 24 - 1),
        ("2026-10-01T00:00", "month", "Europe/Oslo", "2026-10-01T00:00", 31 * 24 + 1),
    ],
)
def test_periods_are_those_of_the_calendar_on_the_wall(at: str, unit: str, tz: str, begins: str, hours: int) -> None:
    """Days of 23 and 25 hours, leap days, ends of months and of the year."""
    first = local(begins, tz)
    assert period(local(at, tz), unit, tz) == (first, first + hours * 3600)


@given(st.integers(0, int(datetime(2037, 1, 1, tzinfo=UTC).timestamp())), st.sampled_from(ZONES), st.booleans())
def test_periods_leave_no_gap_and_do_not_overlap(at: int, tz: str, is_month: bool) -> None:
    """Every instant is in exactly one period, whichever instant of it one asks for."""
    unit = "month" if is_month else "day"
    begins, ends = period(at, unit, tz)
    assert begins <= at < ends
    assert period(begins, unit, tz) == period(ends - 1, unit, tz) == (begins, ends)
    assert period(ends, unit, tz)[0] == ends
