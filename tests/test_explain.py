"""Explanations: every stage in its order, the rule that decided, and what would have passed."""

from __future__ import annotations

import json

import pytest

from parclose.explain import FAIL, NOT_REACHED, OK, SKIPPED, Account, explain, render
from parclose.facts import Facts, Proof
from tests.stages.kit import Table, a_key, a_token, policy, presenting, request

SHOP = policy("""
free:
  match: {clients: [web, anonymous], attributes: {plan: [free]}}
  routes:
    "GET /x": public
    "POST /orders": orders:write
    "GET /orders/{id:int}": orders:read
    "DELETE /orders/{id:uuid}": orders:write
  limits: {steady: {key: subject|ip, rate: 5/s, burst: 2}}
paid:
  match: {clients: [web], attributes: {plan: [paid]}}
  network: {deny: [vpn]}
  routes: {"GET /x": authenticated, "POST /orders": orders:write}
""")


def account(facts: Facts, *proofs: Proof, world: Table | None = None) -> Account:
    """Return the account of one request."""
    return explain(presenting(SHOP, facts, *proofs, world=world))


def test_a_denial_is_told_to_its_end() -> None:
    """Each stage is one line: what passed, what failed, and what was not reached."""
    told = account(request("POST http://api.test/orders"), a_token(scope="orders:read"))
    assert (told.effect, told.status, told.reason, told.segment) == ("deny", 403, "scope_missing", "free")
    assert [(line.number, line.stage, line.mark) for line in told.lines] == [
        ("1", "canonical", OK),
        ("2", "client", OK),
        ("3", "admission", OK),
        ("4", "surface", OK),
        ("5", "gate", OK),
        ("6", "route", OK),
        ("7", "authn", OK),
        ("8", "audience", OK),
        ("9", "network", OK),
        ("10", "credential", OK),
        ("11", "scope", FAIL),
        ("11b", "destination", SKIPPED),
        ("12", "rate", SKIPPED),
    ]
    words = {line.stage: line.words for line in told.lines}
    assert words["scope"] == "scopes `orders:read`; needs `orders:write`"
    assert words["rate"] == NOT_REACHED
    assert words["audience"] == "free  (not paid: attribute)"
    assert words["authn"] == "token from login, subject 'u-1', client type web"
    assert words["client"].startswith("203.0.113.10  zones: ")


def test_a_failing_line_names_its_rule() -> None:
    """The refusal says in which line of which file to look."""
    told = account(request("POST http://api.test/orders"), a_token())
    line = next(line for line in told.lines if line.mark == FAIL)
    assert line.where.startswith("policy.yaml:")


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("GET http://api.test/orders/abc", [("GET /orders/{id:int}", 'id="abc" is not an int')]),
        ("PUT http://api.test/orders", [("POST /orders", "matches, other method")] * 2),
        ("GET http://api.test/nope", []),
    ],
)
def test_near_misses_say_what_kept_them(line: str, expected: list[tuple[str, str]]) -> None:
    """A 404 for a value of the wrong type is baffling without its reason."""
    assert expected == [(near.route, near.words) for near in account(request(line)).near]


def test_an_allow_shows_what_was_used() -> None:
    """Headroom and route are part of the story; nothing is suggested."""
    told = account(request("GET http://api.test/x"), a_token())
    words = {line.stage: line.words for line in told.lines}
    assert (told.effect, told.reason, told.would_allow) == ("allow", "", ())
    assert words["rate"] == "steady 1/5 left"
    assert words["route"] == "GET /x in free, GET /x in paid"


@pytest.mark.parametrize(
    ("facts", "proofs", "expected"),
    [
        (request("POST http://api.test/orders"), (a_token(),), "`orders:write`"),
        (request("POST http://api.test/orders"), (a_token(),), "the attribute that `paid` asks for"),
        (request("GET http://api.test/x"), (a_token(azp="x"),), "client type `anonymous`, `web`"),
        (request("GET http://other.test/x", faults=("header_conflict",)), (), ""),
    ],
)
def test_what_would_allow_it(facts: Facts, proofs: tuple[Proof, ...], expected: str) -> None:
    """The account ends with what to change."""
    told = account(facts, *proofs)
    assert told.would_allow == () if not expected else expected in told.would_allow


def test_the_text_has_one_row_a_stage() -> None:
    """What a terminal shows is the same data."""
    told = account(request("POST http://api.test/orders"), a_token())
    rows = render(told).splitlines()
    assert rows[0].startswith("DENY 403 scope_missing")
    assert "segment free" in rows[0]
    assert f"rev {SHOP.revision}" in rows[0]
    assert rows[11].startswith(" 11 scope        FAIL")
    assert rows[13] == " 12 rate         -     not reached"
    assert rows[14].startswith("what would allow it:  `orders:write`")


def test_the_account_is_json() -> None:
    """The console and `--format json` read the same fields."""
    told = account(request("GET http://api.test/orders/abc"), a_token())
    read = json.loads(json.dumps(told.as_json()))
    assert (read["reason"], read["lines"][5]["mark"], len(read["near"])) == ("no_route", FAIL, 1)


def test_secrets_and_other_subjects_stay_out() -> None:
    """An account may be shown to support: no credential is in it, and odd subjects cannot write lines of it."""
    told = render(account(request("GET http://api.test/x"), a_token(sub="u\n 12 rate FAIL")))
    assert len(told.splitlines()) == 14
    assert "\x1b" not in render(account(request("GET http://api.test/x", target="/\x1b[31m")))


def test_keys_tunnels_and_preflights_are_told_too() -> None:
    """Every kind of request has its words."""
    rules = policy(
        """
        out:
          match: {listeners: [forward], hosts: [a.example], clients: [partner]}
          routes: {"GET /x": authenticated}
        """,
        "listeners: {forward: {port: 3128, kind: forward}}",
    )
    facts = request("CONNECT https://a.example", kind="forward", connect=True)
    told = explain(presenting(rules, facts, a_key("partners", "pk_a")))
    words = {line.stage: line.words for line in told.lines}
    assert (told.effect, words["canonical"], words["surface"]) == ("allow", "CONNECT a.example", "out")
    assert words["authn"] == "key of partners, subject 'pk_a', client type partner"
    assert words["destination"] == "93.184.216.34"
    told = account(request("OPTIONS http://api.test/orders", origin="https://w.test", preflight="POST"))
    assert told.lines[0].words == "preflight for POST /orders"
