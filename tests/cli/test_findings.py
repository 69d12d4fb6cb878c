"""How findings are written and what they mean for the exit code: if these fail, CI is green on a broken policy."""

from __future__ import annotations

import json

import pytest

from parclose.cli.findings import Tally, as_allowed, as_github, as_sarif, as_text, exit_of
from parclose.cli.output import Exit
from parclose.policy.errors import Finding


def finding(id: str, severity: str, **fields: object) -> Finding:  # noqa: A002
    """Return a finding of some kind."""
    made: dict[str, object] = {"file": "teams/web.yaml", "line": 10, "column": 5, "message": "`x` is odd", **fields}
    return Finding(id=id, severity=severity, **made)  # type: ignore[arg-type]  # each row names its own fields


WARNING, ADVICE = finding("RTE005", "W"), finding("NET004", "I", line=7)
SILENT = finding("SEG013", "W", allowed="of the pilot")


@pytest.mark.parametrize(
    ("found", "most_warnings", "expected"),
    [
        ([], 0, Exit.OK),
        ([WARNING, WARNING], None, Exit.OK),
        ([WARNING], 0, Exit.FAILED),
        ([WARNING], 1, Exit.OK),
        ([WARNING, WARNING], 1, Exit.FAILED),
        ([SILENT, ADVICE], 0, Exit.OK),
        ([finding("NET008", "E")], None, Exit.FAILED),
        ([finding("NET008", "E"), finding("TYP001", "E")], None, Exit.INVALID),
        *(([finding(f"{family}001", "E")], None, Exit.INVALID) for family in ("YML", "TYP", "REF", "INC")),
        ([finding("REF002", "W")], None, Exit.OK),
        ([finding("REF002", "W")], 0, Exit.FAILED),
    ],
)
def test_the_exit_code_is_that_of_the_table(found: list[Finding], most_warnings: int | None, expected: Exit) -> None:
    """Errors fail, warnings fail beyond their number, advice and what is allowed never; not compiling is its own."""
    assert exit_of(found, most_warnings) is expected


def test_warnings_stand_in_columns_and_errors_with_their_line() -> None:
    """One line each for what does not block."""
    error = finding("NET008", "E", source="    a: b", fix="write c")
    text = as_text([error, WARNING, finding("REF002", "W", file="policy.yaml", line=123, message="zone `a` is unused")])
    assert text.splitlines() == [
        "teams/web.yaml:10:5  NET008  `x` is odd",
        "   10 |     a: b",
        "      |     ^ write c",
        "",
        "teams/web.yaml:10:5   RTE005  W  `x` is odd",
        "policy.yaml:123:5     REF002  W  zone `a` is unused",
    ]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([], "0 errors, 0 warnings, 0 advice"),
        ([WARNING, ADVICE], "0 errors, 1 warning, 1 advice"),
        ([SILENT, finding("NET008", "E")], "1 error, 0 warnings, 0 advice   (1 allowed: see --allowed)"),
    ],
)
def test_the_totals(found: list[Finding], expected: str) -> None:
    """What is allowed is counted apart."""
    assert Tally.of(found).text == expected


def test_allowed_ones_say_why() -> None:
    """The finding, and the reason under it."""
    assert as_allowed([SILENT]) == "teams/web.yaml:10:5   SEG013  W  `x` is odd\n    because of the pilot"


def test_annotations_escape_what_ends_them() -> None:
    """A colon, comma or line end in a name or a sentence does not end the command; allowed ones are left out."""
    odd = finding("RTE005", "W", file="a,b:c.yaml", message="50% of\n`x`", fix="write y")
    assert as_github([odd, SILENT, ADVICE], "policies/acme") == (
        "::warning file=policies/acme/a%2Cb%3Ac.yaml,line=10,col=5,title=RTE005::50%25 of%0A`x`; write y\n"
        "::notice file=policies/acme/teams/web.yaml,line=7,col=5,title=NET004::`x` is odd"
    )


def test_code_scanning_gets_rules_places_and_reasons() -> None:
    """SARIF 2.1.0: each result names a rule that is described, its place, and why it may stand."""
    log = json.loads(as_sarif([WARNING, SILENT, ADVICE], "."))
    run = log["runs"][0]
    assert log["version"] == "2.1.0"
    assert {rule["id"] for rule in run["tool"]["driver"]["rules"]} == {"RTE005", "SEG013", "NET004"}
    assert [result["level"] for result in run["results"]] == ["warning", "warning", "note"]
    assert run["results"][1]["suppressions"] == [{"kind": "inSource", "justification": "of the pilot"}]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "teams/web.yaml"
    assert place["region"] == {"startLine": 10, "startColumn": 5, "endColumn": 6}
