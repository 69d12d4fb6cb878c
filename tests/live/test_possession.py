"""Tokens that name a key, before a real guard: if these fail, a stolen token is as good as the owner's."""

from __future__ import annotations

import time
from typing import Any

import pytest

from parclose.stores.dpop import thumbprint
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
