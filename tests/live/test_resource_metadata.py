"""A client that knows nothing but a URL: if these fail, it cannot find who gives out tokens for it."""

from __future__ import annotations

import re

import pytest

from tests.live.realm import HOST, ISSUER, Guard, Realm, message
from tests.live.wire import Origin

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], paths: [/things/**], clients: [app]}
    routes: {read /things/**: things:read}
  hidden:
    match: {hosts: [api.test], paths: [/hidden/**], clients: [app]}
    network: {allow: [nobody], deny_as: 404}
    routes: {read /hidden/**: authenticated}
"""


async def test_from_a_refusal_to_the_authority() -> None:
    """The challenge names the document, and the document the issuer; nothing of it reaches the origin."""
    realm = Realm(SEGMENTS, more="zones: {nobody: [192.0.2.0/24]}")
    async with Origin() as origin, Guard(realm, upstream=origin) as guard:
        refused = await guard.ask(message("GET /things/1", "Connection: close"))
        named = re.search(r'resource_metadata="http://api\.test(/[^"]+)"', refused.headers["www-authenticate"])
        assert refused.status == 401
        assert named is not None
        found = await guard.ask(message(f"GET {named[1]}", "Authorization: Bearer nonsense", "Connection: close"))
        assert found.status == 200
        assert found.json() == {
            "resource": f"http://{HOST}/things",
            "authorization_servers": [ISSUER],
            "bearer_methods_supported": ["header"],
            "scopes_supported": ["things:read"],
        }
        head = await guard.ask(message(f"HEAD {named[1]}", "Connection: close"))
        assert (head.status, head.body) == (200, b"")
        nowhere = "/.well-known/oauth-protected-resource/hidden"
        hidden = await guard.ask(message(f"GET {nowhere}", "Connection: close"))
        other = await guard.ask(message("GET /.well-known/oauth-protected-resource/none", "Connection: close"))
        assert (hidden.status, other.status) == (404, 404)
        assert {**hidden.json(), "decision": ""} == {**other.json(), "decision": ""}  # type: ignore[dict-item]
        assert origin.seen == []
    told = [str(line["verdict"]) for line in realm.decisions()][:2]
    assert ["allow" in each for each in told] == [False, True]
