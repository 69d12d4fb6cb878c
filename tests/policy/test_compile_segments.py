"""Segments: surface, audience, inheritance; text in, findings and values out."""

from __future__ import annotations

import pytest

from tests.policy.shop import BASE, changed, load_text, said

MATCH = "match: {hosts: [shop.example], clients: [web, anonymous]}"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("[web, anonymous]", "[wbe, anonymous]"), [("REF001", "wbe")]),
        (("[web, anonymous]", "[web, anonymous, script]"), [("CLI001", "script")]),
        (("[web, anonymous]", "[]"), [("TYP002", "c")]),
        (("[shop.example]", "[Shop.example]"), [("TYP002", "Shop.example")]),
        (("{hosts", "{listeners: [egde], hosts"), [("REF001", "egde")]),
        (("{hosts", "{env: prod, hosts"), [("REF001", "prod")]),
        (("{hosts", "{paths: [/a*], hosts"), [("RTE008", "/a*")]),
        (("{hosts", "{roles: [boss], hosts"), [("REF001", "boss")]),
        (("{hosts", "{zones: [home], hosts"), [("REF001", "home")]),
        (("{hosts", "{geo: [UK], hosts"), [("GEO003", "UK")]),
        (("{hosts", "{attributes: {plan: [gold]}, hosts"), [("REF001", "gold")]),
        (("{hosts", "{attributes: {plan: [other]}, hosts"), []),
        (("{hosts", "{attributes: {team: [a]}, hosts"), [("TYP003", "team")]),
        (("{hosts", "{attributes: {tier: [a]}, hosts"), [("REF001", "tier")]),
        (("    routes:", "    use: [base]\n    routes:"), [("REF001", "base")]),
        (("    routes:", "    mode: hidden\n    routes:"), [("TYP002", "hidden")]),
        (("    routes:", "    mode: off\n    routes:"), [("TST001", "allow @shop")]),
        (("    routes:", "    log_only: [limits, authn]\n    routes:"), [("MOD001", "authn")]),
        (("    routes:", "    audit: {body: all}\n    routes:"), [("TYP002", "all")]),
        (("    routes:", "    limiter: {store: redis}\n    routes:"), [("TYP002", "redis")]),
        (("    routes:", "    ressources:"), [("TYP003", "shop"), ("TYP001", "ressources")]),
    ],
)
def test_mistakes(change: tuple[str, str], found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said(change) == found


def test_a_segment_that_accepts_nothing() -> None:
    """A route that needs a credential, in a segment whose clients have none, is refused."""
    change = ("clients: [web, anonymous]", "clients: [anonymous]")
    assert said(change, ("key: subject|ip", "key: ip")) == [("SEG004", "shop")]
    assert said(change, ('      "read /orders/**": orders:read\n', "")) == []


def test_what_is_accepted_follows_the_clients() -> None:
    """Kinds, issuers and stores are those that the recognisers name; who is unrecognised may come from any."""
    policy = load_text(changed(("clients: [web, anonymous]", "clients: [web, partner, anonymous]")))
    authn = policy.segments["shop"].authn
    assert set(authn.accept) == {frozenset({"token"}), frozenset({"api_key"})}
    assert (authn.issuers, authn.key_stores) == (frozenset({"login"}), frozenset({"partners"}))
    any_ = load_text(changed(("clients: [web, anonymous]", "clients: [anonymous, unrecognized]"))).segments["shop"]
    assert (any_.authn.issuers, any_.authn.key_stores) == (frozenset(), frozenset())
    assert any_.audience.clients == {"anonymous", "unrecognized"}


def test_any_is_spelled_out() -> None:
    """`any` is every named client type, neither visitors nor strangers; so is no `clients` at all."""
    for clients in ("clients: [any]", "paths: [/**]"):
        policy = load_text(
            changed(("clients: [web, anonymous]", clients), ('"GET /items": public', '"GET /items": authenticated'))
        )
        assert policy.segments["shop"].audience.clients == {"web", "partner"}


def test_the_effective_segment() -> None:
    """Route, segment, profiles from the last, the profile `default`, then what is built in."""
    limits = "limits: {a: {key: ip, rate: 1/s}, b: {key: ip, rate: 1/s}}"
    profiles = (
        "profiles:\n"
        f"  default: {{about: d, max_body: 1MiB, preflight: deny, {limits}}}\n"
        "  one: {max_body: 2MiB, audit: {allow_sample: 1%, tag: [x]}, limits: {b: {key: ip, rate: 2/s}}}\n"
        "  two: {max_body: 3MiB, audit: {allow_sample: 5%}}\n"
        "segments:"
    )
    text = changed(
        ("segments:", profiles),
        ("    routes:", "    use: [one, two]\n    preflight: ~\n    routes:"),
        ("limits: {steady", "limits: {a: ~, steady"),
    )
    segment = load_text(text).segments["shop"]
    assert (segment.about, segment.max_body_bytes, segment.preflight) == ("d", 3 << 20, "allow")
    assert (segment.audit.allow_sample, segment.audit.tag) == (0.05, ("x",))
    assert {limit.name: limit.count for limit in segment.limits} == {"steady": 5, "b": 2}


def test_what_is_built_in() -> None:
    """A segment that says little: every path and method of its host on all reverse listeners, 10 MiB, preflights."""
    segment = load_text(BASE).segments["shop"]
    assert (segment.surface.listeners, [str(path) for path in segment.surface.paths], segment.surface.methods) == (
        (),
        ["/**"],
        None,
    )
    assert (segment.max_body_bytes, segment.preflight, segment.forward.credentials) == (10 << 20, "allow", "pass")
    assert segment.where == f"policy.yaml:{1 + BASE.splitlines().index('  shop:')}"
