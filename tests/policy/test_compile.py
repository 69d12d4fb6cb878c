"""The whole policy: settings, audit, and everything of later versions refused where it stands."""

from __future__ import annotations

import pytest

from parclose.policy.compile import LEDGER
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
        ("limiter: {deadline: 5ms}", [("TYP005", "deadline")]),
        ("websocket: {max_message: 1MiB}", [("TYP005", "websocket")]),
        ("legacy_ratelimit_headers: true", [("TYP005", "legacy_ratelimit_headers")]),
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


@pytest.mark.parametrize("section", ["guardrails: []", "client_cas: {}"])
def test_sections_of_later_versions(section: str) -> None:
    """What this version cannot do is refused where it stands, never ignored."""
    assert said(("version: 1", f"version: 1\n{section}")) == [("TYP005", section.partition(":")[0])]


@pytest.mark.parametrize(
    ("audit", "found"),
    [
        ("{sinks: [{type: jsonl, path: a.jsonl, rotate: 1MiB}]}", []),
        ("{sinks: [{type: jsonl}]}", [("TYP003", "{")]),
        ("{sinks: [{type: jsonl, path: ../a}]}", [("REF005", "../a")]),
        ("{sinks: [{type: webhook}]}", [("TYP005", "webhook")]),
        ("{sinks: [{type: jsonl, path: a, format: ecs}]}", [("TYP005", "ecs")]),
        ("{durability: async}", [("TYP005", "async")]),
        ("{body: hash}", [("TYP005", "hash")]),
        ("{alerts: {}}", [("TYP005", "alerts")]),
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
