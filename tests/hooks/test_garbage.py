"""What would be believed if these failed: that a policy is walked by the collector while requests wait."""

import gc
from collections.abc import Iterator

import pytest

from parclose.hooks.garbage import OLDER, YOUNG, settle


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """Leave the collector as it was found."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


@pytest.mark.parametrize("serving", [False, True])
def test_what_is_there_is_left_out_of_later_collections(*, serving: bool) -> None:
    """Everything alive is frozen, at start and at each later policy, and young looks come rarely."""
    kept: list[dict[str, str]] = [{}]
    settle(serving=serving)
    assert gc.get_freeze_count() > 0
    assert all(kept is not found for found in gc.get_objects())
    assert gc.get_threshold()[:2] == (YOUNG, OLDER)


def test_only_a_start_collects_everything() -> None:
    """While requests wait, nothing walks all objects."""
    collected = []
    gc.callbacks.append(lambda phase, info: collected.append((phase, info["generation"])))
    try:
        settle(serving=True)
        assert ("start", 2) not in collected
        settle(serving=False)
        assert ("start", 2) in collected
    finally:
        gc.callbacks.pop()
