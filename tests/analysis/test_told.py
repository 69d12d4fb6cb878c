"""The answers of `who` for people: aligned, complete, and closed by a line on everybody else."""

from __future__ import annotations

import pytest

from parclose.analysis.told import tell_reach, tell_who
from parclose.analysis.who import UNTOLD, Admission, Reach
from parclose.policy.requests import RequestPattern

ASKED = RequestPattern.parse("write https://back.example/**")
ONE = Admission(
    segment="back", route="write /**", where="policy.yaml:40", surfaces=(), methods=(),
    lines=(("must be", "client web"),),
)  # fmt: skip


def test_one_route() -> None:
    """Segment and route with their line, then what is asked under each other."""
    assert tell_who(ASKED, [ONE], ["back"]).splitlines() == [
        "segment back   route write /**                                             policy.yaml:40",
        "  must be   client web",
        "nobody else: no other segment has this surface",
    ]


@pytest.mark.parametrize(
    ("found", "standing", "last"),
    [
        ([ONE], ["back"], "nobody else: no other segment has this surface"),
        ([ONE], ["back", "web"], "nobody else: `web` stands there too, but takes none of these"),
        ([], ["api", "web"], "nobody: `api`, `web` stand there, and take none of these requests"),
        ([], [], "nobody: no segment stands where `write https://back.example/**` goes"),
    ],
)
def test_everybody_else(found: list[Admission], standing: list[str], last: str) -> None:
    """Who stands there and takes nothing is named: there is no falling through to them."""
    assert tell_who(ASKED, found, standing).splitlines()[-1] == last


def test_what_one_caller_gets() -> None:
    """By segment, outcomes first; what another segment takes is not counted as this one's."""
    rows = [
        Reach(segment="free", route="GET /a", request="GET https://x/a", outcome="allow"),
        Reach(segment="free", route="POST /a", request="POST https://x/a", outcome="403 scope_missing", needs="`w`"),
        Reach(segment="paid", route="GET /a", request="GET https://x/a", outcome="allow", taken_by="free"),
        Reach(segment="paid", route="GET /b", request="", outcome=UNTOLD),
    ]
    assert tell_reach("ann", rows).splitlines() == [
        "ann can 1 of 4 routes",
        "segment free",
        "  allow                        GET /a",
        "  403 scope_missing            POST /a   needs `w`",
        "segment paid",
        "  (taken by free)              GET /a",
        "  ?                            GET /b",
        "? cannot be told: the persona has no `country`, and there is no database; or no request gets there",
    ]
