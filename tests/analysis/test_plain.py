"""Compiled parts without their places: equal when they say the same, wherever it is written."""

from __future__ import annotations

import pytest

from parclose.analysis.plain import plain
from tests.analysis.kit import policy


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (("version: 1\n", "version: 1\n# moves every line\n"), True),
        (("  back:\n", "  back:\n    about: said in other words\n"), True),
        (("allow: [vpn]", "allow: [office]"), False),
        (("clients: [web]}\n    net", "clients: [web, partner]}\n    net"), False),
    ],
)
def test_what_is_equal(change: tuple[str, str], same: bool) -> None:
    """Places and words for people do not count, what decides does."""
    one, other = policy().segments["back"], policy(change).segments["back"]
    assert (plain(one) == plain(other)) is same


def test_order_of_names_does_not_count() -> None:
    """Mappings are compared by name."""
    assert plain({"b": 1, "a": [2]}) == plain({"a": (2,), "b": 1})
