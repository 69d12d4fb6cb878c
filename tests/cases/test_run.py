"""The runner of a policy's own tests: if these fail, a policy is taken up against its own tests."""

from __future__ import annotations

import time

import pytest

from parclose.cases import CaseReport, run_cases
from parclose.facts import Place
from parclose.testing import policy_from

BASE = """
    version: 1
    name: cases
    issuers:
      login:
        issuer: https://login.example
        jwks:
          keys:
            - {kty: EC, crv: P-256, kid: k, use: sig, x: j7K1S-oy_fq4jO3VZhRa5q2wZGZhvkAvXwfITmwmXEE,
               y: ry0HvK2iM7X5yjiMeUmpfIIVejioTdwMfMz1oiz05x8}
        audience: [https://api.example]
        algorithms: [ES256]
    clients: {app: [{token: {issuer: login}}]}
    scopes: {orders:read: {}, orders:write: {}}
    geo: {country_db: nowhere.mmdb, sets: {embargoed: [KP]}}
    segments:
      shop:
        match: {hosts: [api.example], clients: [app, anonymous]}
        routes:
          "GET /products": public
          "GET /orders/{id:int}": orders:read
          "POST /orders": orders:write
        limits: {steady: {key: subject|ip, rate: 2/s}}
      far:
        match: {hosts: [far.example], clients: [anonymous]}
        network: {deny_geo: [embargoed]}
        routes: {"GET /": public}
    personas:
      reader: {token: {issuer: login, claims: {sub: u-1, scope: orders:read}}}
    tests:
"""


def run(tests: str, *, base: str = BASE, **options: object) -> CaseReport:
    """Run tests written as a list of one-line items under the policy of this file, or another."""
    lines = "\n".join(f"      {line}" for line in tests.strip("\n").splitlines())
    return run_cases(policy_from(base + lines), **options)  # type: ignore[arg-type]


def check(request: str, expect: str, caller: str = "reader") -> CaseReport:
    """Run one check."""
    return run(f"- {{name: one, as: {caller}, checks: {{\"{request}\": '{expect}'}}}}")


@pytest.mark.parametrize(
    ("request_", "expect"),
    [
        ("GET https://api.example/products", "allow"),
        ("GET https://api.example/products", "allow @shop"),
        ("GET https://api.example/products", 'allow @shop via "GET /products"'),
        ("POST https://api.example/orders", "403 scope_missing @shop"),
        ("GET https://api.example/nothing", "404 no_route"),
        ("GET https://nowhere.example/", "404 no_segment"),
    ],
)
def test_exact_expectations_pass(request_: str, expect: str) -> None:
    """What is written exactly and is so, passes."""
    report = check(request_, expect)
    assert [(result.want, result.got) for result in report.results] == [(expect, expect)]
    assert report.failed == ()


@pytest.mark.parametrize(
    ("request_", "expect", "got"),
    [
        ("GET https://api.example/products", "403 scope_missing", 'allow @shop via "GET /products"'),
        ("GET https://api.example/products", "allow @far", 'allow @shop via "GET /products"'),
        ("GET https://api.example/products", 'allow @shop via "POST /orders"', 'allow @shop via "GET /products"'),
        ("POST https://api.example/orders", "allow", "403 scope_missing @shop"),
        ("POST https://api.example/orders", "403 role_missing @shop", "403 scope_missing @shop"),
        ("POST https://api.example/orders", "403 scope_missing @far", "403 scope_missing @shop"),
    ],
)
def test_anything_less_than_exact_fails(request_: str, expect: str, got: str) -> None:
    """Verdict, reason, segment and route are each compared where they are written."""
    (failed,) = check(request_, expect).failed
    assert (failed.want, failed.got) == (expect, got)


def test_denied_for_another_reason_says_so() -> None:
    """A test that still sees a refusal, but another one, says that it proves nothing any more."""
    (failed,) = check("POST https://api.example/orders", "403 bind_mismatch").failed
    assert failed.note == "still refused, but for another reason: `bind_mismatch` is no longer what this test exercises"


