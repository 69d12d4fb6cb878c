"""What would be believed if these failed: that a key in a query stays between its bearer and us."""

from __future__ import annotations

import pytest

from parclose.facts import Presented
from parclose.hooks.query_keys import names_of, without


@pytest.mark.parametrize(
    ("path", "left"),
    [
        (b"/a?key=s", b"/a"),
        (b"/a?x=1&key=s&y", b"/a?x=1&y"),
        (b"/a?k%65y=s&key=t&x", b"/a?x"),
        (b"/a?key", b"/a"),
        (b"/a?x=key&keys=1&KEY=2", b"/a?x=key&keys=1&KEY=2"),
        (b"/a?&&x=%2f+", b"/a?&&x=%2f+"),
        (b"/a?", b"/a?"),
        (b"/key=s", b"/key=s"),
    ],
)
def test_the_key_goes_and_all_else_stays(path: bytes, left: bytes) -> None:
    """Byte for byte, in every spelling of its name."""
    assert without(path, {"key"}) == left


def test_only_query_places_count() -> None:
    """Headers are removed elsewhere."""
    presented = [
        Presented(kind="api_key", place="query api key", store="a"),
        Presented(kind="api_key", place="header key", store="b"),
        Presented(kind="token", place="authorization"),
    ]
    assert names_of(presented) == {"api key"}
    assert without(b"/a?key=s", ()) == b"/a?key=s"
