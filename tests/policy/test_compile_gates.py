"""Gates: what profiles, segment and route add up to; a route may only tighten."""

from __future__ import annotations

import pytest

from parclose.policy.compile_gates import loosened_authn
from parclose.policy.segment import Authn
from tests.policy.shop import changed, load_text, said

ROUTE = '"read /orders/**": orders:read'
SEGMENT = "    routes:"


@pytest.mark.parametrize(
    ("segment", "route", "found"),
    [
        ("network: {allow: [private]}", "network: {allow: [vpn4]}", []),
        ("network: {allow: [vpn4]}", "network: {allow: [private]}", [("RTE006", "allow")]),
        ("network: {allow: [vpn4]}", "network: {allow: ~}", [("RTE006", "allow")]),
        ("network: {allow: [vpn4]}", "network: ~", [("RTE006", "network")]),
        ("network: {deny: [office]}", "network: {deny: [vpn4]}", [("RTE006", "deny")]),
        ("network: {deny: [office]}", "network: {deny: [vpn4, office]}", []),
        ("network: {deny_geo: [nordic]}", "network: {deny_geo: [NO]}", [("RTE006", "deny_geo")]),
        ("network: {allow_geo: [nordic]}", "network: {allow_geo: [NO]}", []),
        ("network: {allow_geo: [NO]}", "network: {allow_geo: [nordic]}", [("RTE006", "allow_geo")]),
        ("network: {deny_as: 404}", "network: {destinations: {deny: []}}", [("RTE006", "destinations")]),
        ("authn: {max_token_age: 1h}", "authn: {max_token_age: 2h}", [("RTE006", "max_token_age")]),
        ("authn: {max_token_age: 1h}", "authn: {max_token_age: 1h}", []),
        ("authn: {accept: [token]}", "authn: {accept: [token, api_key]}", [("RTE006", "accept")]),
        ("authn: {accept: [token]}", "authn: {accept: [token+api_key]}", []),
        ("authn: {accept: [mtls]}", "cost: 1", [("AUT008", "mtls")]),
        ("authn: {accept: [token+mtls]}", "cost: 1", [("AUT008", "token+mtls")]),
        ("authn: {accept: [mtls+mtls]}", "cost: 1", [("TYP002", "mtls+mtls")]),
        ("authn: {accept: [cookie]}", "cost: 1", [("TYP002", "cookie")]),
        ("authn: {issuers: [logn]}", "cost: 1", [("REF001", "logn")]),
        ("authn: {key_stores: [partner]}", "cost: 1", [("REF001", "partner")]),
    ],
)
def test_a_route_may_only_tighten(segment: str, route: str, found: list[tuple[str, str]]) -> None:
    """Each key of both rules, tighter and looser."""
    assert (
        said(
            (SEGMENT, f"    {segment}\n{SEGMENT}"),
            (ROUTE, f'"read /orders/**": {{scopes: orders:read, {route}}}'),
            ("office:", "vpn4: [10.20.0.0/16]\n  office:"),
        )
        == found
    )


def test_a_narrower_route_is_no_weaker_than_the_wider_one() -> None:
    """A wider route that tightens holds for what lies under it, too."""
    wide = f'{ROUTE[:-11]}{{scopes: orders:read, network: {{allow: [vpn]}}}}\n      "GET /orders/{{id}}": orders:read'
    assert said((ROUTE, wide)) == [("RTE006", "GET /orders/{id}")]


@pytest.mark.parametrize(
    ("tight", "loose", "key"),
    [
        (Authn(amr=("otp",)), Authn(amr=("otp", "pwd")), ""),
        (Authn(amr=("otp",)), Authn(), "amr"),
        (Authn(acr=("gold", "silver")), Authn(acr=("gold",)), ""),
        (Authn(acr=("gold",)), Authn(acr=("gold", "silver")), "acr"),
        (Authn(acr=("gold",)), Authn(), "acr"),
        (Authn(issuers=frozenset({"a"})), Authn(), "issuers"),
        (Authn(key_stores=frozenset({"a"})), Authn(key_stores=frozenset({"a", "b"})), "key_stores"),
    ],
)
def test_looser_proofs(tight: Authn, loose: Authn, key: str) -> None:
    """All methods are needed, any one context class is: more of the first and fewer of the second is tighter."""
    assert loosened_authn(tight, loose) == key


INSIDE = "  inside: {network: {allow: [vpn], deny_as: 404}, authn: {max_token_age: 1h}}"


def test_what_comes_out() -> None:
    """Profiles merge by key; 404, destinations and places of rules are kept."""
    text = changed(
        ("segments:", f"profiles:\n{INSIDE}\nsegments:"),
        (SEGMENT, f"    use: [inside]\n    network: {{deny: [office]}}\n{SEGMENT}"),
    )
    policy = load_text(text)
    network = policy.segments["shop"].network
    assert (network.allow_zones, network.deny_zones, network.deny_as) == (("vpn",), ("office",), 404)
    assert network.destinations_deny == policy.zones.mask_of(["internal"])
    assert network.where == f"policy.yaml:{1 + text.splitlines().index(INSIDE)}"
    authn = policy.segments["shop"].authn
    assert (authn.accept, authn.max_token_age_s) == ((frozenset({"token"}),), 3600.0)
    assert authn.issuers == frozenset({"login"})


def test_hosts_that_stay_closed() -> None:
    """They are inherited like the rest of `network`; a segment that names none leaves none closed."""
    change = ("    routes:", "    network: {passthrough: [pay.example, '*.bank.example']}\n    routes:")
    policy = load_text(changed(change))
    assert tuple(map(str, policy.segments["shop"].network.passthrough)) == ("pay.example", "*.bank.example")
    assert policy.unenforced == ()
    assert load_text(changed()).segments["shop"].network.passthrough == ()
