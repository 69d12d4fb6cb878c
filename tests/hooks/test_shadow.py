"""What would be believed if these failed: that trying something out costs nobody a request."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from mitmproxy import http

from parclose.engine import STAGES, advance, drive
from parclose.hooks.audit_sink import AuditSink
from parclose.hooks.exchange import Exchange
from parclose.hooks.guard import Guard
from parclose.hooks.inspector import words
from parclose.hooks.service import Service
from parclose.hooks.shadow import Shadow
from parclose.ports import Answer, Ask
from parclose.testing import facts
from tests.hooks.ground import POLICY, World, exchange, live, service

MATCH = "{listeners: [edge], hosts: [api.test], paths: [/shop/new/**], clients: [partner]}"
TRIED = POLICY.replace(
    "segments:\n",
    f"segments:\n  trial:\n    match: {MATCH}\n    mode: shadow\n    routes: {{any /shop/new/**: authenticated}}\n",
)
REQUEST = "GET http://api.test/shop/new"


def ground(folder: Path, world: object = None, *, text: str = TRIED) -> tuple[Service, http.HTTPFlow, Exchange]:
    """Return a house under a policy with a trial, a request to it, and its exchange after the last stage."""
    house, judged = service(folder, text=text), live(REQUEST)
    assert house.edition is not None
    if house.edition.policy.shadow is not None:
        house.edition = replace(house.edition, shadow=world or World())  # type: ignore[arg-type]
    under_way = exchange(house, facts(REQUEST, listener="edge"), judged)
    assert drive(advance(under_way.walk, STAGES), World()) is None
    return house, judged, under_way


def test_the_second_verdict_is_kept_counted_and_shown(tmp_path: Path) -> None:
    """In force it is allowed; that the trial would refuse it is in the exchange, the metrics, the comment, the line."""
    house, judged, under_way = ground(tmp_path)
    assert Shadow(house).requestheaders(judged) is None
    assert under_way.conclude().allowed
    assert under_way.would is not None
    assert under_way.would.words == "would deny 401 credential_missing"
    assert words(under_way.conclude(), under_way.would).endswith(" · would deny 401 credential_missing")
    assert '"would":{"action":"deny","status":401' in under_way.text()
    labels = 'effect="deny",mode="shadow",reason="credential_missing",segment="trial"'
    assert f"parclose_would_decisions_total{{{labels}}} 1.0" in house.metrics.exposition().decode()
    AuditSink(house).requestheaders(judged)
    assert house.verdicts.is_admitted(judged)
    assert '"would":' in (tmp_path / "ledger.jsonl").read_text()


def test_without_a_trial_nothing_is_done(tmp_path: Path) -> None:
    """A policy without modes has no world for second verdicts, and none is sought."""
    house, judged, under_way = ground(tmp_path, text=POLICY)
    assert Shadow(house).requestheaders(judged) is None
    assert (under_way.second, under_way.would) == (None, None)


class Broken:
    """A world that fails, or never answers."""

    def __init__(self, answer: Callable[[], object]) -> None:
        """Take what it does."""
        self._answer = answer

    def answer(self, ask: Ask) -> Answer:
        """Do it."""
        del ask
        return self._answer()  # type: ignore[return-value]


def fails() -> object:
    """Fail."""
    raise ValueError("broken")


async def never() -> None:
    """Wait for ever."""
    await asyncio.Event().wait()


@pytest.mark.parametrize("answer", [fails, never])
async def test_a_trial_that_fails_costs_nobody_a_request(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: Callable[[], object]
) -> None:
    """Whatever happens in the second walk: logged and counted, never refused, never revoked."""
    limited = TRIED.replace("{any /shop/new/**: authenticated}", "{any /shop/new/**: public}").replace(
        "clients: [partner]}", "clients: [partner, anonymous]}\n    limits: {steady: {key: ip, rate: 1/s}}"
    )
    house, judged, under_way = ground(tmp_path, Broken(answer), text=limited)
    refused: list[object] = []
    counted: list[tuple[str, str]] = []
    monkeypatch.setattr(Shadow, "spare_s", 0.01)
    guard = Guard(
        refusal=lambda flow: http.Response.make(503), count=lambda *what: counted.append(what), revoke=refused.append
    )
    shadow = guard.wrap(Shadow(house))
    waiting = shadow.requestheaders(judged)
    if waiting is not None:
        await waiting
    assert (judged.response, refused, counted) == (None, [], [("shadow", "requestheaders")])
    assert under_way.would is None
    assert under_way.conclude().allowed
