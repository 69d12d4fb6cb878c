"""What would be believed if these failed: that what is counted can be told apart, and nothing else is shown."""

import asyncio
import time

import pytest

from parclose.hooks.metrics import Metrics
from parclose.reasons import Reason
from parclose.stores.key_sources import KeySources
from parclose.stores.token_cache import TokenCache
from parclose.verdict import Effect, Verdict
from tests.stores.answering import answer, answering
from tests.stores.signing import AT, issuer, signer
from tests.stores.test_key_sources import until_known
from tests.stores.test_token_cache import BOUND, DIGEST, Clock, proven


def shown(metrics: Metrics) -> list[str]:
    """Return the sample lines."""
    return [line for line in metrics.exposition().decode().splitlines() if not line.startswith("#")]


def test_decisions_have_bounded_labels() -> None:
    """Segment, concern, stage, reason and effect; nothing of the caller."""
    metrics = Metrics()
    metrics.decided(Verdict(reason=Reason.SCOPE_MISSING, stage="scope", segment="s"), 0.0001)
    metrics.decided(Verdict(effect=Effect.ALLOW, reason=None, stage="", segment="s"), 0.0001)
    metrics.decided(Verdict(), 0.0001)
    name = "parclose_decisions_total"
    assert [line for line in shown(metrics) if line.startswith(name)] == [
        f'{name}{{concern="scope",effect="deny",reason="scope_missing",segment="s",stage="scope"}} 1.0',
        f'{name}{{concern="",effect="allow",reason="",segment="s",stage=""}} 1.0',
        f'{name}{{concern="proxy",effect="deny",reason="internal_error",segment="",stage="proxy"}} 1.0',
    ]
    assert "parclose_decision_duration_seconds_count 3.0" in shown(metrics)


def test_a_refused_policy_is_a_flag() -> None:
    """It is up while the file holds a policy that was refused, and down again after a good one."""
    metrics = Metrics()
    metrics.policy_taken("p", "1", 7.0)
    metrics.policy_refused()
    assert "parclose_policy_rejected 1.0" in shown(metrics)
    metrics.policy_taken("p", "2", 8.0)
    lines = shown(metrics)
    assert "parclose_policy_rejected 0.0" in lines
    assert 'parclose_policy_info{name="p",revision="2"} 1.0' in lines
    assert 'parclose_policy_info{name="p",revision="1"} 1.0' not in lines
    assert 'parclose_policy_reloads_total{result="rejected"} 1.0' in lines


def test_failures_are_counted() -> None:
    """Hooks that failed, lines that were lost, connections that were cut; and no creation times beside them."""
    metrics = Metrics()
    metrics.guard_failed("a", "request")
    metrics.audit_failed()
    metrics.connection_refused("raw_tcp")
    lines = shown(metrics)
    assert 'parclose_guard_errors_total{addon="a",hook="request"} 1.0' in lines
    assert "parclose_audit_failures_total 1.0" in lines
    assert 'parclose_refused_connections_total{detail="raw_tcp"} 1.0' in lines
    assert [line for line in lines if "_created" in line] == []


def lines(metrics: Metrics) -> dict[str, float]:
    """Return what is told, by name and labels."""
    told = [line for line in metrics.exposition().decode().splitlines() if not line.startswith("#")]
    return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in told}


async def test_looks_and_ages_are_told_as_they_are() -> None:
    """At each scrape; after a new start of the script, of the new parts alone."""
    metrics, clock = Metrics(), Clock()
    tokens, sources = TokenCache(timer=clock), KeySources(clock)
    metrics.watch(TokenCache(), KeySources(), dict)
    metrics.watch(tokens, sources, lambda: {"country_db": time.time() - 86_400})
    assert tokens.get(DIGEST, BOUND) is None
    tokens.put(DIGEST, proven(exp=AT + 60), "keys-1")
    assert tokens.get(DIGEST, BOUND) is not None
    assert tokens.get(DIGEST, {"login": "keys-2"}) is None
    assert tokens.get(DIGEST, BOUND) is not None
    async with answering(answer({"keys": [signer().jwk()]})) as (url, _):
        one, gone = issuer(source="jwks_url", url=url), issuer(source="jwks_url", url="http://127.0.0.1:1", iss="gone")
        for each in (one, gone):
            sources.of(each)
        sources.follow((one, gone))
        await until_known(sources, one.iss)
        clock.at += 7
        sources.stop()
        await asyncio.sleep(0)
    told = lines(metrics)
    assert told['parclose_token_cache_lookups_total{result="hit"}'] == 2
    assert told['parclose_token_cache_lookups_total{result="miss"}'] == 2
    assert told[f'parclose_key_set_age_seconds{{issuer="{one.iss}"}}'] == 7
    assert told[f'parclose_key_set_known{{issuer="{one.iss}"}}'] == 1
    assert told['parclose_key_set_known{issuer="gone"}'] == 0
    assert 'parclose_key_set_age_seconds{issuer="gone"}' not in told
    assert told['parclose_geo_database_age_seconds{field="country_db"}'] == pytest.approx(86_400, abs=5)
