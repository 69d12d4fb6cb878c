"""A second verdict in words: if these fail, `explain` hides what a trial would do."""

from __future__ import annotations

from parclose.explain import explain, render
from parclose.policy.model import Policy
from parclose.shadow import try_out
from tests.stages.kit import walked
from tests.test_shadow import PAID, PAYOUTS, shop, shown, table


def told(tried: Policy) -> list[str]:
    """Return what is told below the account of the verdict in force."""
    first = walked(tried, shown(), table())
    second = try_out(first, table())
    text = render(explain(first, second.would() if second is not None else None))
    return text.partition("with what is on trial in force:\n")[2].splitlines()


def test_a_refusal_on_trial_says_why() -> None:
    """Head, reason, line of the rule, and what is in shadow."""
    head, why, who = told(shop(more=PAYOUTS))
    assert head.split() == ["DENY", "403", "scope_missing", "segment", "payouts", "route", "GET", "/x"]
    assert "needs `orders:write`" in why
    assert "policy.yaml:" in why
    assert who == "    in shadow: segment payouts"


def test_a_concern_that_cannot_deny_is_named() -> None:
    """What is log-only here."""
    assert told(shop("log_only: [limits]"))[-1] == "    log-only here: limits"


def test_who_would_not_have_taken_it_is_named() -> None:
    """A segment in shadow on the same surface, for somebody else."""
    assert told(shop(more=PAID))[-1] == "    segment paid (in shadow) would not have taken this request"


def test_without_a_trial_nothing_is_added() -> None:
    """An account is as it was."""
    assert told(shop()) == []
