"""TLS that stays closed: if these fail, a tunnel nobody looks into carries what its caller may not send."""

from __future__ import annotations

import pytest

from parclose.engine import verdict_of
from parclose.facts import Proof
from parclose.stages.closed import inside, stays_closed
from parclose.verdict import PASSTHROUGH
from tests.stages.kit import a_token, judged, policy, presenting, request, walked

FORWARD = "listeners: {forward: {port: 3128, kind: forward}}"
OUT = """
out:
  match: {listeners: [forward], hosts: [pay.example, "*.pay.example", open.example], clients: [web, anonymous]}
  network: {passthrough: [pay.example, "*.pay.example"%s]}
  routes: {%s}
"""


def tunnel(text: str, *proofs: Proof, host: str = "pay.example") -> str:
    """Return what comes of a tunnel, and whether it stays closed."""
    verdict = verdict_of(
        presenting(policy(text, FORWARD), request(f"CONNECT https://{host}", kind="forward", connect=True), *proofs)
    )
    assert verdict.unopened == (verdict.detail == PASSTHROUGH and verdict.allowed)
    said = "allow" if verdict.allowed else f"{verdict.status} {verdict.reason}"
    return f"{said} {verdict.detail}".strip()


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("pay.example", "allow passthrough"),
        ("api.pay.example", "allow passthrough"),
        ("open.example", "allow"),
        ("other.example", "403 egress_denied"),
    ],
)
def test_only_hosts_that_are_named_stay_closed(host: str, expected: str) -> None:
    """Other hosts of the segment are opened and judged inside."""
    assert tunnel(OUT % ("", '"any /**": public'), host=host) == expected


@pytest.mark.parametrize(
    ("routes", "proofs", "expected"),
    [
        ('"any /**": public', (), "allow passthrough"),
        ('"any /**": open', (), "allow passthrough"),
        ('"any /**": authenticated', (), "407 credential_missing"),
        ('"any /**": authenticated', (a_token(),), "allow passthrough"),
        ('"read /**": public, "write /**": authenticated', (), "407 credential_missing"),
        ('"any /**": "orders:read"', (a_token(),), "403 scope_missing"),
        ('"any /**": "orders:read"', (a_token(scope="orders:read"),), "allow passthrough"),
        ('"read /**": authenticated, "write /**": "orders:write"', (a_token(),), "403 scope_missing"),
        ('"any /**": {roles: {all: [support]}}', (a_token(),), "403 role_missing"),
        ('"any /t/{tenant}/**": {bind: {tenant: identity.tenant}}', (a_token(org="t"),), "403 bind_mismatch tenant"),
        ('"any /**": {network: {allow: [office]}}', (a_token(),), "403 zone_denied"),
        ('"any /**": {network: {destinations: {allow: [office]}}}', (a_token(),), "403 destination_denied"),
        ('"any /**": {authn: {max_token_age: 5s}}', (a_token(),), "407 token_too_old"),
    ],
)  # fmt: skip
def test_who_opens_it_may_send_whatever_goes_through(routes: str, proofs: tuple[Proof, ...], expected: str) -> None:
    """Nobody sees which route is taken, so the caller is held to each of them, before the tunnel is there."""
    assert tunnel(OUT % ("", routes), *proofs) == expected
    if expected.startswith("403"):
        assert tunnel(OUT % ("", routes), *proofs, host="open.example") == "allow"


def test_it_stays_closed_only_where_all_say_so() -> None:
    """A segment on the same host that judges requests is not got round through another that does not."""
    other = """
other:
  match: {listeners: [forward], hosts: [pay.example], paths: [/orders/**], clients: [web, anonymous]}
  routes: {"any /**": public}
"""
    text = OUT % ("", '"any /**": public')
    assert tunnel(text + other) == "allow"
    both = other.replace("  routes", "  network: {passthrough: [pay.example]}\n  routes")
    assert tunnel(text + both) == "allow passthrough"
    apart = other.replace("[web, anonymous]", "[web]").replace("public", "authenticated")
    assert tunnel(text + apart) == "allow passthrough"
    assert tunnel(text + apart, a_token()) == "allow"


def test_requests_are_judged_as_ever() -> None:
    """Only a CONNECT stays closed; a request that is seen is judged by what it is."""
    held = policy(OUT % ("", '"any /**": authenticated'), FORWARD)
    for line in ("GET https://pay.example/x", "GET http://pay.example/x"):
        plain = request(line, kind="forward")
        assert judged(held, plain) == "407 credential_missing @out"
        walk = walked(held, plain)
        assert not stays_closed(walk)
        assert list(inside(walk)) == []
