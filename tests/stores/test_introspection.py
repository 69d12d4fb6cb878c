"""Opaque tokens: if these fail, a revoked one goes on, an outage looks like a bad token, or an issuer is flooded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from parclose.facts import Proof
from parclose.policy.identity import Introspection
from parclose.policy.segment import SecretRef
from parclose.stores.fetch import new_client
from parclose.stores.introspection import MAX_KEPT_BYTES, Endpoint, Introspector
from parclose.stores.token_cache import digest_of
from tests.stores.answering import answer, answering
from tests.stores.signing import AT, issuer
from tests.stores.test_token_cache import Clock

GOOD = {"active": True, "sub": "u-1", "exp": AT + 600}


class Bench:
    """An introspector, a clock, an endpoint, and what the endpoint has seen."""

    def __init__(self, client: httpx.AsyncClient, url: str, seen: list[str], timeout_s: float) -> None:
        self.clock, self.seen = Clock(), seen
        self.introspector = Introspector(lambda: client, timer=self.clock)
        about = Introspection(
            url=url, client_id="gate:1", client_secret=SecretRef(source="env", name="S", where=""),
            timeout_s=timeout_s, cache_s=30.0, negative_cache_s=10.0,
        )  # fmt: skip
        self.endpoint = Endpoint.of(issuer(name="sessions", source="introspection"), about, "s&cret")

    async def ask(self, text: str = "opaque") -> Proof:
        """Return what is known of a token, or ask."""
        digest = digest_of("token", "", text)
        known = self.introspector.known(self.endpoint, digest)
        return known or await self.introspector.ask(self.endpoint, text, digest)


@asynccontextmanager
async def bench(*answers: bytes | None, timeout_s: float = 5.0) -> AsyncIterator[Bench]:
    """Yield an endpoint that answers so."""
    async with answering(*answers) as (url, seen), new_client() as client:
        yield Bench(client, url, seen, timeout_s)


async def test_an_active_token_is_what_its_issuer_says() -> None:
    """Asked as RFC 7662 section 2.1 says, with our credentials encoded as RFC 6749 section 2.3.1 does."""
    async with bench(answer(GOOD)) as one:
        proof = await one.ask("a+b")
        assert (proof.state, proof.issuer, proof.cached, proof.claims) == ("ok", "sessions", False, GOOD)
        assert one.seen[0].endswith("token=a%2Bb&token_type_hint=access_token")
        assert "authorization: Basic Z2F0ZSUzQTE6cyUyNmNyZXQ=" in one.seen[0].replace("Authorization", "authorization")


@pytest.mark.parametrize(
    ("said", "state"),
    [
        (answer({"active": False}), "revoked"),
        (answer({"active": "true"}), "revoked"),
        (answer({"active": 1}), "revoked"),
        (answer({}), "revoked"),
        (answer(GOOD | {"token_use": "refresh"}), "revoked"),
        (answer(GOOD | {"token_use": "id"}), "revoked"),
        (answer(GOOD | {"typ": "Refresh"}), "revoked"),
        (answer(GOOD | {"token_type": "refresh_token"}), "revoked"),
        (answer(GOOD | {"typ": "Bearer", "token_type": "Bearer", "token_use": "access"}), "ok"),
        (answer({"error": "invalid_request"}, "400 Bad Request"), "revoked"),
        (answer(b"", "400 Bad Request"), "revoked"),
        (answer({"error": "invalid_client"}, "400 Bad Request"), "unavailable"),
        (answer({"error": "invalid_client"}, "401 Unauthorized"), "unavailable"),
        (answer(GOOD, "403 Forbidden"), "unavailable"),
        (answer(GOOD, "429 Too Many Requests"), "unavailable"),
        (answer(GOOD, "500 Oh"), "unavailable"),
        (answer(GOOD, "302 Found", "Location: /"), "unavailable"),
        (answer(b"<html>"), "unavailable"),
        (answer(b"x" * 300_000), "unavailable"),
        (b"", "unavailable"),
    ],
)
async def test_an_outage_is_never_a_verdict_on_the_token(said: bytes, state: str) -> None:
    """Only an answer is; and only `true` is true."""
    async with bench(said) as one:
        proof = await one.ask()
        assert (proof.state, proof.issuer) == (state, "sessions")
        assert (proof.claims != {}) == (state == "ok")


async def test_a_slow_issuer_is_unavailable() -> None:
    """After the policy's timeout."""
    async with bench(None, timeout_s=0.2) as one:
        assert (await one.ask()).state == "unavailable"


@pytest.mark.parametrize(
    ("said", "after_s", "asked"),
    [
        (GOOD, 29.9, 1),
        (GOOD, 30.0, 2),
        (GOOD | {"exp": AT + 5}, 4.9, 1),
        (GOOD | {"exp": AT + 5}, 5.0, 2),
        (GOOD | {"exp": AT}, 0.0, 2),
        ({"active": True}, 29.9, 1),
        ({"active": False}, 9.9, 1),
        ({"active": False}, 10.0, 2),
    ],
)
async def test_answers_are_kept_for_a_while(said: dict[str, object], after_s: float, asked: int) -> None:
    """Good ones for `cache`, never at or after `exp`; bad ones for `negative_cache`."""
    async with bench(answer(said)) as one:
        first = await one.ask()
        one.clock.at += after_s
        second = await one.ask()
        assert len(one.seen) == asked
        assert first.state == second.state
        assert second.cached is (asked == 1 and said["active"] is True)


async def test_an_outage_is_not_kept() -> None:
    """Who is back is asked at once."""
    async with bench(answer(GOOD, "500 Oh"), answer(GOOD)) as one:
        assert [(await one.ask()).state for _ in range(2)] == ["unavailable", "ok"]


async def test_one_question_for_all_who_present_a_token() -> None:
    """And one of them that goes away does not end it for the others."""
    async with bench(answer(GOOD)) as one:
        asking = [asyncio.create_task(one.ask()) for _ in range(20)]
        await asyncio.sleep(0)
        asking.pop(0).cancel()
        assert {(await each).state for each in asking} == {"ok"}
        assert len(one.seen) == 1
        await one.ask("another")
        assert len(one.seen) == 2


async def test_an_answer_counts_for_its_endpoint_alone() -> None:
    """Another issuer, other credentials: asked anew."""
    async with bench(answer(GOOD)) as one:
        await one.ask()
        other = Endpoint.of(one.endpoint.issuer, one.endpoint.about, "other secret")
        assert one.introspector.known(other, digest_of("token", "", "opaque")) is None


async def test_what_is_kept_is_bounded() -> None:
    """By its size, not by its number."""
    large = GOOD | {"more": "x" * 200_000}
    async with bench(answer(large)) as one:
        most = MAX_KEPT_BYTES // 200_000
        for number in range(most + 5):
            await one.ask(str(number))
        kept = [one.introspector.known(one.endpoint, digest_of("token", "", str(number))) for number in range(most + 5)]
        assert most - 2 <= sum(proof is not None for proof in kept) <= most
