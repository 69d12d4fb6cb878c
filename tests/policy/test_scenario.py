"""A policy's own tests as values: what holds where nothing is written."""

from __future__ import annotations

from datetime import UTC, datetime

from parclose.policy.scenario import DEFAULT_AT, Check, Expectation, Persona, Send, Test, TokenStandIn


def test_a_test_never_depends_on_today() -> None:
    """A test that names no time runs at noon of the first of June 2026."""
    made = Test(name="t", persona=Persona())
    assert made.at == DEFAULT_AT == datetime(2026, 6, 1, 12, tzinfo=UTC).timestamp()


def test_a_persona_proves_nothing_by_default() -> None:
    """Who is not written to have a credential has none."""
    persona = Persona()
    assert (persona.token, persona.api_key, persona.credential, persona.country) == (None, None, "", None)
    assert TokenStandIn(issuer="login").claims == {}


def test_a_step_is_one_value() -> None:
    """Equal checks and sends are equal, so that one is reported once."""
    expected = Expectation(allow=False, status=403, reason="scope_missing")
    assert Check(method="GET", url="/", expect=expected) == Check(method="GET", url="/", expect=expected)
    assert Send(count=2, method="GET", url="/").within_s == 0.0


def test_the_test_runner_passes_it_over() -> None:
    """A class called `Test` is no test of ours."""
    assert Test.__test__ is False
