"""Coverage: if these fail, a route that nobody tests looks proven."""

from __future__ import annotations

from parclose.cases.coverage import Coverage, SegmentCoverage, Tally
from parclose.reasons import Reason
from parclose.testing import policy_from
from parclose.verdict import Effect, Verdict

POLICY = policy_from("""
    version: 1
    name: coverage
    api_keys:
      machines:
        header: X-Key
        keys:
          - {id: one, expires: never,
             hash: "sha256:cdfa4e984d9b577b0486b1a313b7a75c45f060bdb1704dfc2faaa7caa8a53df4"}
    clients: {machine: [{api_key: {store: machines}}]}
    segments:
      shop:
        match: {clients: [machine, anonymous]}
        routes: {"GET /a": public, "GET /b": authenticated, "POST /b": authenticated}
""")


def allowed(route: str) -> Verdict:
    """Return an allow on a route of the shop."""
    return Verdict(effect=Effect.ALLOW, reason=None, status=200, segment="shop", route=route)


def refused(route: str = "") -> Verdict:
    """Return a refusal in the shop, on a route where one was chosen."""
    return Verdict(reason=Reason.SCOPE_MISSING, status=403, segment="shop", route=route)


def of(*verdicts: Verdict) -> SegmentCoverage:
    """Return the coverage of the shop after some verdicts."""
    tally = Tally()
    for verdict in verdicts:
        tally.add(verdict)
    return tally.sum_up(POLICY, 0.0).segments[0]


def test_each_side_is_counted_by_route() -> None:
    """A route is reached from either side; a public one has no refused side."""
    one = of(allowed("GET /a"), allowed("GET /b"), refused("POST /b"), refused("GET /a"))
    assert (one.routes, one.refusable) == (3, 2)
    assert sorted(one.reached) == ["GET /a", "GET /b", "POST /b"]
    assert sorted(one.allowed) == ["GET /a", "GET /b"]
    assert sorted(one.refused) == ["POST /b"]


def test_a_note_says_what_is_most_missing() -> None:
    """First routes without a check, then a segment in which nobody is refused, then refusals without a route."""
    whole = [allowed("GET /a"), allowed("GET /b"), allowed("POST /b")]
    assert of().note == "GET /a and 2 more: no check"
    assert of(*whole[:2]).note == "POST /b: no check"
    assert of(*whole).note == "nobody is refused in any test"
    assert of(*whole, refused()).note == "refused only before a route is chosen"
    assert of(*whole, refused("GET /b")).note == ""


def test_a_policy_without_routes_is_covered() -> None:
    """Nothing is missing where there is nothing."""
    assert (Coverage(minimum=1.0).share, Coverage(minimum=1.0).enough) == (1.0, True)
