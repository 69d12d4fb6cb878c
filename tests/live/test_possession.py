"""Tokens that name a key, before a real guard: if these fail, a stolen token is as good as the owner's."""

from __future__ import annotations

import asyncio
import ssl
import time
from typing import Any

import pytest

from parclose.audit.corpus import charged_at, facts_from
from parclose.audit.record import verdict_part
from parclose.engine import decide
from parclose.policy.load import load
from parclose.stores import certificates
from parclose.stores.dpop import thumbprint
from parclose.stores.files import read
from parclose.stores.world import OfflineWorld
from tests.live.certs import Certificate, make_certificate, unverified
from tests.live.realm import HOST, Guard, Realm, message
from tests.live.wire import Answer, Origin
from tests.stores.signing import Signer, signer
from tests.stores.test_dpop import ath, proof

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app]}
    forward: {credentials: strip}
    routes: {read /things/**: things:read, write /things/**: things:write}
"""
OWNER, THIEF = signer("ES256"), signer("RS256")


class Owner:
    """A client that holds a key, and a token that names it."""

    def __init__(self, realm: Realm) -> None:
        self.token = realm.token("things:read things:write", cnf={"jkt": thumbprint(OWNER.jwk())})
        self._count = 0

    def ask(self, line: str = "GET /things/1", *, by: Signer = OWNER, scheme: str = "DPoP", **claims: Any) -> bytes:
        """Return a request with a fresh proof of its own, some claims of it changed."""
        self._count += 1
        method, path = line.split(" ")
        fresh: dict[str, Any] = {
            "jti": f"j-{self._count}",
            "htm": method,
            "htu": f"https://{HOST}{path}",
            "iat": time.time(),
        }
        shown = proof(by, **(fresh | {"ath": ath(self.token)} | claims))
        return message(line, f"Authorization: {scheme} {self.token}", f"DPoP: {shown}", "Connection: close")


def constrained(how: str) -> Realm:
    """Return a realm whose issuer binds all of its tokens."""
    realm = Realm(SEGMENTS)
    realm.policy.write_text(realm.policy.read_text().replace("require:", f"sender_constrained: {how}, require:"))
    return realm


def said(answer: Answer) -> str:
    """Return the status, and for a refusal its reason and the error of the challenge."""
    if answer.status == 200:
        return "200"
    body = answer.json()
    assert isinstance(body, dict)
    challenge = answer.headers.get("www-authenticate", "")
    scheme, _, rest = challenge.partition(" ")
    error = rest.partition('error="')[2].partition('"')[0]
    return f"{answer.status} {body['reason']} {scheme} {error}".strip()


async def test_a_token_is_worth_something_to_its_owner_alone() -> None:
    """Once a proof, for one method, address and token; whoever has only seen them has nothing."""
    realm = Realm(SEGMENTS)
    owner, other = Owner(realm), realm.token("things:read", cnf={"jkt": "x"})
    bad = "401 proof_invalid DPoP invalid_dpop_proof"
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        first = owner.ask()
        assert said(await guard.ask(first)) == "200"
        assert said(await guard.ask(owner.ask("POST /things/1"))) == "200"
        assert b"dpop" not in b"".join(seen.head.lower() for seen in origin.seen)
        origin.seen.clear()
        for data, expected in (
            (first, bad),
            (owner.ask(htm="POST"), bad),
            (owner.ask(htu=f"https://{HOST}/things/2"), bad),
            (owner.ask(iat=time.time() - 120), bad),
            (owner.ask(ath=ath(other)), bad),
            (owner.ask(by=THIEF), "401 proof_invalid DPoP invalid_token"),
            (owner.ask(scheme="Bearer"), "401 proof_invalid DPoP invalid_token"),
            (message("GET /things/1", f"Authorization: Bearer {owner.token}"), "401 proof_invalid DPoP invalid_token"),
            (message("GET /things/1", f"Authorization: DPoP {owner.token}"), bad),
            (
                message("GET /things/1", f"Authorization: DPoP {owner.token}", f"DPoP: {proof()}", f"DPoP: {proof()}"),
                "400 header_conflict Bearer invalid_request",
            ),
        ):
            assert said(await guard.ask(data)) == expected
        assert origin.seen == []
        assert (
            said(await guard.ask(message("GET /things/1", realm.bearer("things:read"), "Connection: close"))) == "200"
        )
        ledger = realm.ledger_path.read_text()
        assert '"possession"' in ledger
        assert "eyJ" not in ledger


async def test_of_many_copies_at_once_one_counts() -> None:
    """However close they come; and each line of the ledger, read alone, says again what was said then."""
    realm = Realm(SEGMENTS)
    owner = Owner(realm)
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        requests = [owner.ask(), owner.ask()] * 8
        answers = await asyncio.gather(*(guard.ask(data) for data in requests))
        assert sorted(answer.status for answer in answers) == [200] * 2 + [401] * 14
        assert len(origin.seen) == 2
    policy = load(str(realm.policy), read)
    lines = realm.decisions()
    assert len(lines) == 16
    for line in reversed(lines):
        facts = facts_from(line)
        again = verdict_part(decide(policy, facts, OfflineWorld().of(facts, charged_at(line))))
        assert again == line["verdict"]


async def test_an_issuer_may_ask_for_proof() -> None:
    """Then a token that names no key is worth nothing, and whoever comes without is told how to come."""
    realm = constrained("dpop")
    owner = Owner(realm)
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        assert said(await guard.ask(owner.ask())) == "200"
        plain = message("GET /things/1", realm.bearer("things:read"))
        assert said(await guard.ask(plain)) == "401 proof_invalid DPoP invalid_token"
        assert said(await guard.ask(message("GET /things/1"))) == "401 credential_missing DPoP"
        assert len(origin.seen) == 1


def printed(certificate: Certificate) -> dict[str, str]:
    """Return the claim of a token that is bound to a certificate."""
    return {"x5t#S256": certificates.thumbprint(ssl.PEM_cert_to_DER_cert(certificate.chain.read_text()))}


async def test_a_token_that_is_bound_to_a_certificate() -> None:
    """Of whatever authority: on the connection of its owner it counts, on any other it does not."""
    realm, own, other = constrained("mtls"), make_certificate("owner"), make_certificate("thief")
    request = message("GET /things/1", realm.bearer("things:read", cnf=printed(own)))
    loose = message("GET /things/1", realm.bearer("things:read"))
    refused = "401 proof_invalid Bearer invalid_token"
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        for data, certificate, expected in (
            (request, own, "200"),
            (request, other, refused),
            (request, None, refused),
            (loose, own, refused),
            (request, own, "200"),
        ):
            tls = unverified(certificate=certificate)
            assert said(await guard.ask(data, tls=tls, name=HOST)) == expected
        assert said(await guard.ask(request)) == refused
        assert len(origin.seen) == 2


async def test_a_nonce_that_is_asked_for() -> None:
    """The refusal brings it, the next proof holds it, and it counts more than once."""
    realm = constrained("dpop, dpop_nonce: true")
    owner = Owner(realm)
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        told = await guard.ask(owner.ask())
        assert said(told) == "401 proof_invalid DPoP use_dpop_nonce"
        nonce = told.headers["dpop-nonce"]
        assert said(await guard.ask(owner.ask(nonce="of my own"))) == "401 proof_invalid DPoP use_dpop_nonce"
        for _ in range(2):
            assert said(await guard.ask(owner.ask(nonce=nonce))) == "200"
        assert len(origin.seen) == 2
    details = [line["verdict"].get("detail") for line in realm.decisions()]
    assert details == ["nonce_required", "nonce_required", None, None]
    assert nonce not in realm.ledger_path.read_text()
