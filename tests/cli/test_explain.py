"""`parclose explain`: if these fail, whoever was refused does not learn why."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import folder, run
from tests.replay.kit import ledger


def test_a_denial_names_the_question_that_failed(tmp_path: Path) -> None:
    """Each question in order, the line of the rule, and what would have passed; the code is 5."""
    ran = run("explain", "POST http://api.test/orders", "--as", "reader", "--policy", folder(tmp_path))
    lines = ran.out.splitlines()
    assert ran.code == 5
    assert lines[0].startswith("DENY 403 scope_missing")
    failed = [line.split()[1:3] for line in lines if " FAIL " in line]
    assert failed == [["scope", "FAIL"]]
    assert lines[-1].startswith("what would allow it:")
    assert "orders:write" in lines[-1]


def test_an_allow_is_zero(tmp_path: Path) -> None:
    """Every question is answered."""
    ran = run("explain", "GET http://api.test/orders", "--as", "reader", "--policy", folder(tmp_path))
    assert (ran.code, ran.out.split()[0]) == (0, "ALLOW")
    assert "not reached" not in ran.out


def test_nobody_is_a_visitor(tmp_path: Path) -> None:
    """Without a persona nothing is presented."""
    ran = run("explain", "GET http://api.test/orders", "--policy", folder(tmp_path))
    assert "401 credential_missing" in ran.out


def test_the_caller_can_be_elsewhere(tmp_path: Path) -> None:
    """An address and a country instead of the persona's."""
    geo = "    network: {deny_geo: [KP]}\n    limits:"
    path = folder(tmp_path, "", ("    limits:", geo), ("\nclients:", "\ngeo: {country_db: x.mmdb}\nclients:"))
    words = ("explain", "GET http://api.test/products", "--from", "192.0.2.9", "--policy", path)
    assert "451" not in run(*words, "--country", "de").out
    assert run(*words, "--country", "kp").code == 5
    assert "192.0.2.9" in run(*words, "--country", "kp").out


def test_machines_get_the_same(tmp_path: Path) -> None:
    """One object with a line for each question."""
    words = ("explain", "POST http://api.test/orders", "--as", "reader", "--format", "json")
    said = json.loads(run(*words, "--policy", folder(tmp_path)).out)
    assert (said["effect"], said["reason"], len(said["lines"])) == ("deny", "scope_missing", 13)


@pytest.mark.parametrize(("number", "told", "code"), [(1, "ALLOW", 0), (3, "scope_missing", 5), (5, "rate_limited", 5)])
def test_a_recorded_request_is_explained_after_those_before_it(
    tmp_path: Path, number: int, told: str, code: int
) -> None:
    """The fifth is refused because of the second and the fourth."""
    (tmp_path / "a.jsonl").write_bytes(ledger())
    ran = run("explain", "--flow", f"{tmp_path}/a.jsonl:{number}", "--policy", folder(tmp_path))
    assert (ran.code, told in ran.out) == (code, True)


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("GET",),
        ("GET api.test/x",),
        ("GET http://api.test/x", "--as", "nobody"),
        ("GET http://api.test/x", "--flow", "a:1"),
        ("--flow", "a.jsonl"),
        ("--flow", "a.jsonl:0"),
    ],
)
def test_what_cannot_be_explained_is_bad_usage(tmp_path: Path, words: tuple[str, ...]) -> None:
    """Neither allowed nor denied."""
    assert run("explain", *words, "--policy", folder(tmp_path)).code == 2


def test_what_is_on_trial_is_told_below(tmp_path: Path) -> None:
    """The code is that of the verdict in force; the second one follows, with what it turned on."""
    scoped = ('"POST /orders": orders:write', '"POST /orders": {scopes: orders:write, log_only: [scopes]}')
    reader = "\npersonas:\n  reader: {token: {issuer: login, claims: {sub: u-1, scope: orders:read}}}\n"
    words = ("explain", "POST http://api.test/orders", "--as", "reader", "--policy", folder(tmp_path, reader, scoped))
    ran = run(*words)
    assert (ran.code, ran.out.split()[0]) == (0, "ALLOW")
    below = ran.out.partition("with what is on trial in force:\n")[2].splitlines()
    assert below[0].startswith("DENY 403 scope_missing")
    assert below[-1] == "    log-only here: scopes"
    told = json.loads(run(*words, "--format", "json").out)
    assert (told["effect"], told["would"]["reason"], told["would"]["mode"]) == ("allow", "scope_missing", "log_only")


EGRESS = """
version: 1
name: egress
settings:
  listeners: {egress: {port: 3128, kind: forward}}
segments:
  out:
    match: {listeners: [egress], hosts: [pay.test, api.test], clients: [anonymous]}
    network: {passthrough: [pay.test]}
    routes: {"GET /charges": public}
"""


def test_where_tls_stays_closed_the_tunnel_is_explained(tmp_path: Path) -> None:
    """Nothing inside is judged, so there is nothing else to explain; elsewhere the request is."""
    (tmp_path / "policy.yaml").write_text(EGRESS)
    options = ("--listener", "egress", "--policy", str(tmp_path / "policy.yaml"))
    closed = run("explain", "DELETE https://pay.test/charges", *options)
    assert closed.code == 0
    assert "CONNECT pay.test" in closed.out
    assert "(TLS stays closed: no request inside is judged)" in closed.out
    opened = run("explain", "DELETE https://api.test/charges", *options)
    assert opened.code == 5
    assert "405 method_not_allowed" in opened.out
