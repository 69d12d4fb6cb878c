"""The whole policy: settings, audit, and everything of later versions refused where it stands."""

from __future__ import annotations

import pytest

from parclose.policy.compile_audit import LEDGER
from parclose.policy.model import JsonlSink
from tests.policy.shop import BASE, changed, load_text, said


@pytest.mark.parametrize(
    ("settings", "found"),
    [
        ("admin: {listen: off}", []),
        ("admin: {listen: '[::1]:9'}", []),
        ("admin: {listen: localhost}", [("TYP002", "localhost")]),
        ("admin: {listen: '127.0.0.1:65536'}", [("TYP002", "127.0.0.1:65536")]),
        ("envs: {prod: {default: true}, stage: {hosts: ['*.stage.example']}}", []),
        ("envs: {prod: {}}", [("TYP003", "e")]),
        ("envs: {prod: {default: true}, stage: {default: true}}", [("TYP003", "s")]),
        ("envs: {prod: {default: true}, out: {listeners: [outt]}}", [("REF001", "outt")]),
        ("reload: {watch: off, min_coverage: 80%}", []),
        ("reload: {on_invalid: stop}", [("TYP002", "stop")]),
        ("limiter: {store: memory, on_error: local}", []),
        ("limiter: {deadline: 5ms}", []),
        ("websocket: {max_message: 1MiB}", []),
        ("legacy_ratelimit_headers: true", []),
        ("errors: {resource_metadata: maybe}", [("TYP002", "maybe")]),
        ("paths: {normalise: strict}", [("TYP001", "normalise")]),
        ("admission: {deny_zones: [nowhere]}", [("REF001", "nowhere")]),
        ("admission: {max_path_segments: 0}", [("TYP002", "0")]),
        ("admission: {per_ip: {burst: 1}}", [("TYP003", "{")]),
        ("sni: always", [("TYP002", "always")]),
    ],
)
def test_settings(settings: str, found: list[tuple[str, str]]) -> None:
    """Each setting, right and wrong."""
    assert said(("settings:", f"settings:\n  {settings}")) == found


@pytest.mark.parametrize(
    ("audit", "found"),
    [
        ("{sinks: [{type: jsonl, path: a.jsonl, rotate: 1MiB}]}", []),
        ("{sinks: [{type: jsonl}]}", [("TYP003", "{")]),
        ("{sinks: [{type: jsonl, path: ../a}]}", [("REF005", "../a")]),
        ("{sinks: [{type: jsonl, path: a, format: ecs}]}", []),
        ("{durability: async}", []),
        ("{body: hash}", []),
        ("{alerts: {}}", []),
    ],
)
def test_audit(audit: str, found: list[tuple[str, str]]) -> None:
    """Each part of the audit, right and wrong."""
    assert said(("version: 1", f"version: 1\naudit: {audit}")) == found


def test_what_comes_out() -> None:
    """The ledger without a sink, credentials always left out, two listeners, the realm after the policy."""
    policy = load_text(BASE)
    assert policy.audit.sinks == (JsonlSink(path=f"/p/{LEDGER}"),)
    assert {"authorization", "cookie", "x-api-key"} <= set(policy.audit.redact_headers)
    assert [(listener.name, listener.kind) for listener in policy.settings.listeners] == [
        ("edge", "reverse"),
        ("out", "forward"),
    ]
    assert policy.settings.errors.realm == "shop"
    assert load_text(BASE.replace("name: shop\n", "")).name == "p"
    assert load_text(changed(("settings:", "settings:\n  admin: {listen: off}"))).settings.admin_host == ""


def test_keys_of_ones_own_are_allowed_anywhere() -> None:
    """What begins with `x-` is ignored, at any depth."""
    assert said(("version: 1", "version: 1\nx-owner: me"), ("{hosts", "{x-a: [1], hosts")) == []


@pytest.mark.parametrize(
    ("settings", "left_open"),
    [
        ("websocket: {}", ""),
        ("legacy_ratelimit_headers: true", "`legacy_ratelimit_headers`"),
        ("legacy_ratelimit_headers: false", ""),
    ],
)
def test_settings_that_no_live_proxy_holds_to_yet(settings: str, left_open: str) -> None:
    """They are read and shown, and such a policy is not put in force."""
    policy = load_text(changed(("settings:", f"settings:\n  {settings}")))
    expected = (f"policy.yaml:4  {left_open} is not enforced by this version",) if left_open else ()
    assert policy.unenforced == expected
    if settings.startswith("websocket: {max"):
        assert policy.settings.max_message_bytes == 1024 * 1024
