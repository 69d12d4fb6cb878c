"""Scopes, roles, attributes, client types: text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.identity import ClaimMap
from tests.policy.shop import changed, findings, load_text, one, said

WEB = "web: [{token: {issuer: login, client: [web]}}]"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ((WEB, "web: [{token: {issuer: logon}}]"), [("REF001", "logon")]),
        ((WEB, "web: [{token: {issuer: login, client: [w*b]}}]"), [("TYP002", "w*b")]),
        ((WEB, "web: []"), [("TYP003", "web")]),
        ((WEB, "web: [{}]"), [("TYP003", "{")]),
        ((WEB, "web: [{token: {issuer: login}, mtls: {ca: x}}]"), [("REF001", "x")]),
        ((WEB, "web: [{mtls: {}}]"), [("AUT008", "{")]),
        ((WEB, f"{WEB}\n  any: [{{token: {{issuer: login}}}}]"), [("TYP002", "any")]),
        ((WEB, f"{WEB}\n  app: [{{token: {{issuer: login, client: [we*]}}}}]"), [("CLI002", "{")]),
        ((WEB, f"{WEB}\n  app: [{{token: {{issuer: login}}}}]"), []),
        ((WEB, f"{WEB}\n  app: [{{token: {{issuer: login, client: [app]}}}}]"), []),
        (("[{api_key: {store: partners}}]", "[{api_key: {store: partners, ids: [pk_b]}}]"), [("REF001", "pk_b")]),
        (("implies: [orders:read]", "implies: [order:read]"), [("REF003", "order:read")]),
        (("orders:read: {}", "orders:read: {implies: [orders:write]}"), [("REF004", "orders:read")]),
        (("grants: [orders:write]", "grants: [orders:wirte]"), [("REF003", "orders:wirte")]),
        (("default: free", "default: fre"), [("REF001", "fre")]),
        ((", default: free", ", on_unknown: default"), [("TYP003", "d")]),
        (("values: [free, paid]", "values: [free, other]"), [("TYP002", "other")]),
    ],
)
def test_mistakes(change: tuple[str, str], found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said(change) == found


def test_two_client_types_for_one_caller_have_a_witness() -> None:
    """The finding names a caller that both would claim, and where the other is."""
    finding = one(changed((WEB, f"{WEB}\n  app: [{{token: {{issuer: login, client: [we*]}}}}]")))
    assert finding.message == "client types `web` and `app` both claim a token of `login` with client `web`"


def test_the_most_conditions_win() -> None:
    """A recogniser with more conditions is asked first; who is none of them is unrecognised."""
    clients = load_text(changed((WEB, f"app: [{{token: {{issuer: login}}}}]\n  {WEB}"))).clients
    assert clients.recognise(issuer="login", client="web", store="", key_id="") == "web"
    assert clients.recognise(issuer="login", client="x", store="", key_id="") == "app"
    assert clients.recognise(issuer="", client="", store="partners", key_id="pk_a") == "partner"
    assert clients.recognise(issuer="other", client="web", store="", key_id="") == "unrecognized"
    assert clients.hints == {"script": ("curl/*",)}
    assert clients.names == {"app", "web", "partner"}


def test_closures_and_claims() -> None:
    """Scopes stand for what they imply, roles for what they grant; claims are read where the issuer says."""
    policy = load_text(
        changed(("[shop], jwks", "[shop], claims: {roles: realm.roles, tenant: [org, 'https://x.example/t']}, jwks"))
    )
    assert policy.scopes["orders:write"] == {"orders:write", "orders:read"}
    assert policy.roles["admin"] == {"orders:write", "orders:read"}
    assert policy.issuers["login"].claims == ClaimMap(
        roles=(("realm", "roles"),), tenant=(("org",), ("https://x.example/t",))
    )
    assert {("realm", "roles"), ("org",), ("plan",), ("exp",)} <= policy.claims_read
    assert policy.issuer_of == {"https://login.example": "login"}


CAS = ("attributes:\n", "client_cas: {corp: {file: ca.pem}, hub: {file: ca.pem}}\nattributes:\n")
PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"


@pytest.mark.parametrize(
    ("one", "other", "witness"),
    [
        ("{ca: corp}", "{ca: corp}", "a certificate of `corp`"),
        ("{ca: corp}", "{ca: hub}", ""),
        ("{ca: corp, san_dns: [a.x]}", "{ca: corp, san_dns: ['*.x']}", "a certificate of `corp` with `a.x`"),
        ("{ca: corp, san_dns: [a.x]}", "{ca: corp, san_dns: [b.x]}", ""),
        ("{ca: corp, san_dns: [a.x]}", "{ca: corp}", ""),
        ("{ca: corp, san_dns: [a.x]}", "{ca: corp, subject: [CN=a]}", "a certificate of `corp` with `a.x` and `CN=a`"),
        (
            "{ca: corp, spiffe: ['spiffe://x/a/*']}",
            "{ca: corp, spiffe: [spiffe://x/a/b]}",
            "a certificate of `corp` with `spiffe://x/a/b`",
        ),
        ("{ca: corp, spiffe: ['spiffe://x/a/*']}", "{ca: corp, spiffe: ['spiffe://x/b/*']}", ""),
    ],
)
def test_two_client_types_for_one_certificate(one: str, other: str, witness: str) -> None:
    """Equal conditions that one certificate meets are refused with that certificate; others are let be."""
    text = changed(CAS, (WEB, f"web: [{{mtls: {one}}}]\n  app: [{{mtls: {other}}}]"), ("azp: web", "azp: x"))
    text = text.replace("clients: [web, anonymous]", "clients: [partner, anonymous]")
    messages = [finding.message for finding in findings(text, {"ca.pem": PEM}) if finding.id == "CLI002"]
    assert messages == ([f"client types `web` and `app` both claim {witness}"] if witness else [])
