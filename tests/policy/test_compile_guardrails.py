"""Guardrails compiled: names known, one thing said by each."""

from __future__ import annotations

import pytest

from parclose.policy.implied import Unless
from parclose.policy.segment import Need
from tests.policy.shop import BASE, ids, load_text

NEVER = 'never: "read https://shop.example/none/**"'


def rails(*texts: str) -> str:
    """Return the base with guardrails called `a`, `b` and so on."""
    return (
        BASE
        + "guardrails:\n"
        + "".join(f"  - {{id: {name}, {text}}}\n" for name, text in zip("abc", texts, strict=False))
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"{NEVER}, unless: {{zones: [offices]}}", "REF001"),
        (f"{NEVER}, unless: {{roles: [boss]}}", "REF001"),
        (f"{NEVER}, unless: {{scopes: {{all: [orders:raed]}}}}", "REF003"),
        (f"{NEVER}, unless: {{clients: [script]}}", "REF001"),
        (f"{NEVER}, unless: {{geo: [nordics]}}", "REF001"),
        (f"{NEVER}, only_in: [shoop]", "REF001"),
        (f"{NEVER}, unless: {{zones: []}}", "TYP002"),
        (f"{NEVER}, unless: {{roles: {{}}}}", "TYP003"),
        ("about: nothing", "TYP003"),
        (f"{NEVER}, require: {{segments: {{limits: set}}}}", "TYP003"),
        ("require: {segments: {limits: set}}, unless: {zones: [vpn]}", "TYP003"),
        ("require: {segments: {x-note: set}}", "TYP003"),
    ],
)
def test_what_is_refused(text: str, found: str) -> None:
    """Unknown names, and guardrails that say nothing or two things."""
    assert ids(rails(text)) == [found]


def test_two_of_one_id() -> None:
    """An id is quoted: it must say which."""
    assert ids(BASE + f"guardrails:\n  - {{id: a, {NEVER}}}\n  - {{id: a, {NEVER}}}\n") == ["TYP003"]


def test_what_it_comes_to() -> None:
    """Masks, requirements and sets; a bare list is one of them, `any` is every named client type."""
    facets = "zones: [vpn], roles: [admin], scopes: {all: [orders:read]}, clients: [any], geo: [nordic]"
    text = f"{NEVER}, unless: {{{facets}}}"
    policy = load_text(rails(text, "require: {segments: {limits: set, authn: set}}, only_in: [shop]"))
    first, second = policy.guardrails
    assert first.unless == Unless(
        zones=policy.zones.mask_of(["vpn"]),
        zone_names=("vpn",),
        roles=Need(any=("admin",)),
        scopes=Need(all=("orders:read",)),
        clients=frozenset({"web", "partner"}),
        geo=first.unless.geo,
    )
    assert (first.id, str(first.never), first.governs("shop")) == ("a", "read https://shop.example/none/**", True)
    assert (second.require, second.governs("shop"), second.governs("other")) == (("authn", "limits"), True, False)
