"""Instants as text that loses nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.audit import instant


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (1_780_315_200.0, "2026-06-01T12:00:00.000Z"),
        (1_780_315_200.52, "2026-06-01T12:00:00.520Z"),
        (1_780_315_200.25, "2026-06-01T12:00:00.250Z"),
        (1_780_315_200.123456717, "2026-06-01T12:00:00.1234567Z"),
        (1_780_315_199.9999998, "2026-06-01T11:59:59.9999998Z"),
    ],
)
def test_an_instant_is_written_as_people_read_it(at: float, text: str) -> None:
    """Milliseconds at least, and as many digits as the float has."""
    assert instant.write(at) == text


@given(st.floats(1, 4_102_444_800))
def test_the_same_float_is_read_again(at: float) -> None:
    """From 1970 to 2100: what decided is what is kept, to the last bit."""
    assert instant.read(instant.write(at)) == at


@pytest.mark.parametrize(
    "text",
    ["2026-06-01T12:00:00Z", "2026-06-01T14:00:00+02:00", "2026-06-01T12:00:00.0Z", "2026-06-01T12:00:00.000000Z"],
)
def test_other_spellings_of_an_instant_are_read(text: str) -> None:
    """A corpus may be written by others."""
    assert instant.read(text) == 1_780_315_200.0


@pytest.mark.parametrize(
    "text", ["", "yesterday", "2026-06-01T12:00:00", "2026-13-01T12:00:00Z", "2026-06-01T12:00:00.xZ"]
)
def test_what_is_no_instant_is_refused(text: str) -> None:
    """A time without an offset is none: nobody can know when it was."""
    with pytest.raises(ValueError, match=r".+"):
        instant.read(text)