def test_a_near_miss_is_named() -> None:
    """A value of another type, and another method, are what a 404 or 405 nearly was."""
    (failed,) = check("GET https://api.example/orders/x", "allow").failed
    assert [near.route for near in failed.near] == ["GET /orders/{id:int}"]
    (failed,) = check("GET https://api.example/orders", "allow").failed
    assert [near.route for near in failed.near] == ["POST /orders"]


def test_a_failure_names_both_lines() -> None:
    """The line of the test, and that of the rule that decided."""
    (failed,) = check("POST https://api.example/orders", "allow").failed
    assert failed.where.startswith("policy.yaml:")
    assert failed.rule.startswith("policy.yaml:")
    assert failed.where != failed.rule


def test_each_check_has_fresh_counters() -> None:
    """Five checks of one caller do not use up a limit of two."""
    checks = ", ".join(f'"GET https://api.example/products?{n}": allow' for n in range(5))
    assert run(f"- {{name: many, as: reader, checks: {{{checks}}}}}").failed == ()


def test_a_sequence_shares_its_counters_and_time_passes() -> None:
    """Two pass, the third does not; after half a second one is back, for another caller all are."""
    report = run("""
- name: throttled
  as: reader
  sequence:
    - {send: 3 x GET https://api.example/products, expect: {allow: 2, 429 rate_limited: 1}}
    - {wait: 499ms}
    - {send: 1 x GET https://api.example/products, expect: {429 rate_limited: 1}}
    - {wait: 1ms}
    - {send: 1 x GET https://api.example/products, expect: {allow: 1}}
    - {as: {from: 192.0.2.9}}
    - {send: 2 x GET https://api.example/products, expect: {allow @shop: 2}}
    - {send: 4 x GET https://api.example/products, within: 2s, expect: {429 rate_limited: 1, allow: 3}}
""")
    assert report.failed == ()
    assert len(report.results) == 1


def test_a_sequence_uses_up_a_quota_until_midnight_and_never_holds_a_slot() -> None:
    """Requests of a test take no time, so none is under way when the next one comes; a quota is the calendar's."""
    report = run(
        """
- name: a day
  as: reader
  at: 2026-06-01T23:59:00Z
  sequence:
    - {send: 4 x GET https://api.example/products, expect: {allow: 3, 429 quota_exhausted: 1}}
    - {wait: 59s}
    - {send: 1 x GET https://api.example/products, expect: {429 quota_exhausted: 1}}
    - {wait: 1s}
    - {send: 1 x GET https://api.example/products, expect: {allow: 1}}
""",
        base=BASE.replace("rate: 2/s}", "concurrent: 1}, day: {key: ip, quota: 3/day}"),
    )
    assert report.failed == ()


def test_a_sequence_that_fails_says_at_which_step() -> None:
    """Wanted and got are counted; the line is that of the step."""
    report = run("""
- name: throttled
  as: reader
  sequence:
    - {send: 2 x GET https://api.example/products, expect: {allow: 2}}
    - {send: 2 x GET https://api.example/products, expect: {allow: 2}}
""")
    (failed,) = report.failed
    assert failed.want == "allow: 2"
    assert failed.got == "429 rate_limited @shop: 2"
    assert failed.note == "step 2 of the sequence"


def test_a_token_is_good_in_the_hour_after_a_long_wait() -> None:
    """Stand-in tokens are minted when they are sent; a persona that writes its `exp` is held to it."""
    report = run("""
- name: fresh
  as: reader
  sequence: [{wait: 2h}, {send: 1 x GET https://api.example/orders/1, expect: {allow: 1}}]
- name: written
  as: {token: {issuer: login, claims: {sub: u-1, scope: orders:read, exp: 1780315201, iat: 1780315200}}}
  sequence:
    - {send: 1 x GET https://api.example/orders/1, expect: {allow: 1}}
    - {wait: 31s}
    - {send: 1 x GET https://api.example/orders/1, expect: {401 token_invalid: 1}}
""")
    assert [(result.want, result.got) for result in report.failed] == []


