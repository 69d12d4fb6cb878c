"""Planted secrets, looked for in everything that Parclose writes or shows.

If these fail, whoever reads a log, a metric or an error page can be somebody else.
"""

from __future__ import annotations

import json
import secrets
from pathlib import Path

import httpx
import pytest

from parclose.stores.dpop import thumbprint
from parclose.testing import Signer, api_key
from tests.live.lab import FOLDER, LOADER, script, until
from tests.live.realm import HOST, Guard, Realm, message
from tests.live.wire import Origin
from tests.stores.signing import signer
from tests.stores.test_assertion import pem
from tests.stores.test_dpop import ath, proof

pytestmark = pytest.mark.live

SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [app, robot, script, old, anonymous]}
    forward:
      credentials: strip
      set: {X-Upstream-Key: {env: UPSTREAM_KEY}}
      identity: {X-Subject: identity.subject}
      assertion: {header: X-Caller, audience: up, key: {file: sign.pem}}
    errors: {detail: full}
    routes: {read /things/**: things:read, read /open/**: public}
"""
MORE = """
issuers:
  sessions: {introspection: {url: "https://127.0.0.1:1/ask", client_id: gate, client_secret: {env: GATE}, cache: 1s}}
"""
# Writes down what every later addon, and mitmweb, can read of our data on a flow.
SPY = """
from mitmproxy import http

class Spy:
    def __init__(self):
        self.file = open({path!r}, "a", buffering=1)

    def look(self, flow):
        print(repr((flow.metadata, flow.comment, flow.marked)), file=self.file)

    response = error = request = look

addons = [Spy()]
"""


def policy(realm: Realm, key_hash: str) -> None:
    """Add a store of query keys, an issuer of opaque tokens, and a pepper to the realm's policy."""
    text = realm.policy.read_text()
    sessions = MORE.strip().partition("\n")[2]
    text = text.replace("api_keys:\n", f"{sessions}\napi_keys:\n")
    store = f'  scripts: {{query: key, hash_env: PEPPER, keys: [{{id: script, hash: "{key_hash}", expires: never}}]}}\n'
    text = text.replace(
        "clients:\n",
        f"{store}clients:\n  script: [{{api_key: {{store: scripts}}}}]\n  old: [{{token: {{issuer: sessions}}}}]\n",
        1,
    )
    realm.policy.write_text(text)


async def shown_by_mitmweb(guard: Guard) -> str:
    """Return what mitmweb tells a browser of us: comments and marks of all flows, options, and its log of events."""
    url = f"http://127.0.0.1:{guard.web_port}"
    async with httpx.AsyncClient(base_url=url, params={"token": "test"}, trust_env=False) as browser:
        flows = (await browser.get("/flows")).json()
        assert len(flows) > 10
        assert all(flow["comment"] for flow in flows)
        told = [(flow["comment"], flow["marked"]) for flow in flows]
        return f"{told}{(await browser.get('/options')).text}{(await browser.get('/events')).text}"


@pytest.mark.parametrize("tool", ["mitmdump", "mitmweb"])
async def test_no_secret_is_written_or_shown_anywhere(tool: str) -> None:
    """Good ones and bad ones, in headers, in queries, in proofs, in variables and in files."""
    realm = Realm(SEGMENTS, files={"sign.pem": (private := pem())})
    query_key, query_hash = api_key("script")
    policy(realm, query_hash)
    env = {
        "UPSTREAM_KEY": f"up-{secrets.token_hex(16)}",
        "GATE": secrets.token_hex(16),
        "PEPPER": secrets.token_hex(16),
    }
    spied = Path(FOLDER) / f"spied-{secrets.token_hex(4)}"
    spy = script("spy", SPY.replace("{path!r}", repr(str(spied))))
    good, bad = realm.token("things:read"), Signer.make("ES256").token({"iss": "https://login.test", "sub": "x"})
    owner = signer("ES256")
    bound = realm.token("things:read", cnf={"jkt": thumbprint(owner.jwk())})
    shown = proof(owner, htm="GET", htu=f"https://{HOST}/things/1", ath=ath(bound))
    opaque, unknown_key = f"opaque-{secrets.token_hex(16)}", f"robot_{secrets.token_hex(24)}"
    planted = {
        "token": good, "bad token": bad, "bound token": bound, "proof": shown, "opaque token": opaque,
        "key": realm.key, "query key": query_key, "unknown key": unknown_key,
        "signing key": private.splitlines()[1], **env,
    }  # fmt: skip
    asked = [
        message("GET /things/1", f"Authorization: Bearer {good}"),
        message("GET /things/1", f"Authorization: Bearer {bad}"),
        message("GET /things/1", f"Authorization: Bearer {opaque}"),
        message("GET /things/1", f"Authorization: DPoP {bound}", f"DPoP: {shown}"),
        message("GET /things/1", f"Authorization: Basic {good}"),
        message("GET /things/1", f"X-Api-Key: {realm.key}"),
        message("GET /things/1", f"X-Api-Key: {unknown_key}"),
        message(f"GET /things/1?key={query_key}&a=1"),
        message(f"GET /things/1?key={unknown_key}"),
        message(f"GET /open/1?key={query_key}"),
        message(f"GET /nowhere?key={query_key}", f"Authorization: Bearer {good}"),
        message("GET /things/1", f"Authorization: Bearer {good}", f"Authorization: Bearer {bad}"),
    ]
    loud = ("--set", "termlog_verbosity=debug", *(("--set", "web_password=test") if tool == "mitmweb" else ()))
    async with (
        Origin() as origin,
        Guard(realm, *loud, upstream=origin, scripts=(LOADER, spy), env={**env}, tool=tool) as guard,
    ):
        answers = [await guard.ask(data) for data in asked]
        metrics, health = await realm.admin("/metrics"), await realm.admin("/healthz")
        keys = await realm.admin("/.well-known/jwks.json")
        realm.policy.write_text(realm.policy.read_text() + "bogus: 1\n")
        await until(lambda: any("TYP001" in line for line in guard.lines), "a refused policy")
        refused = await realm.admin("/healthz")
        heads = b"".join(seen.head for seen in origin.seen)
        web = await shown_by_mitmweb(guard) if tool == "mitmweb" else ""
        lines = "\n".join(guard.lines)
    assert {answer.status for answer in answers} >= {200, 400, 401, 503}
    assert env["UPSTREAM_KEY"] in heads.decode()
    seen = {
        "log": lines,
        "ledger": realm.ledger_path.read_text(),
        "metrics": metrics.body.decode(),
        "health": (health.body + refused.body + keys.body).decode(),
        "answers": b"".join(answer.raw for answer in answers).decode("latin-1"),
        "flow metadata": spied.read_text(),
        "mitmweb": web,
        "origin": heads.decode("latin-1").replace(env["UPSTREAM_KEY"], ""),
    }
    assert json.loads(seen["ledger"].splitlines()[0])
    found = [
        f"{name} in {where}"
        for where, text in seen.items()
        for name, secret in planted.items()
        for part in {secret, secret.rpartition(".")[2], secret.rpartition("_")[2]}
        if len(part) > 12 and part in text
    ]
    assert found == []
