"""Scopes, roles, attributes, issuers, client types: text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.compile_identity import claim_path
from parclose.policy.identity import ClaimMap
from tests.policy.shop import BASE, changed, load_text, one, said

LOGIN = "login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}"
WEB = "web: [{token: {issuer: login, client: [web]}}]"


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (("audience: [shop], ", ""), [("AUT003", "login")]),
        (("audience: [shop]", "audience: []"), [("AUT003", "login")]),
        (("[shop], jwks", "[shop], algorithms: [HS256], jwks"), [("AUT002", "HS256")]),
        (("[shop], jwks", "[shop], algorithms: [none], jwks"), [("AUT002", "none")]),
        (("[shop], jwks", "[shop], algorithms: [], jwks"), [("AUT002", "a")]),
        (("[shop], jwks", "[shop], algorithms: [RS265], jwks"), [("TYP002", "RS265")]),
        (("issuer: https://login.example, ", ""), [("TYP003", "login")]),
        ((", jwks_file: keys.json", ""), [("TYP003", "login")]),
        ((", jwks_file: keys.json", ", jwks_file: keys.json, jwks: {keys: []}"), [("TYP003", "login")]),
        (
            (", jwks_file: keys.json", ", discovery: http://x.example"),
            [("TYP005", "discovery"), ("AUT001", "http://x.example")],
        ),
        ((", jwks_file: keys.json", ", introspection: {}"), [("TYP005", "introspection")]),
        ((LOGIN, f"{LOGIN}\n  other: {LOGIN[7:]}"), [("AUT005", "https://login.example")]),
        (("[shop], jwks", "[shop], sender_constrained: dpop, jwks"), [("TYP005", "dpop")]),
        (("[shop], jwks", "[shop], claims: {subject: {}}, jwks"), [("TYP002", "{")]),
        ((WEB, "web: [{token: {issuer: logon}}]"), [("REF001", "logon")]),
        ((WEB, "web: [{token: {issuer: login, client: [w*b]}}]"), [("TYP002", "w*b")]),
        ((WEB, "web: []"), [("TYP003", "web")]),
        ((WEB, "web: [{}]"), [("TYP003", "{")]),
        ((WEB, "web: [{token: {issuer: login}, mtls: {ca: x}}]"), [("TYP005", "mtls")]),
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


def test_a_claim_named_by_url_is_one_name() -> None:
    """Dots part a path, except in a name that is a URL."""
    assert claim_path("a.b") == ("a", "b")
    assert claim_path("https://a.b/c") == ("https://a.b/c",)


def test_defaults() -> None:
    """What is not written: any-of RS256 and ES256, half a minute of leeway, a subject required."""
    issuer = load_text(BASE).issuers["login"]
    assert (issuer.algorithms, issuer.leeway_s, issuer.require, issuer.token_type) == (
        frozenset({"RS256", "ES256"}),
        30.0,
        ("subject",),
        "",
    )
