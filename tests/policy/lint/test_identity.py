"""Issuers: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found

LOGIN = "  login: {issuer: https://login.example, audience: [shop], jwks_file: keys.json}"
ROUTES = '    routes:\n      "GET /items": public\n'
ASKED = "https://idp.example/introspect, client_id: a, client_secret: {env: S}"


def login(more: str) -> tuple[str, str]:
    """Return the change that gives the issuer of the base more fields."""
    return (LOGIN, LOGIN.replace("}", f", {more}}}"))


def fetched(url: str) -> tuple[str, str]:
    """Return the change that has the keys of the base fetched."""
    return (LOGIN, f"  login: {{issuer: https://login.example, audience: [shop], jwks_url: {url}}}")


def opaque(more: str) -> tuple[str, str]:
    """Return the change that gives the base an issuer of opaque tokens."""
    return (LOGIN, f"{LOGIN}\n  old: {{introspection: {{url: {ASKED}{more}}}}}")


IDP = """\
segments:
  idp:
    match: {listeners: [out], hosts: [idp.example], clients: [web]}
    routes: {ROUTE}
    limits: {steady: {key: ip, rate: 5/s}}
"""


def out(route: str) -> tuple[str, str]:
    """Return the change that gives the base a segment on the forward listener."""
    return ("segments:\n", IDP.replace("ROUTE", route))


@pytest.mark.parametrize(
    ("id", "changes", "expected"),
    [
        ("AUT004", [login("leeway: 5m")], []),
        (
            "AUT004",
            [login("leeway: 301s")],
            [("3", "`leeway` is above 5m: expired tokens pass for as long")],
        ),
        ("AUT004", [login("max_age: 24h")], []),
        ("AUT004", [login("max_age: 25h")], [("2", "`max_age` is above 24h: a stolen token serves for as long")]),
        (
            "AUT004",
            [(ROUTES, f"    authn: {{max_token_age: 2d}}\n{ROUTES}")],
            [("2", "`max_token_age` is above 24h: a stolen token serves for as long")],
        ),
        ("AUT004", [(ROUTES, f"    authn: {{max_token_age: 1d}}\n{ROUTES}")], []),
        (
            "AUT006",
            [opaque(", timeout: 1s")],
            [("introspection", "introspection of `old` without `cache`")],
        ),
        ("AUT006", [opaque("")], [("introspection", "introspection of `old` without `timeout` and `cache`")]),
        ("AUT006", [opaque(", timeout: 1s, cache: 30s")], []),
        (
            "AUT007",
            [fetched("https://shop.example/keys")],
            [
                (
                    "https://shop.example/keys",
                    "`shop.example` is itself a surface of this proxy, of segment `shop`",
                )
            ],
        ),
        ("AUT007", [fetched("https://keys.example/keys")], []),
        (
            "AUT007",
            [fetched("https://idp.example/keys"), out('"GET /other": authenticated')],
            [
                (
                    "https://idp.example/keys",
                    "egress segment `idp` lets no GET of `https://idp.example/keys` out",
                )
            ],
        ),
        (
            "AUT007",
            [fetched("https://idp.example/keys"), out('"GET /keys": authenticated')],
            [],
        ),
        (
            "AUT009",
            [(ROUTES, f"    authn: {{issuers: [login], key_stores: [partners]}}\n{ROUTES}")],
            [("partners", "no client type of segment `shop` comes from key store `partners`")],
        ),
        ("AUT009", [(ROUTES, f"    authn: {{issuers: [login]}}\n{ROUTES}")], []),
        # What a profile says holds for segments of several kinds of callers.
        (
            "AUT009",
            [
                (ROUTES, f"    use: [all]\n{ROUTES}"),
                ("segments:\n", "profiles:\n  all: {authn: {key_stores: [partners]}}\nsegments:\n"),
            ],
            [],
        ),
        (
            "AUT009",
            [
                ("[web, anonymous]", "[web, anonymous, unrecognized]"),
                ("subject|ip", "ip"),
                (ROUTES, f"    authn: {{key_stores: [partners]}}\n{ROUTES}"),
            ],
            [],
        ),
    ],
)
def test_what_is_named_and_what_is_not(id: str, changes: list[tuple[str, str]], expected: object) -> None:  # noqa: A002
    """Each lint has a row that fires, with its place and words, and a near miss."""
    assert found(id, *changes) == expected
