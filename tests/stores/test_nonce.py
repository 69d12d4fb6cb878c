"""Nonces of DPoP proofs: if these fail, a proof that was made ahead of time counts, or no client is ever content."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from parclose.stores.nonce import SPAN_S, BelievedNonces, TimedNonces
from parclose.testing import Ticker

SECRET = b"s" * 32
START = 1_000 * SPAN_S


@pytest.mark.parametrize(
    ("made", "shown", "known"),
    [
        (0, 0, True),
        (0, SPAN_S, True),
        (0, 2 * SPAN_S - 0.001, True),
        (0, 2 * SPAN_S, False),
        (SPAN_S - 0.001, 2 * SPAN_S - 0.001, True),
        (SPAN_S - 0.001, 2 * SPAN_S, False),
        (SPAN_S, 0, False),
    ],
)
def test_a_nonce_is_good_in_its_span_and_the_next(made: float, shown: float, known: bool) -> None:
    """Between one and two spans of time, to the instant; never before it was handed out."""
    clock = Ticker(START + made)
    nonces = TimedNonces(SECRET, timer=clock)
    nonce = nonces.current()
    clock.at = START + shown
    assert nonces.knows(nonce) is known


def test_a_nonce_is_of_its_secret() -> None:
    """Who does not have it makes none."""
    clock = Ticker(START)
    assert not TimedNonces(b"t" * 32, timer=clock).knows(TimedNonces(SECRET, timer=clock).current())


@given(some.text(max_size=40))
def test_no_other_text_is_one(text: str) -> None:
    """Whatever it holds, nothing is raised."""
    nonces = TimedNonces(SECRET, timer=Ticker(START))
    assert nonces.knows(text) is (text == nonces.current())
    assert not nonces.knows("\ud800")


def test_a_nonce_can_stand_in_a_header_and_in_a_claim() -> None:
    """RFC 9449 section 8.1: `NQCHAR`, nothing to escape in either."""
    nonce = TimedNonces(SECRET, timer=Ticker(START)).current()
    assert nonce.replace("-", "").replace("_", "").isalnum()
    assert len(nonce) == 24


def test_recorded_nonces_are_believed() -> None:
    """Nobody can check them any more; that there was none is known all the same."""
    assert BelievedNonces().knows("x")
    assert not BelievedNonces().knows("")
    assert BelievedNonces().current() == ""
