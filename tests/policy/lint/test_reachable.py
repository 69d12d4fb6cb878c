"""Which reasons a policy can give: if these fail, an alert is called idle that would have come."""

from __future__ import annotations

import pytest

from parclose.policy.answers import REASONS
from parclose.policy.lint.bench import Bench
from parclose.policy.lint.reachable import reachable
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

ROUTES = '    routes:\n      "GET /items": public\n'
RATE = "rate: 5/s, burst: 10"


def reasons(*changes: tuple[str, str]) -> frozenset[str]:
    """Return the reasons that a changed base can give."""
    said = examined(changed(*changes))
    assert said.policy is not None, [each.render() for each in said.findings]
    assert said.desk is not None
    return reachable(Bench(desk=said.desk, policy=said.policy))


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("zone_denied", [(ROUTES, f"    network: {{deny: [office]}}\n{ROUTES}")]),
        ("zone_denied", [("settings:\n", "settings:\n  admission: {deny_zones: [office]}\n")]),
        ("zone_denied", [("tenant: a,", "tenant: a, zones: [office],")]),
        ("geo_denied", [(ROUTES, f"    network: {{deny_geo: [nordic]}}\n{ROUTES}")]),
        ("geo_unknown", [(ROUTES, f"    network: {{deny_geo: [nordic]}}\n{ROUTES}")]),
        ("token_too_old", [(ROUTES, f"    authn: {{max_token_age: 1h}}\n{ROUTES}")]),
        ("step_up_required", [(ROUTES, f"    authn: {{amr: [mfa]}}\n{ROUTES}")]),
        ("role_missing", [(ROUTES, f"    roles: {{any: [admin]}}\n{ROUTES}")]),
        ("bind_mismatch", [('"GET /items": public', '"GET /{id}": {bind: {id: identity.subject}}')]),
        ("quota_exhausted", [(RATE, "quota: 50/day, tz: UTC")]),
        ("concurrency_exceeded", [(RATE, "concurrent: 5")]),
        (
            "authn_unavailable",
            [
                (
                    "issuer: https://login.example, audience: [shop], jwks_file: keys.json",
                    "discovery: https://login.example, audience: [shop]",
                )
            ],
        ),
    ],
)
def test_a_rule_makes_its_reason_possible(reason: str, changes: list[tuple[str, str]]) -> None:
    """Without the rule the base cannot give the reason, with it it can."""
    assert reason not in reasons()
    assert reason in reasons(*changes)


@pytest.mark.parametrize("reason", ["rate_limited", "scope_missing", "token_invalid", "key_expired", "no_segment"])
def test_what_the_base_gives(reason: str) -> None:
    """Rules of the base, and what any policy answers."""
    assert reason in reasons()


def test_every_reason_named_is_one() -> None:
    """Nothing is called possible that no verdict can be."""
    assert reasons() <= REASONS
