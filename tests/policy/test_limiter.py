"""The store of counters: what holds where nothing is written, and what a segment inherits."""

from __future__ import annotations

import pytest

from parclose.policy.limiter import Limiter
from parclose.policy.segment import SecretRef
from tests.policy.shop import BASE, changed, load_text, said

STEADY = "steady: {key: subject|ip, rate: 5/s, burst: 10}"
REDIS = SecretRef(source="env", name="REDIS_URL", where="policy.yaml:4")


@pytest.mark.parametrize(
    ("written", "limiter"),
    [
        ("{}", Limiter()),
        ("{store: memory, on_error: deny}", Limiter(on_error="deny")),
        ("{store: {redis: {env: REDIS_URL}}}", Limiter(redis=REDIS)),
        (
            "{store: {redis: {env: REDIS_URL}}, deadline: 20ms, prefix: shop, lease: 10}",
            Limiter(redis=REDIS, deadline_s=0.02, prefix="shop", lease=10),
        ),
        ("{lease: off}", Limiter()),
    ],
)
def test_settings(written: str, limiter: Limiter) -> None:
    """What is written, for the policy and for every segment."""
    policy = load_text(changed(("settings:", f"settings:\n  limiter: {written}")))
    assert policy.settings.limiter == limiter
    assert policy.segments["shop"].limiter == limiter


def test_a_segment_overrides_key_by_key() -> None:
    """What it does not write it inherits; without settings the built-in values hold."""
    own = (f"    limits: {{{STEADY}", f"    limiter: {{on_error: allow}}\n    limits: {{{STEADY}")
    policy = load_text(changed(("settings:", "settings:\n  limiter: {on_error: deny, prefix: shop}"), own))
    assert policy.segments["shop"].limiter == Limiter(on_error="allow", prefix="shop")
    assert load_text(BASE).segments["shop"].limiter == load_text(BASE).settings.limiter == Limiter()


@pytest.mark.parametrize(
    ("written", "found"),
    [
        ("{store: redis}", [("TYP002", "redis")]),
        ("{store: {redis: {}}}", [("TYP003", "{")]),
        ("{store: {}}", [("TYP003", "{")]),
        ("{store: {redis: secret}}", [("KEY001", "secret")]),
        ("{store: {url: x}}", [("TYP003", "{"), ("TYP001", "url")]),
        ("{deadline: 50}", [("TYP002", "50")]),
        ("{lease: 0}", [("TYP002", "0")]),
        ("{lease: 1001}", [("TYP002", "1001")]),
        ("{prefix: []}", [("TYP002", "[")]),
        ("{on_error: open}", [("TYP002", "open")]),
    ],
)
def test_mistakes(written: str, found: list[tuple[str, str]]) -> None:
    """Each at the word that is wrong."""
    assert said(("settings:", f"settings:\n  limiter: {written}")) == found


def test_a_shared_store_is_not_put_in_force_yet() -> None:
    """It is read, linted and shown; a live proxy that counted alone would let several times as much through."""
    policy = load_text(changed(("settings:", "settings:\n  limiter: {store: {redis: {env: REDIS_URL}}}")))
    assert policy.unenforced == ("policy.yaml:4  `limiter.store: redis` is not enforced by this version",)
