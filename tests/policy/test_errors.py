"""Findings tell place, mistake and way out; the golden file holds how each kind of mistake reads."""

from __future__ import annotations

import re

import pytest

from parclose.policy.errors import LINE_SHOWN, LONGEST_MEANT, Finding, PolicyError, ScalarError, nearest, ordered
from tests.policy.golden import answer, blocks


def finding(**changed: object) -> Finding:
    """Return a finding with some fields of its own."""
    fields: dict[str, object] = {"id": "TYP002", "file": "a.yaml", "line": 3, "column": 5, "message": "`x` is wrong"}
    return Finding(**(fields | changed))  # type: ignore[arg-type]  # each row names its own fields


@pytest.mark.parametrize("title", blocks())
def test_a_mistake_reads_as_in_the_golden_file(title: str) -> None:
    """Each sentence, place and way out is the one that was read and agreed to."""
    written, answered = blocks()[title]
    assert answered == answer(written)


@pytest.mark.parametrize("title", blocks())
def test_a_message_keeps_the_style(title: str) -> None:
    """A sentence begins small, ends without a full stop, names no type of Python, and has a way out."""
    _, answered = blocks()[title]
    heads = re.findall(r"^[a-z/]+\.yaml:\d+:\d+  [A-Z]{3}\d{3}  (.+)$", answered, re.MULTILINE)
    assert heads
    for head in heads:
        assert head[0] in "`*" or head[0].islower()
        assert not head.endswith(".")
        assert not re.search(r"\b(str|dict|NoneType|Entries|Items|Text|object at)\b", head)
    assert len(heads) == len(re.findall(r"^ +\| +(?:\^+ )?\S", answered, re.MULTILINE))


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "a.yaml:3:5  TYP002  `x` is wrong"),
        ({"fix": "write `y`"}, "a.yaml:3:5  TYP002  `x` is wrong\n       | write `y`"),
        ({"source": "   "}, "a.yaml:3:5  TYP002  `x` is wrong"),
        (
            {"source": "key: x", "fix": "write `y`", "column": 6},
            "a.yaml:3:6  TYP002  `x` is wrong\n    3 | key: x\n      |      ^ write `y`",
        ),
        (
            {"source": "key: xyz", "width": 3, "column": 6},
            "a.yaml:3:6  TYP002  `x` is wrong\n    3 | key: xyz\n      |      ^^^",
        ),
        (
            {"source": "key: xyz", "width": 99, "column": 6},
            "a.yaml:3:6  TYP002  `x` is wrong\n    3 | key: xyz\n      |      ^^^",
        ),
        (
            {"source": "\tk\x07y", "column": 99},
            "a.yaml:3:99  TYP002  `x` is wrong\n    3 |  k y\n      |     ^",
        ),
    ],
)
def test_a_finding_is_rendered_with_its_line(changed: dict[str, object], expected: str) -> None:
    """The caret stands under what is meant, never outside the line; what cannot be printed is not."""
    assert expected == finding(**changed).render()


@pytest.mark.parametrize("length", [LINE_SHOWN - 1, LINE_SHOWN, LINE_SHOWN + 1, 10 * LINE_SHOWN])
@pytest.mark.parametrize("share", [0.0, 0.3, 0.5, 0.9, 1.0])
def test_a_long_line_is_cut_around_what_is_meant(length: int, share: float) -> None:
    """The marked character stays visible and under the caret, wherever it stands."""
    at = min(length - 1, int(length * share))
    line = "-" * at + "X" + "-" * (length - at - 1)
    _, shown, caret = finding(source=line, column=at + 1).render().split("\n")
    assert len(shown) <= len("    3 | ") + LINE_SHOWN
    assert shown.index("X") == caret.index("^")
    assert ("..." in shown) == (length > LINE_SHOWN)


def test_a_finding_as_plain_values() -> None:
    """Machines get each field by name, and no line of the file."""
    made = finding(key="a.b", found="x", expected="y", fix="write `y`", source="key: x").to_json()
    assert made == {
        "id": "TYP002", "severity": "E", "file": "a.yaml", "line": 3, "column": 5, "key": "a.b",
        "message": "`x` is wrong", "found": "x", "expected": "y", "fix": "write `y`",
        "allowed": "",
    }  # fmt: skip
    assert finding().where == "a.yaml:3"


def test_findings_are_in_the_order_of_the_files() -> None:
    """File, then line, then column, then id; each once."""
    rows = [
        finding(file="b.yaml", line=1),
        finding(line=2, column=9),
        finding(line=10),
        finding(line=2, column=9, id="REF001"),
    ]
    assert (rows[3], rows[1], rows[2], rows[0]) == ordered([*rows, *rows])


def test_an_error_holds_every_finding() -> None:
    """The text of the exception is all that a person needs."""
    error = PolicyError([finding(line=2), finding(line=1)])
    assert [each.line for each in error.findings] == [1, 2]
    assert str(error) == error.render() == "a.yaml:1:5  TYP002  `x` is wrong\na.yaml:2:5  TYP002  `x` is wrong"
    assert [each.to_json() for each in error.findings] == error.to_json()


def test_a_scalar_error_knows_its_finding() -> None:
    """What it does not say is the ordinary type error."""
    error = ScalarError("`x` is wrong", fix="write `y`")
    assert (
        str(error), error.message, error.id, error.fix, error.expected,
    ) == ("`x` is wrong", "`x` is wrong", "TYP002", "write `y`", "")  # fmt: skip


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("web-ap", ["web-app", "api"], "web-app"),
        ("WEB", ["web", "api"], "web"),
        ("zzz", ["web", "api"], ""),
        ("", ["web"], ""),
        ("web", [], ""),
        ("a" * (LONGEST_MEANT - 1), ["a" * LONGEST_MEANT], "a" * LONGEST_MEANT),
        ("a" * LONGEST_MEANT, ["a" * LONGEST_MEANT], "a" * LONGEST_MEANT),
        ("a" * (LONGEST_MEANT + 1), ["a" * LONGEST_MEANT], ""),
    ],
)
def test_the_nearest_name(name: str, known: list[str], expected: str) -> None:
    """A slip of a letter or of case is recognised; what is far from everything is not guessed at."""
    assert expected == nearest(name, known)
