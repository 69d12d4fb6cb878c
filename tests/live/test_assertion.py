"""What an upstream is told and can check: if these fail, it believes what a stranger wrote, or locks everybody out."""

from __future__ import annotations

import json
import time

import pytest

from parclose.facts import Presented, Proof
from parclose.ports import AskProof
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from tests.live.lab import until
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Origin
from tests.stores.signing import issuer, policy_of
from tests.stores.test_assertion import pem

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, anonymous]}
    forward: {assertion: {header: X-Caller, audience: "https://api.example", key: {file: sign.pem}, ttl: 30s}}
    routes: {read /open/**: public, read /things/**: things:read}
"""


async def checked(realm: Realm, token: str) -> Proof:
    """Check an assertion as an upstream would: with the key set on the admin port."""
    keys = json.loads((await realm.admin("/.well-known/jwks.json")).body)["keys"]
    verifier = PolicyVerifier(policy_of(issuer(*keys, iss="lab")), TokenCache())
    proof = verifier.prove(AskProof(0, Presented(kind="token", place="x", text=token)))
    assert isinstance(proof, Proof)
    return proof


async def test_the_upstream_can_check_who_calls() -> None:
    """And a forged header never arrives, in whatever spelling; a new key is taken up with its file."""
    realm = Realm(SEGMENTS, files={"sign.pem": pem()})
    forged = ("X-Caller: forged", "x_caller: forged", "X.Caller: forged")
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        assert (await guard.ask(message("GET /things/1", realm.bearer("things:read"), *forged))).status == 200
        assert (await guard.ask(message("GET /things/1", f"X-Api-Key: {realm.key}", *forged))).status == 200
        assert (await guard.ask(message("GET /open/1", *forged))).status == 200
        heads = [seen.head for seen in origin.seen]
        assert b"forged" not in b"".join(heads)
        (bearer,), (robot,), nobody = (seen.header("X-Caller") for seen in origin.seen)
        assert nobody == []
        first = await checked(realm, bearer)
        assert (first.state, first.typ) == ("ok", "parclose-assertion+jwt")
        said = first.claims
        assert (said["sub"], said["client_id"], said["scope"]) == ("u-1", "app", "things:read")
        assert 0 <= time.time() - float(str(said["iat"])) < 20
        assert float(str(said["exp"])) - float(str(said["iat"])) == 30
        assert (await checked(realm, robot)).claims["client_id"] == "robot"

        (realm.folder / "sign.pem").write_text(pem())
        await until(lambda: len([line for line in guard.lines if "in force: revision" in line]) >= 2, "another key")
        await guard.ask(message("GET /things/1", realm.bearer("things:read")))
        (second,) = origin.seen[-1].header("X-Caller")
        assert second.split(".")[0] != bearer.split(".")[0]
        assert [(await checked(realm, token)).state for token in (bearer, second)] == ["ok", "ok"]


async def test_a_key_that_cannot_sign_stops_the_start() -> None:
    """With a sentence, and never its content."""
    realm = Realm(SEGMENTS, files={"sign.pem": "nonsense"})
    async with Origin() as origin, Guard(realm, upstream=origin, waits=False, listens=False) as guard:
        await until(lambda: guard.ended, "an end")
        assert "signing key" in "\n".join(guard.lines)
