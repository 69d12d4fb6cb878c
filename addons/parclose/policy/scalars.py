"""Text of one value to what it means, by the type of the field that holds it; never by the guesses of YAML.

Each function takes the raw text and returns the value, or raises `ScalarError` with what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime

from parclose.policy.addresses import Prefix, country, prefix
from parclose.policy.errors import ScalarError, nearest, unmistakable
from parclose.policy.hosts import HostPattern
from parclose.policy.methods import MethodSet
from parclose.policy.paths import PathPattern

__all__ = [
    "HostPattern",
    "MethodSet",
    "PathPattern",
    "Prefix",
    "Rate",
    "boolean",
    "choice",
    "country",
    "duration",
    "instant",
    "integer",
    "name",
    "prefix",
    "rate",
    "scope_name",
    "share",
    "size",
]

_UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}
_DURATION = re.compile(r"([0-9]{1,12})(ms|s|m|h|d)")
_RATE_UNITS_S = {"s": 1, "min": 60, "h": 3_600}
_RATE = re.compile(r"([0-9]{1,12})/([0-9]{0,6})(s|min|h)")
_SIZE = re.compile(r"([0-9]{1,12})(B|KiB|MiB|GiB)")
_SIZES = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_NAME = re.compile(r"[a-z][a-z0-9-]{0,127}")
# RFC 6749 section 3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")
LONGEST_S = 3650 * 86_400  # ten years: whatever is longer is a slip of a unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`count` hits in each window of `period_s` seconds; both are at least 1."""

    count: int
    period_s: int

    @property
    def period_ns(self) -> int:
        """The window in nanoseconds."""
        return self.period_s * 1_000_000_000

    def __str__(self) -> str:
        """Return the rate as a policy writes it."""
        for unit, seconds in (("h", 3_600), ("min", 60), ("s", 1)):
            if self.period_s % seconds == 0:
                multiple = self.period_s // seconds
                return f"{self.count}/{'' if multiple == 1 else multiple}{unit}"
        raise AssertionError


def duration(text: str) -> float:
    """Return the seconds that `text` says (`250ms 30s 5m 1h 7d`); 0 and more, ten years at most."""
    match = _DURATION.fullmatch(text)
    if not match:
        raise ScalarError(
            f"`{text}` is no duration", fix=_duration_fix(text), expected="a number with ms, s, m, h or d"
        )
    seconds = int(match[1]) * _UNITS_MS[match[2]] / 1000
    if seconds > LONGEST_S:
        raise ScalarError(f"`{text}` is longer than ten years", fix="write `3650d` or less")
    return seconds


def _duration_fix(text: str) -> str:
    if text.isascii() and text.isdigit():
        return f"say the unit: `{text}s` or `{text}ms`"
    match = re.fullmatch(r"([0-9]+) ?(sec|secs|seconds?|min|mins|minutes?|hours?|hrs?|days?|weeks?|w)", text)
    if match:
        number, word = int(match[1]), match[2]
        return f"write `{number * 7}d`" if word[0] == "w" else f"write `{number}{word[0]}`"
    return "write a whole number and a unit, such as `250ms`, `30s`, `5m`, `1h` or `7d`"


def rate(text: str) -> Rate:
    """Return the rate that `text` says: `N/s`, `N/min`, `N/h`, or with a multiple, `N/10s`."""
    match = _RATE.fullmatch(text)
    if not match:
        raise ScalarError(f"`{text}` is no rate", fix=_rate_fix(text), expected="`N/s`, `N/min`, `N/h` or `N/10s`")
    count, multiple = int(match[1]), int(match[2]) if match[2] else 1
    if count < 1 or multiple < 1:
        raise ScalarError(f"`{text}` lets nothing through", fix="write at least `1/h`, or remove the route or segment")
    found = Rate(count=count, period_s=multiple * _RATE_UNITS_S[match[3]])
    # A unit must cost at least a nanosecond, or the counter would not move.
    if found.period_ns < count:
        raise ScalarError(f"`{text}` is faster than a counter can tell", fix="write a lower rate, or no limit")
    if found.period_s > LONGEST_S:
        raise ScalarError(f"`{text}` has a window of more than ten years", fix="write a shorter window")
    return found


