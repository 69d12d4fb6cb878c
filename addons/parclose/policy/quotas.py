"""Calendar quotas: how they are written, and in which period of which time zone an instant lies.

A period begins with the first instant of a local day (or of the first day of a month) and ends before the first instant
of the next: a day on which clocks change has 23 or 25 hours, and nobody gets more or less for it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from parclose.policy.errors import ScalarError, nearest

DAY, MONTH = "day", "month"
# What a period is taken for where no instant is known, as when two limits are compared: a month is at least this long.
NOMINAL_S = {DAY: 86_400, MONTH: 28 * 86_400}

# Whatever this machine is set to: no two proxies would count the same day.
_MACHINES_OWN = "localtime"

_QUOTA = re.compile(r"([0-9]{1,12})/(day|month)")
_LOOSE = re.compile(r"([0-9]+) ?(?:/|per) ?([0-9]*) ?([a-z]*)")
_WORDS = {"d": DAY, "days": DAY, "24h": DAY, "daily": DAY, "m": MONTH, "mon": MONTH, "months": MONTH, "mo": MONTH}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """`count` units, at least 1, in each calendar `unit`: `day` or `month`."""

    count: int
    unit: str

    def __str__(self) -> str:
        """Return the quota as a policy writes it."""
        return f"{self.count}/{self.unit}"


def quota(text: str) -> Quota:
    """Return the quota that `text` says: `N/day` or `N/month`."""
    match = _QUOTA.fullmatch(text)
    if not match:
        raise ScalarError(f"`{text}` is no quota", fix=_fix(text), expected="`N/day` or `N/month`")
    if int(match[1]) < 1:
        raise ScalarError(f"`{text}` lets nothing through", fix="write at least 1, or remove the route or segment")
    return Quota(count=int(match[1]), unit=match[2])


def _fix(text: str) -> str:
    match = _LOOSE.fullmatch(text)
    if match and match[3] in {"s", "min", "h"}:
        return f"a window that is no calendar day or month is a rate: `rate: {match[1]}/{match[2]}{match[3]}`"
    if match and not match[2] and match[3] in _WORDS:
        return f"write `{match[1]}/{_WORDS[match[3]]}`"
    if text.isascii() and text.isdigit():
        return f"say the period: `{text}/day` or `{text}/month`"
    return "write units and period, such as `2000/day` or `50000/month`"


def time_zone(text: str) -> str:
    """Return `text` when it names a time zone of the IANA database, such as `Europe/Oslo`."""
    if _zone(text) is not None:
        return text
    close = nearest(text, sorted(available_timezones() - {_MACHINES_OWN}))
    fix = f"did you mean `{close}`?" if close else "write `UTC` or a place, such as `Europe/Oslo`"
    raise ScalarError(f"`{text}` is no time zone", fix=fix, expected="a name of the IANA time zone database")


def _zone(text: str) -> ZoneInfo | None:
    if text == _MACHINES_OWN:
        return None
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def period(at: float, unit: str, tz: str) -> tuple[int, int]:
    """Return the epoch seconds with which the period of `at` begins (belongs to it) and ends (does not)."""
    zone = ZoneInfo(tz)
    day = datetime.fromtimestamp(at, zone).date()
    first = day.replace(day=1) if unit == MONTH else day
    after = (first + timedelta(days=31)).replace(day=1) if unit == MONTH else first + timedelta(days=1)
    return _begins(first, zone), _begins(after, zone)


def _begins(day: date, zone: ZoneInfo) -> int:
    """Return the first instant of a local day, also where its midnight is skipped or comes twice."""
    # `fold` 0 means the first of two midnights, and for a skipped one the instant at which the clocks jump over it.
    return int(datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
