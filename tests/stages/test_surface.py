"""Surfaces: the most specific one wins outright, and there is no falling through."""

from __future__ import annotations

from itertools import product

import pytest

from parclose.ports import AskProof, AskTake
from tests.stages.kit import Table, a_token, judged, policy, request

NESTED = """
wide:
  match: {hosts: ["*.test"], clients: [web, anonymous]}
  routes: {"any /**": public}
narrow:
  match: {hosts: [api.test], paths: [/v1/payouts/**], clients: [staff]}
  routes: {"any /**": authenticated}
exact:
  match: {hosts: [api.test], clients: [web, anonymous]}
  routes: {"any /**": public}
out:
  match: {listeners: [forward], hosts: [far.example], clients: [web]}
  routes: {"GET /x": authenticated}
"""
LISTENERS = """
listeners:
  forward: {port: 3128, kind: forward}
  reverse: {port: 8080, kind: reverse}
"""


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET http://www.test/v1/payouts/1", "allow @wide"),
        ("GET http://api.test/v1/pay", "allow @exact"),
        # No falling through: the carve-out is total, though the wider segment would take a visitor.
        ("GET http://api.test/v1/payouts/1", "401 credential_missing @narrow"),
        ("GET http://api.test/v1/payouts", "401 credential_missing @narrow"),
        ("GET http://api.test/v1/payoutsx", "allow @exact"),
        ("GET http://test/", "404 no_segment"),
        ("GET http://far.example/x", "404 no_segment"),
    ],
)
def test_the_best_surface_decides_alone(line: str, expected: str) -> None:
    """A wider segment is not asked once a narrower one stands there."""
    assert expected == judged(policy(NESTED, LISTENERS), request(line))


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET https://far.example/x", "allow @out"),
        ("GET https://near.example/x", "403 egress_denied"),
        ("GET https://api.test/", "403 egress_denied"),
    ],
)
def test_a_forward_listener_takes_named_hosts_only(line: str, expected: str) -> None:
    """A segment that names no listener is on reverse ones only."""
    assert expected == judged(policy(NESTED, LISTENERS), request(line, kind="forward"), a_token())


def test_no_tunnel_to_a_host_that_nobody_takes() -> None:
    """CONNECT is judged on the host before a tunnel exists."""
    rules = policy(NESTED, LISTENERS)
    for host, expected in (("far.example", "allow @out"), ("near.example", "403 egress_denied")):
        facts = request(f"CONNECT https://{host}", kind="forward", connect=True)
        assert expected == judged(rules, facts, a_token())


def test_an_unknown_surface_costs_nothing_more() -> None:
    """A scanner of hosts causes no crypto and no counting beyond its own address."""
    world = Table()
    judged(policy(NESTED, LISTENERS), request("GET http://test/"), a_token(), world=world)
    assert (world.asked_for(AskProof), world.asked_for(AskTake)) == (0, 1)


def test_a_path_that_no_lookup_ends_on_is_refused() -> None:
    """No set of templates can be turned into an attack on the processor."""
    either = [("a", f"{{p{place}}}") for place in range(12)]
    paths = ", ".join(f'"/{"/".join(parts)}/z"' for parts in product(*either))
    rules = policy(f"""
    deep:
      match: {{paths: [{paths}], clients: [anonymous]}}
      routes: {{"any /**": public}}
    """)
    assert judged(rules, request("GET http://api.test" + "/a" * 12 + "/y")) == "400 path_too_complex"
