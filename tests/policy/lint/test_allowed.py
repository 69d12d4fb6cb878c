"""Comments that allow nothing are named: if these fail, a stale comment hides the next real finding."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import NOW, examined, found

LINE = "  office: [198.51.100.0/26]"
DUPLICATE = "  office: [198.51.100.0/26, 198.51.100.7/32]"


@pytest.mark.parametrize(
    ("comment", "now", "expected"),
    [
        (
            "# parclose: allow NET004",
            NOW,
            [("#", "this allows nothing: it names no finding, or gives no reason")],
        ),
        (
            "# parclose: allow NET010 because of old times",
            NOW,
            [("#", "`allow NET010`: nothing of the kind is found on this line")],
        ),
        ("# parclose: allow NET006 because I say so", NOW, [("#", "`allow NET006`: an error cannot be allowed")]),
        ("# parclose: allow NET999 because I say so", NOW, [("#", "`allow NET999`: there is no such finding")]),
        ("# parclose: allow NET004 because of the inventory", NOW, []),
        # What depends on the date, on recordings or on a database cannot be told from the policy alone.
        ("# parclose: allow NET005 because it is kept", None, []),
        ("# parclose: allow RTE011 because it is rare", NOW, []),
        (
            "# parclose: allow NET005 because it is kept",
            NOW,
            [("#", "`allow NET005`: nothing of the kind is found on this line")],
        ),
    ],
)
def test_a_comment_about_nothing_is_named(comment: str, now: float | None, expected: list[tuple[str, str]]) -> None:
    """Without reason, of an error, of what is not there: each says so at the comment."""
    assert found("ALW001", (LINE, f"{DUPLICATE}  {comment}"), now=now) == expected


def test_an_allowed_finding_keeps_its_reason() -> None:
    """It stays in the report, with the reason, so that it can be listed."""
    said = examined(
        "version: 1\nzones:\n  a: [10.0.0.0/8, 10.0.0.0/8]  # parclose: allow NET004 because of history\n"
        "segments:\n  s:\n    match: {hosts: [s.example], clients: [anonymous], zones: [a]}\n"
        '    routes: {"GET /": public}\n'
    )
    assert [each.allowed for each in said.findings if each.id == "NET004"] == ["of history"]
