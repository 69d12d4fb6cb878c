"""What would be believed if these failed: that decisions can be told apart, and stand in the order of their times."""

from parclose.hooks.decision_id import ALPHABET, LENGTH, DecisionIds


def test_an_id_is_26_digits_of_crockford() -> None:
    """Length and letters are those of a ULID."""
    made = DecisionIds().make(1780315200.25)
    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)


def test_ids_sort_by_time() -> None:
    """A millisecond later is later in the alphabet."""
    assert DecisionIds().make(1780315200.250) < DecisionIds().make(1780315200.252)


def test_ids_of_one_instant_differ() -> None:
    """Eighty random bits stand behind the time."""
    ids = DecisionIds()
    assert len({ids.make(1780315200.0) for _ in range(1000)}) == 1000


def test_the_time_can_be_read_from_an_id() -> None:
    """The first ten digits are the milliseconds, as the ULID specification says."""
    number = 0
    for letter in DecisionIds().make(1780315200.25)[:10]:
        number = number * 32 + ALPHABET.index(letter)
    assert number == 1780315200250


def test_another_instant_is_another_time() -> None:
    """What is kept of one millisecond is not used for the next."""
    ids = DecisionIds()
    first, second, again = (ids.make(at)[:10] for at in (1780315200.0, 1780315200.001, 1780315200.0))
    assert first == again < second
