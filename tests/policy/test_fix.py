"""Safe corrections: if these fail, `--fix` changes what it was not asked to, or guesses."""

from __future__ import annotations

import pytest

from parclose.policy.errors import Finding, unmistakable
from parclose.policy.fix import Edit, corrected, edit_of, edits_of
from tests.policy.reading import error_of
from tests.policy.shop import changed, findings


def finding(source: str, column: int, found: str, meant: str) -> Finding:
    """Return a finding on the third line of a file."""
    return Finding(
        id="TYP001",
        file="a.yaml",
        line=3,
        column=column,
        message="`x` is wrong",
        source=source,
        found=found,
        meant=meant,
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (finding("  alow: [a]", 3, "alow", "allow"), Edit("a.yaml", 3, 2, 6, "allow")),
        (finding('  "alow": [a]', 3, "alow", "allow"), Edit("a.yaml", 3, 3, 7, "allow")),
        (finding("  'alow': [a]", 3, "alow", "allow"), Edit("a.yaml", 3, 3, 7, "allow")),
        # Escapes, folded lines, aliases: the text is not there as it is meant.
        (finding('  "al\\x6fw": [a]', 3, "alow", "allow"), None),
        (finding("  *name", 3, "alow", "allow"), None),
        (finding("  alow: [a]", 3, "alow", ""), None),
        (finding("", 1, "", "allow"), None),
    ],
)
def test_a_correction_is_where_its_text_stands(given: Finding, expected: Edit | None) -> None:
    """The exact text at the exact place, inside quotes where there are some, or nothing."""
    assert edit_of(given) == expected


def test_two_corrections_of_one_place_are_one() -> None:
    """What overlaps is left for the next round."""
    one = finding("  alow: [a]", 3, "alow", "allow")
    other = finding("  alow: [a]", 4, "low", "high")
    assert edits_of([other, one, one]) == (Edit("a.yaml", 3, 2, 6, "allow"),)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_every_other_byte_stays(end: str, mark: bytes) -> None:
    """Comments, blanks at the ends of lines, line ends and a byte order mark; several edits of one line."""
    text = "a: 1  # ä\n\n  b: [x, y]\t \nc: 3".replace("\n", end)
    wanted = "a: 1  # ä\n\n  b: [xxx, z]\t \nc: 3".replace("\n", end)
    edits = [Edit("f", 3, 6, 7, "xxx"), Edit("f", 3, 9, 10, "z"), Edit("f", 99, 0, 1, "no such line")]
    assert corrected(mark + text.encode(), edits) == mark + wanted.encode()


@pytest.mark.parametrize(
    ("written", "line", "expected"),
    [
        ("version: 1\nsegmentss: {}\n", "segmentss: {}", "segments"),
        ("version: 1\nzones: {a: [10.1.2.3/16]}\n", "", "10.1.0.0/16"),
        ("version: 1\nzones: {a: [10.0.0.0/8, ::1/128]}\n", "", '"::1/128"'),
        ("version: 1\ngeo: {sets: {a: [UK]}}\n", "", "GB"),
        ("version: 1\nsettings: {sni: matsh}\n", "", "match"),
        # Nobody knows which: nothing, or two that are as near.
        ("version: 1\nfrobnicate: {}\n", "", ""),
        ("version: 1\ngeo: {sets: {a: [QQ]}}\n", "", ""),
    ],
)
def test_what_was_meant_goes_with_the_finding(written: str, line: str, expected: str) -> None:
    """Reading and decoding know it; where there is room for doubt they do not."""
    (found,) = error_of(written).findings
    assert found.meant == expected
    assert (edit_of(found) is not None) == bool(expected)


def test_a_key_that_is_there_already_is_not_written_twice() -> None:
    """`sgments` beside `segments` may be anything."""
    (found,) = error_of("version: 1\nsegments: {}\nsgments: {}\n").findings
    assert (found.fix, found.meant) == ("did you mean `segments`?", "")


def test_a_name_is_corrected_where_it_is_used() -> None:
    """Unknown names of zones, issuers, scopes."""
    text = changed(
        ("clients: [web, anonymous]", "clients: [wweb, anonymous]"),
        ("orders:read\n    limits", "order:read\n    limits"),
    )
    assert {(each.found, each.meant) for each in findings(text)} >= {("order:read", "orders:read")}


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("web-ap", ["web-app", "mobile-app"], "web-app"),
        ("order:read", ["orders:read", "orders:write"], "orders:read"),
        ("web-x", ["web-a", "web-b"], ""),
        ("office", ["office", "offices"], ""),
        ("x", ["y"], ""),
        ("a" * 201, ["a" * 200], ""),
    ],
)
def test_a_slip_has_one_likely_meaning(name: str, known: list[str], expected: str) -> None:
    """Near enough, and much nearer than the next; a name that is known is no slip."""
    assert unmistakable(name, known) == expected
