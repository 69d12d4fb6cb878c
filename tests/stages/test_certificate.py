"""Client certificates as proofs: if these fail, a certificate proves too much, or a good one too little."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from parclose.engine import verdict_of
from parclose.explain import explain
from parclose.facts import Certificate, Proof
from parclose.policy.model import Policy
from parclose.ports import AskFailure, AskProof
from parclose.stages.bucket import find_key
from parclose.testing import policy_from
from tests.stages.kit import AT, CAST, Table, a_certificate, a_key, a_token, judged, presenting, request

PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
CLIENTS = """
  robot: [{mtls: {ca: corp, san_dns: ["*.robots.test"]}}]
  mesh: [{mtls: {ca: mesh, spiffe: ["spiffe://test/*"]}}]
  console: [{token: {issuer: login, client: [console]}, mtls: {ca: corp}}]
  hub: [{api_key: {store: partners, ids: [pk_role]}, mtls: {ca: corp}}]
  loose: [{token: {issuer: login, client: [loose]}, mtls: {ca: corp}}]
scopes:
"""
SEGMENTS = """
segments:
  robots:
    match: {hosts: [robots.test], clients: [robot, mesh]}
    routes: {"GET /x": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
  mixed:
    match: {hosts: [mixed.test], clients: [robot, web, anonymous, unrecognized]}
    routes: {"GET /x": authenticated, "GET /public": public, "GET /open": open}
  admin:
    match: {hosts: [admin.test], clients: [console]}
    routes: {"GET /x": authenticated}
  open-admin:
    match: {hosts: [open.test], clients: [console, anonymous]}
    authn: {accept: [token+mtls]}
    routes: {"GET /x": authenticated, "GET /public": public}
  hub:
    match: {hosts: [hub.test], clients: [hub]}
    routes: {"GET /x": orders:read}
  plain:
    match: {hosts: [plain.test], clients: [web, anonymous]}
    routes: {"GET /x": authenticated, "GET /public": public}
  loose:
    match: {hosts: [loose.test], clients: [loose]}
    authn: {accept: [token]}
    routes: {"GET /x": authenticated}
  out:
    match: {listeners: [forward], hosts: [far.example], clients: [robot]}
    routes: {"GET /x": authenticated}
"""


@cache
def rules() -> Policy:
    """Load the usual cast, with client types that are known by certificate."""
    text = CAST.replace("scopes:\n", CLIENTS.lstrip("\n"), 1)
    text += "client_cas: {corp: {file: ca.pem}, mesh: {file: ca.pem}, other: {file: ca.pem}}\n"
    text += "settings: {listeners: {reverse: {port: 80, kind: reverse}, forward: {port: 3128, kind: forward}}}\n"
    return policy_from(text + SEGMENTS, files={"country.mmdb": b"", "asn.mmdb": b"", "ca.pem": PEM.encode()})


ROBOT = a_certificate("corp", san_dns=("r1.robots.test",))
CONSOLE = a_token(azp="console")


@pytest.mark.parametrize(
    ("host", "proofs", "expected"),
    [
        ("robots", [], "401 credential_missing @robots"),
        ("robots", [ROBOT], "allow @robots"),
        ("robots", [a_certificate("mesh", spiffe="spiffe://test/r")], "allow @robots"),
        ("robots", [a_certificate("corp")], "403 caller_not_allowed:client @robots"),
        ("robots", [a_certificate("other", san_dns=("r1.robots.test",))], "403 caller_not_allowed:client @robots"),
        ("robots", [a_certificate("corp", "other", san_dns=("r1.robots.test",))], "allow @robots"),
        ("robots", [a_certificate(san_dns=("r1.robots.test",))], "401 cert_untrusted:untrusted @robots"),
        ("robots", [a_certificate("gone")], "401 cert_untrusted:untrusted @robots"),
        ("robots", [a_certificate("corp", state="untrusted")], "401 cert_untrusted:untrusted @robots"),
        ("robots", [a_certificate("corp", state="revoked")], "401 cert_untrusted:revoked @robots"),
        ("robots", [a_certificate("corp", state="unavailable")], "503 authn_unavailable @robots"),
        ("robots", [Proof(kind="mtls", state="ok")], "401 cert_untrusted:untrusted @robots"),
        ("admin", [CONSOLE, a_certificate("corp")], "allow @admin"),
        ("admin", [a_certificate("corp"), CONSOLE], "allow @admin"),
        ("admin", [CONSOLE], "403 caller_not_allowed:client @admin"),
        ("admin", [CONSOLE, a_certificate("other")], "403 caller_not_allowed:client @admin"),
        ("admin", [CONSOLE, a_certificate()], "401 cert_untrusted:untrusted @admin"),
        ("admin", [a_token(azp="web"), a_certificate("corp")], "403 caller_not_allowed:client @admin"),
        ("admin", [a_token(azp="console", state="bad_signature"), ROBOT], "401 token_invalid:bad_signature @admin"),
        ("admin", [ROBOT], "401 credential_missing @admin"),
        ("open", [a_certificate("corp")], "401 credential_missing @open-admin"),
        ("hub", [a_key("partners", "pk_role"), a_certificate("corp")], "allow @hub"),
        ("hub", [a_key("partners", "pk_role")], "403 caller_not_allowed:client @hub"),
        ("mixed", [a_certificate("corp")], "allow @mixed"),
        ("mixed", [a_token(), a_certificate("corp")], "allow @mixed"),
        ("mixed", [a_certificate()], "401 cert_untrusted:untrusted @mixed"),
        ("plain", [a_token(), a_certificate()], "allow @plain"),
        ("plain", [a_certificate()], "401 credential_missing @plain"),
        ("loose", [a_token(azp="loose"), a_certificate("corp")], "allow @loose"),
        ("loose", [a_token(azp="loose"), a_certificate()], "403 caller_not_allowed:client @loose"),
        ("loose", [a_token(azp="loose")], "403 caller_not_allowed:client @loose"),
    ],
)
def test_what_a_certificate_proves(host: str, proofs: list[Proof], expected: str) -> None:
    """Alone where `mtls` is taken alone; beside another proof where both are asked for; nothing elsewhere."""
    assert judged(rules(), request(f"GET http://{host}.test/x"), *proofs) == expected


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (-61, "401 cert_untrusted:not_yet_valid @robots"),
        (-60, "allow @robots"),
        (60, "allow @robots"),
        (61, "401 cert_untrusted:expired @robots"),
    ],
)
def test_both_ends_of_its_life_are_inside(at: int, expected: str) -> None:
    """Below, at and above each end, at the request's own time."""
    assert judged(rules(), request("GET http://robots.test/x", at=AT + at), ROBOT) == expected


def test_a_life_that_was_not_kept_is_not_judged() -> None:
    """A recording may hold the outcome alone."""
    kept = a_certificate("corp", san_dns=("r.robots.test",), not_before=None, not_after=None)
    assert judged(rules(), request("GET http://robots.test/x"), kept) == "allow @robots"


@pytest.mark.parametrize(
    ("names", "subject"),
    [
        ({"spiffe": "spiffe://test/a", "san_dns": ("b.robots.test",)}, "spiffe://test/a"),
        ({"san_dns": ("b.robots.test", "a.robots.test")}, "a.robots.test"),
        ({"subject": "CN=robot,O=Test"}, "CN=robot,O=Test"),
    ],
)
def test_who_a_certificate_is(names: dict[str, Any], subject: str) -> None:
    """The SPIFFE URI, else a DNS name, else the distinguished name; no rights, the defaults of attributes."""
    principal = presenting(rules(), request("GET http://mixed.test/x"), a_certificate("corp", **names)).principal
    assert principal is not None
    assert (principal.subject, principal.ca, principal.kinds) == (subject, "corp", frozenset({"mtls"}))
    assert (principal.scopes, principal.roles, principal.tenant) == (frozenset(), frozenset(), "")
    assert (principal.attributes, principal.expires_at) == ({"plan": "free"}, AT + 60)


def test_beside_a_token_it_adds_no_identity() -> None:
    """The token says who; the certificate that it is there, and an end."""
    walk = presenting(rules(), request("GET http://admin.test/x"), CONSOLE, a_certificate("corp", not_after=AT + 5))
    principal = walk.principal
    assert principal is not None
    assert (principal.client_type, principal.subject, principal.client) == ("console", "u-1", "console")
    assert (principal.ca, principal.kinds) == ("corp", frozenset({"token", "mtls"}))
    assert principal.expires_at == AT + 5


def test_beside_a_key_it_adds_no_identity() -> None:
    """The record says who, and which client where it names one."""
    walk = presenting(rules(), request("GET http://hub.test/x"), a_key("partners", "pk_role"), a_certificate("corp"))
    assert walk.principal is not None
    assert (walk.principal.client_type, walk.principal.client, walk.principal.subject) == ("hub", "hub", "pk_role")


@pytest.mark.parametrize(
    ("line", "proof", "asked", "failed"),
    [
        ("GET http://robots.test/x", a_certificate(), 1, 1),
        ("GET http://mixed.test/public", a_certificate(), 1, 1),
        ("GET http://mixed.test/open", a_certificate(), 0, 0),
        ("GET http://plain.test/public", a_certificate(), 1, 0),
    ],
)
def test_where_a_bad_one_counts(line: str, proof: Proof, asked: int, failed: int) -> None:
    """Where somebody takes certificates a bad one is a failed guess; elsewhere it is as if it were not there."""
    world = Table()
    judged(rules(), request(line), proof, world=world)
    assert (world.asked_for(AskProof), world.asked_for(AskFailure)) == (asked, failed)


@pytest.mark.parametrize(("kind", "expected"), [("mtls", "allow @robots"), ("api_key", "429 auth_blocked")])
def test_a_handshake_is_no_guess(kind: str, expected: str) -> None:
    """Who stands behind a blocked address and shows a certificate alone is let on; who guesses is not."""
    proof = ROBOT if kind == "mtls" else a_key("partners", "pk_a")
    assert judged(rules(), request("GET http://robots.test/x"), proof, world=Table(blocked_s=5.0)) == expected


def test_a_forward_listener_knows_its_own_callers() -> None:
    """The handshake is with us there too; what else is presented is meant for the far end."""
    facts = request("GET http://far.example/x", kind="forward", listener="forward")
    assert judged(rules(), facts, ROBOT) == "allow @out"
    assert judged(rules(), facts, a_certificate()) == "407 cert_untrusted:untrusted @out"


def test_a_subject_is_that_of_its_authority() -> None:
    """A limit never mixes what two authorities call by one name."""
    keys = set()
    for ca in ("corp", "other"):
        walk = presenting(rules(), request("GET http://mixed.test/x"), a_certificate(ca))
        segment = rules().segments["robots"]
        keys.add(find_key(segment.limits[0], walk, segment=segment, route=None))
    assert len(keys) == 2


def test_a_name_is_never_empty_by_chance() -> None:
    """Only a certificate without any name has none."""
    assert Certificate().name == ""
    assert Certificate(subject="CN=x").name == "CN=x"


def test_it_is_told_in_words() -> None:
    """Who reads an explanation sees both proofs, and what a refused certificate lacks."""
    told = explain(presenting(rules(), request("GET http://admin.test/x"), CONSOLE, a_certificate("corp")))
    words = {line.stage: line.words for line in told.lines}
    assert words["authn"] == "token from login and certificate of corp, subject 'u-1', client type console"
    assert words["credential"] == "mtls+token accepted"
    told = explain(presenting(rules(), request("GET http://robots.test/x"), a_certificate("gone")))
    words = {line.stage: line.words for line in told.lines}
    assert words["authn"] == (
        "a client certificate that is refused: untrusted; needs a good certificate of `corp`, `mesh`, `other`"
    )


def test_a_refusal_offers_what_else_would_do() -> None:
    """No scheme asks for a certificate; tokens and keys are asked for where they are taken too."""
    walk = presenting(rules(), request("GET http://mixed.test/x"), a_certificate())
    assert verdict_of(walk).hints.schemes == ("bearer", "api_key")
    walk = presenting(rules(), request("GET http://robots.test/x"), a_certificate())
    assert verdict_of(walk).hints.schemes == ()


def test_a_list_that_is_out_of_date_is_said_so() -> None:
    """Nobody can tell whether the certificate was revoked: that is the operator's to mend, not the caller's."""
    told = explain(presenting(rules(), request("GET http://robots.test/x"), a_certificate("corp", state="unavailable")))
    words = {line.stage: line.words for line in told.lines}
    assert words["authn"] == (
        "no revocation list in force clears the client certificate; needs a current list of each issuer"
    )
