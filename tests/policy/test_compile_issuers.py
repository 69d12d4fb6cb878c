"""Issuers: one source of keys, what tokens must say, what is revoked; text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.compile_issuers import claim_path
from parclose.policy.identity import Introspection
from parclose.policy.segment import SecretRef
from tests.policy.shop import BASE, changed, load_text, said

LOGIN = "login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}"
ASK = "introspection: {url: https://login.example/ask, client_id: edge, client_secret: {env: S}}"
KEYS = ", jwks_file: keys.json"


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
        ((KEYS, ""), [("TYP003", "login")]),
        ((KEYS, ", jwks_file: keys.json, jwks: {keys: []}"), [("TYP003", "jwks")]),
        ((KEYS, ", jwks_file: keys.json, discovery: https://x.example"), [("TYP003", "jwks_file")]),
        ((KEYS, f", jwks_url: https://x.example, {ASK}"), [("TYP003", "introspection")]),
        ((KEYS, ", discovery: http://x.example"), [("AUT001", "http://x.example")]),
        ((KEYS, ", jwks_url: http://x.example"), [("AUT001", "http://x.example")]),
        ((KEYS, f", {ASK.replace('https', 'http')}"), [("AUT001", "http://login.example/ask")]),
        ((KEYS, f", {ASK.replace('{env: S}', '{}')}"), [("TYP003", "{")]),
        ((KEYS, f", {ASK.replace('{env: S}', '{file: ../s}')}"), [("REF005", "../s")]),
        (("audience: [shop], jwks_file: keys.json", ASK), []),
        (("audience: [shop], jwks_file: keys.json", f"{ASK}, sender_constrained: dpop"), [("AUT010", "dpop")]),
        (("audience: [shop], jwks_file: keys.json", "discovery: https://x.example"), [("AUT003", "login")]),
        (("issuer: https://login.example, audience: [shop]" + KEYS, ASK), []),
        (
            ("issuer: https://login.example, audience", "discovery: https://x.example, audience"),
            [("TYP003", "jwks_file")],
        ),
        (
            ("issuer: https://login.example, audience: [shop]" + KEYS, "jwks_url: https://x.example, audience: [shop]"),
            [("TYP003", "login")],
        ),
        ((LOGIN, f"{LOGIN}\n  other: {LOGIN[7:]}"), [("AUT005", "https://login.example")]),
        (
            (LOGIN, f"{LOGIN}\n  other: {{discovery: https://login.example, audience: [shop]}}"),
            [("AUT005", "https://login.example")],
        ),
        ((LOGIN, f"{LOGIN}\n  old: {{{ASK}}}\n  older: {{{ASK}}}"), []),
        (("[shop], jwks", "[shop], sender_constrained: dpop, jwks"), []),
        (("[shop], jwks", "[shop], claims: {subject: {}}, jwks"), [("TYP002", "{")]),
        (("[shop], jwks", "[shop], revoked: gone.txt, jwks"), [("REF005", "gone.txt")]),
        (("[shop], jwks", "[shop], revoked: ../up.txt, jwks"), [("REF005", "../up.txt")]),
    ],
)
def test_mistakes(change: tuple[str, str], found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said(change) == found


@pytest.mark.parametrize(
    ("content", "revoked"),
    [
        (b"", set()),
        (b"# nobody\n\n", set()),
        (b"jti a-1\r\nsub  u 7  # left\n", {("jti", "a-1"), ("sub", "u 7")}),
        (b"jti a\njti a\n", {("jti", "a")}),
    ],
)
def test_what_is_revoked(content: bytes, revoked: set[tuple[str, str]]) -> None:
    """One claim a line, with its value; comments and blanks aside. The file is part of the revision."""
    text = changed(("[shop], jwks", "[shop], revoked: /run/revoked.txt, jwks"))
    policy = load_text(text, {"/run/revoked.txt": content})
    assert policy.issuers["login"].revoked == revoked
    assert "/run/revoked.txt" in policy.files
    assert policy.revision != load_text(text, {"/run/revoked.txt": content + b"jti z\n"}).revision


@pytest.mark.parametrize("line", [b"a-1", b"jti", b"jti ", b"iss https://x", b"jti \xff"])
def test_a_line_that_revokes_nothing(line: bytes) -> None:
    """A line that is passed over would let in whom it names."""
    found = said(("[shop], jwks", "[shop], revoked: r.txt, jwks"), files={"r.txt": b"jti ok\n" + line})
    assert found == [("REF005", "r.txt")]


@pytest.mark.parametrize(
    ("written", "source", "iss", "url"),
    [
        ("discovery: https://a.example", "discovery", "https://a.example", "https://a.example"),
        (
            "discovery: https://a.example, issuer: https://b.example",
            "discovery",
            "https://b.example",
            "https://a.example",
        ),
        (
            "jwks_url: https://a.example/k, issuer: https://b.example",
            "jwks_url",
            "https://b.example",
            "https://a.example/k",
        ),
        (ASK, "introspection", "", ""),
        ("jwks_file: keys.json, issuer: https://b.example", "keys", "https://b.example", ""),
    ],
)
def test_where_keys_come_from(written: str, source: str, iss: str, url: str) -> None:
    """The issuer is the discovery URL unless it is written; all sources are enforced."""
    policy = load_text(changed((LOGIN[8:-1], f"audience: [shop], {written}")))
    issuer = policy.issuers["login"]
    assert (issuer.source, issuer.iss, issuer.url, issuer.is_opaque) == (source, iss, url, source == "introspection")
    assert policy.issuer_of == ({iss: "login"} if iss else {})
    assert policy.unenforced == ()


def test_introspection_has_its_defaults() -> None:
    """A second to wait, half a minute to believe a good answer, ten seconds a bad one; the secret is a place."""
    policy = load_text(changed(("audience: [shop], jwks_file: keys.json", ASK)))
    asked = policy.issuers["login"].introspection
    ref = SecretRef(source="env", name="S", where="policy.yaml:8")
    assert asked == Introspection(url="https://login.example/ask", client_id="edge", client_secret=ref)
    assert (asked.timeout_s, asked.cache_s, asked.negative_cache_s) == (1.0, 30.0, 10.0)


def test_proof_of_possession_is_asked_for() -> None:
    """By DPoP, by certificate, or by either; each token is held to what it names."""
    policy = load_text(changed(("[shop], jwks", "[shop], sender_constrained: either, jwks")))
    assert policy.issuers["login"].sender_constrained == "either"
    assert policy.unenforced == ()


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