def test_a_country_that_nobody_knows_fails_the_check() -> None:
    """Without a written country and without a database nothing is guessed."""
    (failed,) = check("GET https://far.example/", "allow", "{from: 192.0.2.1}").failed
    assert "nowhere.mmdb" in failed.got


def test_a_country_comes_from_the_test_or_from_an_atlas() -> None:
    """Written, it counts; else the atlas is asked."""

    class Korea:
        """An atlas of one country."""

        def locate(self, address: str) -> Place:
            """Return it."""
            return Place(country="KP" if address == "192.0.2.1" else "DE")

    tests = """
- {name: written, as: {from: 192.0.2.1, country: DE}, checks: {"GET https://far.example/": allow @far}}
- {name: found, as: {from: 192.0.2.1}, checks: {"GET https://far.example/": 403 geo_denied @far}}
- {name: else, as: {from: 192.0.2.2}, checks: {"GET https://far.example/": allow @far}}
"""
    assert run(tests, atlas=Korea()).failed == ()


def test_a_skipped_test_is_listed_with_its_reason() -> None:
    """Never silently."""
    report = run("- {name: later, skip: waits for the new plan, as: reader, checks: {'GET https://a/': allow}}")
    assert (report.skipped, report.results) == ((("later", "waits for the new plan"),), ())


CLOSED = """
    version: 1
    name: egress
    settings:
      listeners: {egress: {port: 3128, kind: forward}}
    segments:
      out:
        match: {listeners: [egress], hosts: [pay.example, api.example], clients: [anonymous]}
        network: {passthrough: [pay.example]}
        routes: {"GET /charges": public}
    tests:
"""


@pytest.mark.parametrize(
    ("request_", "expect"),
    [
        ("GET https://pay.example/charges", "allow @out"),
        ("DELETE https://pay.example/nobody/sees", "allow @out"),
        ("GET https://api.example/charges", 'allow @out via "GET /charges"'),
        ("DELETE https://api.example/charges", "405 method_not_allowed @out"),
        ("DELETE http://pay.example/charges", "405 method_not_allowed @out"),
        ("GET https://other.example/charges", "403 egress_denied"),
    ],
)
def test_where_tls_stays_closed_the_tunnel_is_all(request_: str, expect: str) -> None:
    """No path and no method of what goes through it is judged, since nobody sees them."""
    checks = f"- {{name: one, as: {{listener: egress}}, checks: {{'{request_}': '{expect}'}}}}"
    (result,) = run(checks, base=CLOSED).results
    assert result.passed, result.got


@pytest.mark.parametrize(("minimum", "fails"), [(0.24, False), (0.25, False), (0.26, True)])
def test_coverage_is_a_gate(minimum: float, fails: bool) -> None:
    """Below the minimum the report fails; exactly the minimum is enough: one of four routes is a quarter."""
    report = run('- {name: one, as: reader, checks: {"GET https://api.example/products": allow}}', min_coverage=minimum)
    assert bool(report.failed) is fails
    assert all(result.passed for result in report.results)


def test_only_some_tests_are_no_measure_of_coverage() -> None:
    """With a part of the tests the gate says nothing."""
    tests = """
- {name: first, as: reader, checks: {"GET https://api.example/products": allow}}
- {name: second, as: reader, checks: {"GET https://api.example/products": 403 scope_missing}}
"""
    report = run(tests, only="first", min_coverage=0.9)
    assert ([result.test for result in report.results], report.failed) == (["first"], ())


def test_it_takes_milliseconds() -> None:
    """Fifty checks run at each reload: within 50 ms even on a busy machine."""
    checks = ", ".join(f'"GET https://api.example/orders/{n}": allow' for n in range(50))
    policy = policy_from(BASE + f"      - {{name: many, as: reader, checks: {{{checks}}}}}")
    took = []
    for _ in range(5):
        began = time.perf_counter()
        assert run_cases(policy).failed == ()
        took.append(time.perf_counter() - began)
    assert min(took) < 0.05
