"""Whose keys are fetched: if these fail, an issuer is asked for nothing, or one that is in force is not asked."""

from __future__ import annotations

import asyncio

from parclose.stores.key_sources import KeySources
from tests.stores.answering import answer, answering
from tests.stores.signing import issuer, signer

RS = signer()


async def until_known(sources: KeySources, iss: str) -> None:
    """Wait until an issuer's keys are there."""
    async with asyncio.timeout(10):
        while sources.ages_s().get(iss) is None:  # noqa: ASYNC110 - nobody says when they are there
            await asyncio.sleep(0.001)


async def test_keys_are_fetched_ahead_and_forgotten_with_their_issuer() -> None:
    """From the moment on at which a policy is in force that names it."""
    async with answering(answer({"keys": [RS.jwk()]})) as (url, seen):
        one = issuer(source="jwks_url", url=url)
        local = issuer(name="here", iss="https://here.example")
        sources = KeySources()
        keys = sources.of(one)
        assert sources.of(one) is keys
        sources.follow((one, local))
        sources.follow((one, local))
        await until_known(sources, one.iss)
        assert keys.of(one) is not None
        assert (sources.changes, len(seen)) == (1, 1)
        sources.follow((local,))
        assert sources.ages_s() == {}
        assert sources.of(one) is not keys
        sources.stop()


async def test_after_the_end_nothing_is_fetched() -> None:
    """Neither kept fresh nor begun."""
    async with answering(answer({"keys": [RS.jwk()]})) as (url, seen):
        one = issuer(source="jwks_url", url=url)
        sources = KeySources()
        sources.of(one)
        sources.follow((one,))
        sources.stop()
        await asyncio.sleep(0.05)
        assert seen == []
