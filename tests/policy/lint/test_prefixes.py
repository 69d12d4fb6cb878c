"""Prefixes that say again what others say, and those that only look so (NET004)."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.lint.test_network import zones


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            [zones("[198.51.100.0/26, 198.51.100.7]")],
            [("198.51.100.7", "`198.51.100.7` lies within `198.51.100.0/26`")],
        ),
        (
            [zones("[198.51.100.0/26, 198.51.100.0/26, 198.51.100.1]")],
            [("198.51.100.0/26", "`198.51.100.0/26` is written twice, and 1 more of this list")],
        ),
        (
            [zones("[198.51.100.64/26, 198.51.100.0/26]")],
            [("198.51.100.64/26", "`198.51.100.64/26` and `198.51.100.0/26` are `198.51.100.0/25`")],
        ),
        ([zones("[198.51.100.64/26, 198.51.100.128/26]")], []),
        # One that lasts longer than what is around it is not needless.
        ([zones("[{cidr: 198.51.100.0/26, until: 2027-01-01}, 198.51.100.7]")], []),
        (
            [zones("[198.51.100.0/26, {cidr: 198.51.100.7, until: 2027-01-01}]")],
            [("198.51.100.7", "`198.51.100.7` lies within `198.51.100.0/26`")],
        ),
    ],
)
def test_what_is_needless(changes: list[tuple[str, str]], expected: object) -> None:
    """Twice, within another that lasts as long, or half of a whole: named as written, in the order of the file."""
    assert found("NET004", *changes) == expected


def test_a_file_is_looked_through_and_told_once() -> None:
    """However many prefixes of a file are needless, one sentence names the first and counts the others."""
    text = "# ours\n192.0.2.0/25\n192.0.2.1\n192.0.2.2\n192.0.2.128/26\n"
    assert found("NET004", zones("{files: [list.txt]}"), files={"list.txt": text}) == [
        ("192.0.2.1", "`192.0.2.1` lies within `192.0.2.0/25`, and 1 more of this list")
    ]
