"""Sets of methods: which are covered, and how well."""

from __future__ import annotations

import pytest

from parclose.policy.errors import ScalarError
from parclose.policy.methods import ANY, GROUPED, IMPLIED, NAMED, MethodSet


@pytest.mark.parametrize(
    ("text", "method", "rank"),
    [
        ("GET", "GET", NAMED),
        ("GET", "HEAD", IMPLIED),
        ("GET|HEAD", "HEAD", NAMED),
        ("HEAD", "GET", None),
        ("read", "HEAD", GROUPED),
        ("read", "OPTIONS", None),
        ("write", "DELETE", GROUPED),
        ("write", "GET", None),
        ("any", "OPTIONS", ANY),
        ("any", "PROPFIND", None),
        ("PROPFIND|read", "PROPFIND", NAMED),
        ("read|GET", "GET", NAMED),
    ],
)
def test_how_well_a_method_is_covered(text: str, method: str, rank: int | None) -> None:
    """Named, implied, by group, by any; extension methods must be spelled out."""
    methods = MethodSet.parse(text)
    assert (methods.rank(method), method in methods) == (rank, rank is not None)


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("get", "methods are upper case: `GET`"),
        ("Read", "write `read`"),
        ("GET,POST", "join methods with `|`: `GET|POST`"),
        ("GET|", "write methods joined by `|`, or `read`, `write`, `any`"),
        ("*", "write methods joined by `|`, or `read`, `write`, `any`"),
    ],
)
def test_what_is_no_method(text: str, fix: str) -> None:
    """Each slip says what to write."""
    with pytest.raises(ScalarError) as caught:
        MethodSet.parse(text)
    assert caught.value.fix == fix