def _rate_fix(text: str) -> str:
    match = re.fullmatch(r"([0-9]+) ?(?:/|per) ?([0-9]*) ?([a-z]+)", text)
    if match:
        for unit, words in {"s": "sec second seconds", "min": "m mn minute minutes", "h": "hr hour hours"}.items():
            if match[3] in words.split():
                return f"write `{match[1]}/{match[2]}{unit}`"
        if match[3] in {"d", "day", "days", "month", "months"}:
            return f"a day is a quota: `quota: {match[1]}/day`; the longest rate unit is `h`"
    if text.isascii() and text.isdigit():
        return f"say the window: `{text}/s`, `{text}/min` or `{text}/h`"
    return "write hits and window, such as `5/s`, `100/min`, `1000/h` or `20/10s`"


def size(text: str) -> int:
    """Return the bytes that `text` says (`512B 64KiB 100MiB 1GiB`)."""
    match = _SIZE.fullmatch(text)
    if match:
        return int(match[1]) * _SIZES[match[2]]
    loose = re.fullmatch(r"([0-9]+) ?([kmg]?)i?b?", text, re.IGNORECASE)
    fix = "write a whole number and a unit, such as `64KiB` or `100MiB`"
    if loose:
        fix = f"write `{loose[1]}{loose[2].upper() + 'i' if loose[2] else ''}B`"
    raise ScalarError(f"`{text}` is no size", fix=fix, expected="a number with B, KiB, MiB or GiB")


def share(text: str) -> float:
    """Return the share that `text` says (`2%` is 0.02), from 0 to 1, both included."""
    match = _SHARE.fullmatch(text)
    if match and float(match[1]) <= 100:
        return float(match[1]) / 100
    fix = "write a percentage from `0%` to `100%`"
    if re.fullmatch(r"0?\.[0-9]{1,6}|[01]", text):
        fix = f"write `{float(text) * 100:g}%`"
    elif re.fullmatch(r"[0-9]{1,2}", text):
        fix = f"write `{text}%`"
    raise ScalarError(f"`{text}` is no share", fix=fix, expected="a percentage")


def integer(text: str, *, least: int = 0, most: int = 2**53) -> int:
    """Return the whole number that `text` says, from `least` to `most`, both included."""
    if re.fullmatch(r"-?[0-9]{1,18}", text) and least <= int(text) <= most:
        return int(text)
    raise ScalarError(
        f"`{text}` is no whole number from {least} to {most}", fix="write decimal digits only", expected="a number"
    )


def boolean(text: str) -> bool:
    """Return what `true` or `false` says; nothing else is either."""
    if text in {"true", "false"}:
        return text == "true"
    meant = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(text.lower(), "")
    fix = f"write `{meant}`" if meant else "write `true` or `false`"
    raise ScalarError(f"`{text}` is neither `true` nor `false`", fix=fix, expected="true or false")


def name(text: str) -> str:
    """Return `text` when it is a name: a lower-case letter, then lower-case letters, digits and hyphens."""
    if _NAME.fullmatch(text):
        return text
    meant = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    fix = f"write `{meant}`" if _NAME.fullmatch(meant) else "begin with a letter; then letters, digits and hyphens"
    raise ScalarError(f"`{text}` is no name", fix=fix, expected="[a-z][a-z0-9-]*")


def scope_name(text: str) -> str:
    """Return `text` when it can be a scope or role: printable ASCII without blank, quote and backslash.

    Source: RFC 6749 section 3.3, scope-token.
    """
    if _SCOPE.fullmatch(text):
        return text
    fix = "several scopes are a list under `all` or `any`" if " " in text.strip() else "use letters, digits and :._-"
    raise ScalarError(f"`{text}` cannot be a scope or role", fix=fix, expected="an RFC 6749 scope token")


def choice(text: str, known: tuple[str, ...]) -> str:
    """Return `text` when it is one of `known`."""
    if text in known:
        return text
    close = nearest(text, known)
    listed = ", ".join(f"`{item}`" for item in known)
    fix = f"did you mean `{close}`?" if close else f"write one of {listed}"
    raise ScalarError(f"`{text}` is not one of {listed}", fix=fix, expected=listed, meant=unmistakable(text, known))


def instant(text: str) -> float:
    """Return the epoch seconds of a date or timestamp; a plain date is its first instant in UTC.

    What holds `until` or `expires` such an instant holds before it, and no longer at it.
    """
    try:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            day = date.fromisoformat(text)
            return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9:.]{5,15}(Z|[+-][0-9]{2}:[0-9]{2})", text):
            return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError):
        pass
    raise ScalarError(
        f"`{text}` is no date", fix="write `2027-01-31` or `2027-01-31T12:00:00Z`", expected="a date or timestamp"
    )
