"""A guardrail's breach is shown by a request that is let in; without one nothing is claimed."""

from __future__ import annotations

import pytest

from parclose.analysis.witness import contradicts, witness
from parclose.policy.cells import Ground
from parclose.policy.errors import PolicyError
from parclose.policy.guardrails import Guardrail, breaches
from parclose.policy.implied import Unless
from parclose.policy.load import load
from parclose.policy.requests import RequestPattern
from parclose.policy.segment import Need
from parclose.verdict import Principal, Verdict
from tests.analysis.kit import policy, text
from tests.policy.shop import KEYS


def said(unless: Unless, *changes: tuple[str, str]) -> list[str]:
    """Return the witness of each breach of a guardrail about the back office."""
    of = policy(*changes)
    rail = Guardrail(id="rail", never=RequestPattern.parse("write https://back.example/**"), unless=unless)
    return [witness(of, breach) for breach in breaches(of, Ground.of(of), rail)]


@pytest.mark.parametrize(
    ("unless", "found"),
    [
        (Unless(zones=0, zone_names=("nowhere",)), "role admin, scope orders:write, from 0.0.0.0, country DE"),
        (Unless(roles=Need(any=("admin",))), "role clerk, scope orders:write, from 10.20.0.0, country DE"),
        (Unless(clients=frozenset({"partner"})), "role admin, scope orders:write, from 10.20.0.0, country DE"),
    ],
)
def test_who_gets_in_all_the_same(unless: Unless, found: str) -> None:
    """The caller lacks just what the guardrail wants."""
    open_ = (("    network: {allow: [vpn], deny_geo: [nordic]}\n", "    network: {deny_geo: [nordic]}\n"),)
    changes = open_ if unless.zones is not None else ()
    assert said(unless, *changes) == [f"POST https://back.example/x by client web, {found}"]


@pytest.mark.parametrize(
    ("unless", "wrong"),
    [
        (Unless(), True),
        (Unless(zones=1 << 5), False),
        (Unless(zones=1 << 4), True),
        (Unless(roles=Need(any=("dev", "ops"))), False),
        (Unless(roles=Need(all=("dev", "ops"))), True),
        (Unless(scopes=Need(any=("s",))), False),
        (Unless(scopes=Need(any=("t",))), True),
        (Unless(clients=frozenset({"web"})), False),
        (Unless(clients=frozenset({"mob"})), True),
        (Unless(geo=()), True),
    ],
)
def test_what_contradicts_a_guardrail(unless: Unless, wrong: bool) -> None:
    """Each facet by itself."""
    principal = Principal(client_type="web", roles=frozenset({"dev"}), scopes=frozenset({"s"}))
    of = policy()
    assert of.zones.zones[5] == "vpn"
    verdict = Verdict(principal=principal, client_ip="10.20.0.1", country="DE")
    assert contradicts(of, unless, verdict, 0.0) is wrong


def test_the_finding_names_the_witness() -> None:
    """Handed to the loader, it stands in the sentence; without it nothing is claimed."""
    body = text() + 'guardrails:\n  - {id: rail, never: "any https://shop.example/**", unless: {zones: [vpn]}}\n'
    held = {"/p/policy.yaml": body.encode(), "/p/keys.json": KEYS.encode()}
    for seen, words in ((witness, "GET https://shop.example/items by client web, from 0.0.0.0 is let in"), (None, "")):
        with pytest.raises(PolicyError) as caught:
            load("/p/policy.yaml", held.__getitem__, witness=seen)
        message = caught.value.findings[0].message
        assert words in message
        assert ("is let in" in message) is bool(words)
