"""Differences for people: what became of it, where, why, and the request that shows it."""

from __future__ import annotations

from parclose.analysis.compare import GRANTS, LIMIT, REFUSES, UNSHOWN, Difference
from parclose.analysis.told_diff import tell

ROWS = (
    Difference(
        kind=GRANTS, segments=("free", "paid"), route="read /me/**", what="scopes p -> (authenticated)",
        witness="GET https://x/me by client web", before="403 scope_missing @free", after="allow @free",
    ),
    Difference(kind=REFUSES, segments=("free",), route="GET /a", what="route removed", witness="GET https://x/a",
               before="allow @free", after="404 no_route"),
    Difference(kind=LIMIT, segments=("free/day",), route="", what="2000/day -> 60/day", witness="request 61: GET https://x/a",
               before="allow", after="429 quota_exhausted"),
    Difference(kind=UNSHOWN, segments=("free",), route="GET /b", what="zones a -> b", witness=""),
)  # fmt: skip


def test_the_shape() -> None:
    """One line a difference, one for its request, and a sum."""
    assert tell(ROWS, old="a", new="b").splitlines() == [
        "a -> b",
        " + GRANTS   free, paid  read /me/**  scopes p -> (authenticated)",
        "            GET https://x/me by client web: 403 scope_missing @free -> allow @free",
        " - REFUSES  free        GET /a       route removed",
        "            GET https://x/a: allow @free -> 404 no_route",
        " ~ LIMIT    free/day    2000/day -> 60/day",
        "            request 61: GET https://x/a: allow -> 429 quota_exhausted",
        " ? CHANGED  free        GET /b       zones a -> b",
        "            unconfirmed: no request was found that shows it",
        "1 grant, 1 refusal, 1 limit, 1 unconfirmed change",
    ]


def test_nothing_differs() -> None:
    """That is said, too."""
    assert tell((), old="a", new="b") == "a -> b   no difference"
