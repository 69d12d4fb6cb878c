"""The policy as written, part by part: if these fail, a look passes over what a route set or a profile says."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench
from parclose.policy.lint.written import is_outward, networks, parts, routes, serving, sources
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

MORE = """\
profiles:
  inside: {network: {allow: [office]}, routes: {"GET /a": {scopes: none, network: {deny: [vpn]}}}}
route_sets:
  shared: {"GET /b": {scopes: none, network: {allow: [vpn]}}}
segments:
  pay:
    match: {listeners: [out], hosts: [pay.example], clients: [partner]}
    network: {allow: [vpn]}
    routes: {"GET /": authenticated}
"""


def bench() -> Bench:
    """Return a bench of the base with parts of every kind."""
    said = examined(changed(("segments:\n", MORE)))
    assert said.policy is not None, [each.render() for each in said.findings]
    assert said.desk is not None
    return Bench(desk=said.desk, policy=said.policy)


def test_every_part_is_seen() -> None:
    """Profiles, segments, route sets, and what their routes say."""
    made = bench()
    assert [str(name) for name, _ in parts(made.spec)] == ["inside", "pay", "shop"]
    assert {str(key) for key, _ in routes(made.spec)} == {"GET /a", "GET /b", "GET /", "GET /items", "read /orders/**"}
    assert sum(1 for _ in networks(made.spec)) == 4


def test_where_callers_come_from_and_where_to() -> None:
    """Sources are those of the client types; a forward listener is outward, and serves nobody's host."""
    made = bench()
    pay, shop = made.policy.segments["pay"], made.policy.segments["shop"]
    assert (sources(made, pay), sources(made, shop)) == ({"store partners"}, {"issuer login"})
    assert (is_outward(made, pay), is_outward(made, shop)) == (True, False)
    assert (serving(made, "pay.example"), serving(made, "shop.example")) == (None, shop)
