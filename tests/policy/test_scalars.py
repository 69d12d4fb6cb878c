"""Scalars: text to value by the type of the field, and what to write instead of what cannot be read."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy import scalars
from parclose.policy.errors import ScalarError
from parclose.policy.scalars import Rate


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0s", 0.0),
        ("250ms", 0.25),
        ("30s", 30.0),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("7d", 604800.0),
        ("3650d", 315360000.0),
    ],
)
def test_durations(text: str, seconds: float) -> None:
    """Each unit, the least and the longest."""
    assert scalars.duration(text) == seconds


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("30", "say the unit: `30s` or `30ms`"),
        ("5min", "write `5m`"),
        ("2 weeks", "write `14d`"),
        ("1 hour", "write `1h`"),
        ("3651d", "write `3650d` or less"),
        ("315360001s", "write `3650d` or less"),
        ("1000000000000000s", "write a whole number and a unit, such as `250ms`, `30s`, `5m`, `1h` or `7d`"),
        ("1.5s", "write a whole number and a unit, such as `250ms`, `30s`, `5m`, `1h` or `7d`"),
        ("", "write a whole number and a unit, such as `250ms`, `30s`, `5m`, `1h` or `7d`"),
        ("-1s", "write a whole number and a unit, such as `250ms`, `30s`, `5m`, `1h` or `7d`"),
    ],
)
def test_durations_that_are_none(text: str, fix: str) -> None:
    """Each slip says what to write."""
    assert refused(scalars.duration, text).fix == fix


def refused(parse: Callable[[str], object], text: str) -> ScalarError:
    """Return the error of a text that must not be read."""
    with pytest.raises(ScalarError) as caught:
        parse(text)
    return caught.value


@pytest.mark.parametrize(
    ("text", "count", "period_s"),
    [
        ("1/h", 1, 3600),
        ("5/s", 5, 1),
        ("120/min", 120, 60),
        ("20/10s", 20, 10),
        ("3/2min", 3, 120),
        ("1000000000/s", 10**9, 1),
        ("999999999/s", 10**9 - 1, 1),
        ("1/87599h", 1, 87599 * 3600),
        ("1/87600h", 1, 87600 * 3600),
    ],
)
def test_rates(text: str, count: int, period_s: int) -> None:
    """Each unit and a multiple; a billion a second is the fastest that a counter of nanoseconds can tell."""
    assert scalars.rate(text) == Rate(count=count, period_s=period_s)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("5/sec", "write `5/s`"),
        ("5/m", "write `5/min`"),
        ("5 per minute", "write `5/min`"),
        ("5", "say the window: `5/s`, `5/min` or `5/h`"),
        ("0/s", "write at least `1/h`, or remove the route or segment"),
        ("5/0s", "write at least `1/h`, or remove the route or segment"),
        ("100/day", "a day is a quota: `quota: 100/day`; the longest rate unit is `h`"),
        ("1000000001/s", "write a lower rate, or no limit"),
        ("1/87601h", "write a shorter window"),
        ("1.5/s", "write hits and window, such as `5/s`, `100/min`, `1000/h` or `20/10s`"),
    ],
)
def test_rates_that_are_none(text: str, fix: str) -> None:
    """Each slip says what to write."""
    assert refused(scalars.rate, text).fix == fix


@given(st.integers(1, 10**9), st.integers(1, 999), st.sampled_from([1, 60, 3600]))
def test_rates_round_trip(count: int, multiple: int, unit: int) -> None:
    """A rate printed and read again is the same rate."""
    rate = Rate(count=count, period_s=multiple * unit)
    assert scalars.rate(str(rate)) == rate


@pytest.mark.parametrize(
    ("text", "size"), [("0B", 0), ("512B", 512), ("64KiB", 65536), ("100MiB", 104857600), ("1GiB", 1 << 30)]
)
def test_sizes(text: str, size: int) -> None:
    """Each unit is a power of two."""
    assert scalars.size(text) == size


@pytest.mark.parametrize(("text", "fix"), [("10MB", "write `10MiB`"), ("64k", "write `64KiB`"), ("5", "write `5B`")])
def test_sizes_that_are_none(text: str, fix: str) -> None:
    """Decimal units and bare numbers are refused with what was meant."""
    assert refused(scalars.size, text).fix == fix


@pytest.mark.parametrize(("text", "share"), [("0%", 0.0), ("2%", 0.02), ("0.5%", 0.005), ("100%", 1.0)])
def test_shares(text: str, share: float) -> None:
    """From nothing to all, both included."""
    assert scalars.share(text) == share


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("0.1", "write `10%`"),
        ("50", "write `50%`"),
        ("101%", "write a percentage from `0%` to `100%`"),
        ("100.000001%", "write a percentage from `0%` to `100%`"),
    ],
)
def test_shares_that_are_none(text: str, fix: str) -> None:
    """A fraction, a bare number, and what is above all."""
    assert refused(scalars.share, text).fix == fix


@pytest.mark.parametrize(
    ("text", "ok"), [("0", False), ("1", True), ("2", True), ("3", False), ("x", False), ("01", True)]
)
def test_integers_hold_their_bounds(text: str, ok: bool) -> None:
    """Below, at and above; `0600` is six hundred, not a number of another base."""
    if ok:
        assert scalars.integer(text, least=1, most=2) == int(text)
    else:
        refused(lambda given: scalars.integer(given, least=1, most=2), text)


@pytest.mark.parametrize(("text", "meant"), [("yes", "true"), ("on", "true"), ("No", "false"), ("off", "false")])
def test_booleans_are_two_words(text: str, meant: str) -> None:
    """Nothing but `true` and `false`; what YAML 1.1 would guess is refused."""
    assert (scalars.boolean("true"), scalars.boolean("false")) == (True, False)
    assert refused(scalars.boolean, text).fix == f"write `{meant}`"


@pytest.mark.parametrize(
    ("text", "fix"),
    [("Web_App", "write `web-app`"), ("9lives", "begin with a letter; then letters, digits and hyphens")],
)
def test_names(text: str, fix: str) -> None:
    """A name is lower case; what is nearly one is shown as one."""
    assert scalars.name("web-app2") == "web-app2"
    assert refused(scalars.name, text).fix == fix


@pytest.mark.parametrize("text", ["orders:read", "User.Read", "offline_access", "https://acme.example/x", "a" * 256])
def test_scope_names(text: str) -> None:
    """Any token of RFC 6749 is a scope."""
    assert scalars.scope_name(text) == text


@pytest.mark.parametrize("text", ["a b", 'a"b', "a\\b", "é", "", "a" * 257])
def test_scope_names_that_are_none(text: str) -> None:
    """Blanks, quotes, backslashes and what is not ASCII are not."""
    refused(scalars.scope_name, text)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("1970-01-02", 86400.0),
        ("2026-06-01T12:00:00Z", 1780315200.0),
        ("2026-06-01 14:00:00+02:00", 1780315200.0),
    ],
)
def test_instants(text: str, at: float) -> None:
    """A date is its first instant in UTC; a timestamp needs its zone."""
    assert scalars.instant(text) == at


@pytest.mark.parametrize("text", ["2026-02-30", "2026-06-01T12:00:00", "tomorrow", "2026", "2026-13-01"])
def test_instants_that_are_none(text: str) -> None:
    """Days that do not exist, and times without a zone."""
    refused(scalars.instant, text)


def test_a_choice_names_the_nearest() -> None:
    """A slip in a closed list is shown the word that was meant."""
    assert scalars.choice("deny", ("allow", "deny")) == "deny"
    assert refused(lambda text: scalars.choice(text, ("allow", "deny")), "denny").fix == "did you mean `deny`?"


@given(st.integers(0, 10**6), st.sampled_from(["ms", "s", "m", "h", "d"]))
def test_durations_round_trip(number: int, unit: str) -> None:
    """A whole number of milliseconds to days is exactly that many seconds, up to ten years."""
    ms = number * {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]
    if ms > scalars.LONGEST_S * 1000:
        assert "ten years" in refused(scalars.duration, f"{number}{unit}").message
    else:
        assert scalars.duration(f"{number}{unit}") == ms / 1000
        assert scalars.duration(f"{ms}ms") == ms / 1000


@given(st.integers(0, 10**12 - 1), st.sampled_from([("B", 1), ("KiB", 2**10), ("MiB", 2**20), ("GiB", 2**30)]))
def test_sizes_round_trip(number: int, unit: tuple[str, int]) -> None:
    """A size is exactly its number of units."""
    assert scalars.size(f"{number}{unit[0]}") == number * unit[1]


@given(st.integers(0, 10_000))
def test_shares_round_trip(hundredths: int) -> None:
    """A share to two places is between nothing and all, and printed and read again the same."""
    share = scalars.share(f"{hundredths / 100:.2f}%")
    assert 0 <= share <= 1
    assert scalars.share(f"{share * 100:.2f}%") == share


@given(st.datetimes(timezones=st.just(UTC)))
def test_instants_round_trip(at: datetime) -> None:
    """A timestamp is its epoch seconds, a date its first instant, in the years that a calendar has."""
    whole = at.replace(microsecond=0)
    assert scalars.instant(whole.isoformat()) == whole.timestamp()
    day = datetime(at.year, at.month, at.day, tzinfo=UTC)
    assert scalars.instant(day.date().isoformat()) == day.timestamp()


PARSERS = (
    scalars.duration, scalars.rate, scalars.size, scalars.share, scalars.integer, scalars.boolean, scalars.name,
    scalars.scope_name, scalars.instant, scalars.country, scalars.prefix, scalars.HostPattern.parse,
    scalars.MethodSet.parse, scalars.PathPattern.parse,
)  # fmt: skip
PIECES = st.sampled_from([
    *"0159:/.-*|%[]{}()<>,?#\\ ", "ms", "min", "KiB", "2027-01-31", "T12:00:00Z", "1.2.3.4", "::1", "::ffff:", "%eth0",
    "xn--", "a", "Z", "\xe9", "\u0130", "\u212a", "\0", "\n", "\U0001f600", "GET", "any", "re(", "enum(", "**",
    "%2f", "{a:int}", "{a", "9" * 30, "x" * 300,
])  # fmt: skip


@pytest.mark.parametrize("parse", PARSERS)
@settings(max_examples=150)
@given(st.one_of(st.lists(PIECES, max_size=8).map("".join), st.text(max_size=20)))
def test_no_text_raises_anything_else(parse: Callable[[str], object], text: str) -> None:
    """Whatever an author writes is a value, or refused with a sentence."""
    with contextlib.suppress(ScalarError):
        parse(text)
