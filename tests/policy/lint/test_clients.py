"""Client types that take more callers than they seem to."""

from __future__ import annotations

import pytest

from parclose.policy.lint.clients import matches_most
from tests.policy.lint.looking import found
from tests.policy.lint.sending import looked

WEB = "  web: [{token: {issuer: login, client: [web]}}]\n"
SECOND = "  staff-login: {issuer: https://sso.example, audience: [shop], jwks_file: keys.json}\n"


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ("  rest: [{token: {issuer: login}}]\n", ["login"]),
        ("  rest: [{token: {issuer: login, client: [other]}}, {token: {issuer: login}}]\n", ["login"]),
        ("  rest: [{token: {issuer: staff-login}}]\n", []),
        ("  rest: [{token: {issuer: login, client: [other]}}]\n", []),
        # With a key beside the token it is not every client of the issuer.
        ("  rest: [{token: {issuer: login}, api_key: {store: partners}}]\n", []),
    ],
)
def test_any_client(more: str, expected: list[str]) -> None:
    """CLI003: an issuer serves several client types, and one of them takes all the rest."""
    said = found("CLI003", (WEB, WEB + more), ("api_keys:\n", SECOND + "api_keys:\n"))
    assert [text for text, _ in said] == expected


@pytest.mark.parametrize(
    ("client", "stranger"), [("[web]", "newcomer"), ('["new*"]', "ewcomern-"), ("[newcomers]", "newcomer")]
)
def test_a_newcomer_is_taken(client: str, stranger: str) -> None:
    """The client that the finding names is recognised as it says."""
    web = WEB.replace("[web]}}", f"{client}}}}}")
    policy, findings = looked("CLI003", (WEB, web + "  rest: [{token: {issuer: login}}]\n"))
    assert [each.message for each in findings] == [
        (
            "`rest` takes every client of `login` that `web` does not: a token with client "
            f"`{stranger}` makes its bearer `rest`"
        )
    ]
    assert policy is not None
    assert policy.clients.recognise(issuer="login", client=stranger, store="", key_id="") == "rest"


@pytest.mark.parametrize(
    ("pattern", "most"),
    [
        ("*", True),
        ("?*", True),
        ("Mozilla/*", True),
        ("mozilla*", True),
        ("*Gecko*", True),
        ("curl/*", False),
        ("*Firefox/*", False),
        ("*Chrome/*", False),
    ],
)
def test_matches_most(pattern: str, most: bool) -> None:
    """CLI004: a hint that most browsers match tells nobody apart; one kind of browser is something."""
    assert matches_most(pattern) == most
    said = found("CLI004", ('["curl/*"]', f'["curl/*", "{pattern}"]'))
    sentence = f"`{pattern}` of hint `script` matches most browsers: it tells nobody apart"
    assert said == ([(pattern, sentence)] if most else [])
