"""What would be believed if these failed: that decisions can be told apart, and stand in the order of their times."""

from parclose.hooks.decision_id import ALPHABET, LENGTH, decision_id


def test_an_id_is_26_digits_of_crockford() -> None:
    """Length and letters are those of a ULID."""
    made = decision_id(1780315200.25)
    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)


def test_ids_sort_by_time() -> None:
    """A millisecond later is later in the alphabet."""
    assert decision_id(1780315200.250) < decision_id(1780315200.252)


def test_ids_of_one_instant_differ() -> None:
    """Eighty random bits stand behind the time."""
    assert len({decision_id(1780315200.0) for _ in range(1000)}) == 1000
