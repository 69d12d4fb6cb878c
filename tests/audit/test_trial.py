"""What a line says of a trial: if these fail, yesterday's log does not tell what a change would have done."""

from __future__ import annotations

import json

import pytest

from parclose.audit.record import corpus_line
from parclose.audit.trial import tried_text
from parclose.reasons import Reason
from parclose.verdict import Effect, Reading, Verdict, Would
from tests.stages.kit import policy, request, walked

READING = Reading("steady", "shadow/shop/steady", False, 5, 1, 0, 1.0, 0.2)
LIMITED = Verdict(reason=Reason.RATE_LIMITED, status=429, stage="rate", segment="shop", readings=(READING,))


@pytest.mark.parametrize(
    ("would", "said"),
    [
        (Would(verdict=Verdict(effect=Effect.ALLOW, reason=None), mode="indirect"), {"mode": "indirect"}),
        (
            Would(verdict=LIMITED, mode="log_only", log_only=("limits",)),
            {
                "mode": "log_only",
                "log_only": ["limits"],
                "usage": [{"limit": "steady", "quota": 5, "window_s": 1, "remaining": 0}],
            },
        ),
        (
            Would(verdict=Verdict(), mode="shadow", shadow=("route GET /x",), passed_over=("paid",)),
            {"mode": "shadow", "shadow": ["route GET /x"], "not_taken_by": ["paid"]},
        ),
    ],
)
def test_what_took_part(would: Would, said: dict[str, object]) -> None:
    """Mode, parts and usage, each where there is any."""
    assert json.loads("{" + tried_text(would)[1:] + "}") == said


def test_a_line_holds_both_verdicts() -> None:
    """The second has the fields of a real one; the first is as it would be without."""
    tried = policy("shop: {match: {clients: [web, anonymous]}, routes: {'GET /x': public}}")
    walk = walked(tried, request("GET http://api.test/x"))
    allowed = Verdict(effect=Effect.ALLOW, reason=None, status=200, segment="shop", route="GET /x")
    line = corpus_line(walk, allowed, would=Would(verdict=LIMITED, mode="log_only", log_only=("limits",)))
    without = corpus_line(walk, allowed)
    would = line.pop("would")
    assert line == without
    assert isinstance(would, dict)
    assert {name: would[name] for name in ("action", "status", "reason", "stage", "segment", "mode")} == {
        "action": "deny",
        "status": 429,
        "reason": "rate_limited",
        "stage": "rate",
        "segment": "shop",
        "mode": "log_only",
    }
