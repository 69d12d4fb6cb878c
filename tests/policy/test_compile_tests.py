"""Personas and tests: an expectation says exactly what it wants."""

from __future__ import annotations

import pytest

from parclose.policy.scenario import DEFAULT_AT, Become, CertificateStandIn, Expectation, Send, TokenStandIn, Wait
from tests.policy.shop import changed, load_text, said

CHECK = '    checks: {"GET https://shop.example/items": allow @shop}'


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("allow", []),
        ("allow @shop", []),
        ('allow @shop via "GET /items"', []),
        ("403 scope_missing @shop", []),
        ("403", [("TST001", "403")]),
        ("deny", [("TST001", "deny")]),
        ("403 scope_misssing", [("TST001", "403 scope_misssing")]),
        ("allow @shp", [("TST001", "allow @shp")]),
        ('allow @shop via "GET /item"', [("TST001", 'allow @shop via "GET /item"')]),
        ("scope_missing 403", [("TST001", "scope_missing 403")]),
    ],
)
def test_expectations(wanted: str, found: list[tuple[str, str]]) -> None:
    """Nothing shorter than a status and a reason; names and reasons exist."""
    quoted = wanted if '"' not in wanted else f"'{wanted}'"
    assert said((CHECK, f'    checks: {{"GET https://shop.example/items": {quoted}}}')) == found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ("    as: ann", [("TST002", "n")]),
        ("    checks: {}", [("TST002", "n")]),
        ("    skip: later", []),
        ('    checks: {"GET /items": allow}', [("TST001", "GET /items")]),
        ('    checks: {"GET ftp://x/": allow}', [("TST001", "GET ftp://x/")]),
        ('    checks: {"2 x GET https://x/": allow}', [("TST001", "2 x GET https://x/")]),
        (f"    as: anne\n{CHECK}", [("TST001", "anne")]),
        (f"    as: {{persona: anne}}\n{CHECK}", [("TST001", "anne")]),
        (f"    as: {{token: {{issuer: logon}}}}\n{CHECK}", [("REF001", "logon")]),
        (f"    as: {{api_key: {{store: none, id: x}}}}\n{CHECK}", [("REF001", "none")]),
        (f"    as: {{mtls: {{ca: none}}}}\n{CHECK}", [("REF001", "none")]),
        (f"    as: {{mtls: {{}}}}\n{CHECK}", []),
        (f"    as: {{listener: egde}}\n{CHECK}", [("TST001", "egde")]),
        (f"    as: {{country: UK}}\n{CHECK}", [("GEO003", "UK")]),
        (f"    at: noon\n{CHECK}", [("TYP002", "noon")]),
        ("    sequence: [{wait: 1s, send: GET https://x/}]", [("TYP003", "{")]),
        ("    sequence: [{send: GET https://x/}]", [("TST002", "{")]),
        ("    sequence: [{send: 2 x GET https://x/, expect: {allow: 1}}]", [("TST001", "e")]),
        (f"{CHECK}\n  - name: visitors see items\n{CHECK}", [("TYP003", "visitors see items")]),
    ],
)
def test_mistakes(lines: str, found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said((CHECK, lines)) == found


def test_personas_build_on_others() -> None:
    """Overrides replace single fields; claims keep the types that JSON has."""
    lines = (
        "    as: {persona: ann, from: 10.0.0.1, country: NO, credential: expired}\n"
        "    at: 2026-06-01T13:00:00Z\n"
        "    sequence:\n"
        "      - {send: 2 x GET https://shop.example/items, within: 1s, expect: {allow: 1, 429 rate_limited: 1}}\n"
        "      - {wait: 500ms}\n"
        "      - {as: {token: {issuer: login, claims: {sub: u, n: 1, t: '1'}}}}"
    )
    (test,) = load_text(changed((CHECK, lines))).tests
    assert (test.persona.peer, test.persona.country, test.persona.credential) == ("10.0.0.1", "NO", "expired")
    assert test.persona.token == TokenStandIn(issuer="login", claims={"sub": "u-1", "azp": "web"})
    assert test.at == DEFAULT_AT + 3600
    send, wait, become = test.sequence
    assert isinstance(send, Send)
    assert (send.count, send.within_s) == (2, 1.0)
    assert [(expect.text, count) for expect, count in send.expect] == [("allow", 1), ("429 rate_limited", 1)]
    assert wait == Wait(seconds=0.5)
    assert isinstance(become, Become)
    assert become.persona.token == TokenStandIn(issuer="login", claims={"sub": "u", "n": 1, "t": "1"})


def test_what_an_expectation_holds() -> None:
    """Status, reason, segment and route are told apart."""
    line = """    checks: {"GET https://shop.example/items": '401 token_invalid @shop via "GET /items"'}"""
    (test,) = load_text(changed((CHECK, line))).tests
    assert test.checks[0].expect == Expectation(
        allow=False, status=401, reason="token_invalid", segment="shop", route="GET /items",
        text='401 token_invalid @shop via "GET /items"',
    )  # fmt: skip


def test_a_certificate_of_a_persona() -> None:
    """Names are compared in lower case; without an authority it is of one that nobody knows."""
    text = changed(
        ("personas:\n", "client_cas: {corp: {file: ca.pem}}\npersonas:\n  robot: {mtls: {ca: corp, san_dns: [A.x]}}\n"),
        ("    checks:", "    as: {persona: robot, mtls: {spiffe: spiffe://x/y, subject: CN=z}}\n    checks:"),
    )
    policy = load_text(text, {"ca.pem": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"})
    assert policy.personas["robot"].mtls == CertificateStandIn(ca="corp", san_dns=("a.x",))
    assert policy.tests[0].persona.mtls == CertificateStandIn(spiffe="spiffe://x/y", subject="CN=z")
