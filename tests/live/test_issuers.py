"""A real OpenID provider before a real guard: discovery, both kinds of tokens, rotation, outage, introspection.

If these fail, Parclose works with our own stand-ins and with nobody else.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator

import pytest

from parclose.testing import Signer
from tests.live.clients import Line
from tests.live.lab import until
from tests.live.provider import JWT, OPAQUE, Provider, install
from tests.live.realm import Guard, Realm, message
from tests.live.wire import Answer, Origin

pytestmark = pytest.mark.live

PARTIES = """
issuers:
  idp: {{discovery: "{url}", audience: ["{jwt}"], algorithms: [ES256], token_type: at+jwt, require: [client]}}
  sessions:
    introspection:
      {{url: "{url}/token/introspection", client_id: gate, client_secret: {{env: GATE}}, cache: 1s, negative_cache: 1s,
        timeout: 2s}}
    require: [client]
clients:
  web: [{{token: {{issuer: idp, client: [app]}}}}]
  old: [{{token: {{issuer: sessions, client: [app]}}}}]
  app: [{{token: {{issuer: login}}}}]
"""
SEGMENTS = """
segments:
  things:
    match: {hosts: [api.test], clients: [web, old, app]}
    forward: {identity: {X-Subject: identity.subject, X-Client: identity.client, X-Issuer: identity.issuer}}
    routes: {read /things/**: things:read, write /things/**: things:write}
"""


@pytest.fixture(scope="module", autouse=True)
def package() -> None:
    """The provider's package; the part is left out, by name, where it cannot be had."""
    missing = install()
    if missing:
        pytest.skip(missing)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    """A provider that runs."""
    async with Provider() as started:
        yield started


def realm_of(provider: Provider) -> Realm:
    """Return a policy that takes the provider's tokens of both kinds, beside those of the realm's own issuer."""
    realm = Realm(SEGMENTS)
    text = realm.policy.read_text()
    issuers, _, clients = PARTIES.format(url=provider.url, jwt=JWT).partition("clients:\n")
    own = "issuers:\n" + text.partition("issuers:\n")[2].partition("api_keys:\n")[0].removeprefix("issuers:\n")
    text = text.replace(own, own + issuers.partition("issuers:\n")[2])
    before, _, after = text.partition("clients:\n")
    realm.policy.write_text(f"{before}clients:\n{clients}  robot: {after.partition('  robot: ')[2]}")
    return realm


def guard(realm: Realm, provider: Provider, origin: Origin) -> Guard:
    """Return a guard that trusts the provider's authority, as an operator would say it."""
    env = {"SSL_CERT_FILE": str(provider.ca.chain), "GATE": "gate/secret+1"}
    return Guard(realm, upstream=origin, env=env)


async def ask(proxy: Guard, token: str, line: str = "GET /things/1") -> Answer:
    """Send one request with a token."""
    return await proxy.ask(message(line, f"Authorization: Bearer {token}", "Connection: close"))


def reason(answer: Answer) -> str:
    """Return status and reason of a refusal, as the ledger and the client know them."""
    said = answer.json() if answer.status != 200 else {}
    return f"{answer.status} {said['reason']}" if isinstance(said, dict) and said else str(answer.status)


async def test_tokens_of_both_kinds_are_taken(provider: Provider) -> None:
    """By client credentials and by a person's login; the upstream is told who called, and scopes are held."""
    realm = realm_of(provider)
    async with Origin() as origin, guard(realm, provider, origin) as proxy:
        person = await provider.code_flow()
        for token, subject, issuer in (
            (await provider.token(JWT), "app", "idp"),
            (await provider.token(OPAQUE), "", "sessions"),
            (person["access_token"], "ann", "idp"),
            ((await provider.code_flow(OPAQUE))["access_token"], "ann", "sessions"),
        ):
            origin.seen.clear()
            assert reason(await ask(proxy, token)) == "200", "\n".join(proxy.lines)
            (seen,) = origin.seen
            assert (seen.header("X-Issuer"), seen.header("X-Client")) == ([issuer], ["app"])
            assert seen.header("X-Subject") == ([subject] if subject else [])
            assert reason(await ask(proxy, token, "POST /things/1")) == "403 scope_missing"
        # An ID token is signed by the same key, and is none.
        assert reason(await ask(proxy, person["id_token"])) == "401 token_invalid"
        assert reason(await ask(proxy, realm.token("things:read"))) == "200"


async def test_keys_rotate_under_load_and_no_good_token_is_refused(provider: Provider) -> None:
    """Tokens by the new key are good from the first on, while those by the old one still are."""
    realm, told, stop = realm_of(provider), Counter[str](), False

    async def load(proxy: Guard, tokens: list[str]) -> None:
        async with Line(proxy.port) as line:
            while not stop:
                answer = await line.ask(message("GET /things/1", f"Authorization: Bearer {tokens[-1]}"))
                told[reason(answer)] += 1

    async with Origin() as origin, guard(realm, provider, origin) as proxy:
        tokens = [await provider.token()]
        assert reason(await ask(proxy, tokens[0])) == "200"
        tasks = [asyncio.create_task(load(proxy, tokens)) for _ in range(4)]
        for _ in range(3):
            before = await provider.rotate()
            tokens.append(await provider.token())
            assert before
            count = told["200"]
            await until(lambda count=count: told["200"] > count + 50, "requests")  # type: ignore[misc]
        assert reason(await ask(proxy, tokens[-2])) == "200"
        stop = True
        await asyncio.gather(*tasks)
        assert set(told) == {"200"}


async def test_a_provider_that_is_gone_and_back(provider: Provider) -> None:
    """Its good keys serve on; what only it could tell is unavailable, never bad, never good; nobody else notices."""
    realm = realm_of(provider)
    async with Origin() as origin, guard(realm, provider, origin) as proxy:
        good, opaque = await provider.token(), await provider.token(OPAQUE)
        assert [reason(await ask(proxy, token)) for token in (good, opaque)] == ["200", "200"]
        stranger = Signer.make("ES256").token(
            {"iss": provider.url, "aud": JWT, "client_id": "app", "exp": int(time.time()) + 600}
        )
        provider.kill()
        await asyncio.sleep(1.1)  # what the policy lets an answer live
        began = time.monotonic()
        assert reason(await ask(proxy, good)) == "200"
        assert reason(await ask(proxy, opaque)) == "503 authn_unavailable"
        assert reason(await ask(proxy, stranger)) == "503 authn_unavailable"
        assert reason(await ask(proxy, realm.token("things:read"))) == "200"
        assert time.monotonic() - began < 8
        await provider.start()
        assert reason(await ask(proxy, await provider.token())) == "200"
        assert reason(await ask(proxy, await provider.token(OPAQUE))) == "200"


async def test_a_guard_starts_without_its_provider(provider: Provider) -> None:
    """Everything else is served meanwhile, and its tokens are taken as soon as it is there."""
    realm = realm_of(provider)
    token = await provider.token()
    provider.kill()
    async with Origin() as origin, guard(realm, provider, origin) as proxy:
        assert reason(await ask(proxy, token)) == "503 authn_unavailable"
        assert reason(await ask(proxy, realm.token("things:read"))) == "200"
        assert [line for line in proxy.lines if "keys of issuer `idp` cannot be fetched, none are known" in line]
        await provider.start()
        deadline = time.monotonic() + 20
        while reason(await ask(proxy, token)) != "200":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.2)


async def test_a_revoked_opaque_token_ends_with_the_cache(provider: Provider) -> None:
    """Within the second for which the policy lets an answer live."""
    realm = realm_of(provider)
    async with Origin() as origin, guard(realm, provider, origin) as proxy:
        token = await provider.token(OPAQUE)
        assert reason(await ask(proxy, token)) == "200"
        await provider.revoke(token)
        deadline = time.monotonic() + 5
        while reason(await ask(proxy, token)) == "200":
            assert time.monotonic() < deadline
            await asyncio.sleep(0.1)
        assert reason(await ask(proxy, token)) == "401 token_invalid"
        assert reason(await ask(proxy, "made-up")) == "401 token_invalid"


async def test_an_untrusted_provider_proves_nothing(provider: Provider) -> None:
    """Without its authority neither keys nor answers are taken."""
    realm = realm_of(provider)
    env = {"SSL_CERT_FILE": None, "GATE": "gate/secret+1"}
    async with Origin() as origin, Guard(realm, upstream=origin, env=env) as proxy:
        for token in (await provider.token(), await provider.token(OPAQUE)):
            assert reason(await ask(proxy, token)) == "503 authn_unavailable"
