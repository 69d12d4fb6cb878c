"""Audit as it is used: sinks, outlets, alerts, and what segments and routes inherit."""

from __future__ import annotations

import pytest

from parclose.policy.alerts import Alert, Outlet, SegmentAudit, Threshold
from parclose.policy.compile_audit import LEDGER
from parclose.policy.model import JsonlSink
from tests.policy.shop import BASE, changed, load_text, said

STEADY = "    limits: {steady: {key: subject|ip, rate: 5/s, burst: 10}}"


def audited(audit: str) -> tuple[str, str]:
    """Return the change that adds an audit section."""
    return "version: 1", f"version: 1\naudit: {audit}"


@pytest.mark.parametrize(
    ("audit", "found"),
    [
        ("{sinks: [{type: jsonl}]}", [("TYP003", "{")]),
        ("{sinks: [{type: jsonl, path: a, url: x}]}", [("TYP003", "url")]),
        ("{sinks: [{type: jsonl, path: a, batch: 1s}]}", [("TYP003", "batch")]),
        ("{sinks: [{type: stdout}]}", []),
        ("{sinks: [{type: stdout, path: a}]}", [("TYP003", "path")]),
        ("{sinks: [{type: stdout, rotate: 1MiB}]}", [("TYP003", "rotate")]),
        ("{sinks: [{type: syslog}]}", []),
        ("{sinks: [{type: syslog, path: /dev/log}]}", []),
        ("{sinks: [{type: syslog, url: 'tls://logs.example:6514'}]}", []),
        ("{sinks: [{type: syslog, url: 'https://logs.example'}]}", [("TYP002", "https://logs.example")]),
        ("{sinks: [{type: webhook}]}", [("TYP003", "{")]),
        ("{sinks: [{type: webhook, url: logs}]}", [("TYP002", "logs")]),
        ("{sinks: [{type: webhook, url: 'https://x.example/in', batch: 5s}]}", []),
        ("{sinks: [{type: webhook, url: 'https://x.example', path: a}]}", [("TYP003", "path")]),
        ("{sinks: [{type: otlp}]}", [("TYP003", "{")]),
        ("{sinks: [{type: otlp, url: 'https://x.example'}]}", []),
        ("{alerts: {a: {when: [no_route], over: 1/1m}}}", []),
        ("{alerts: {a: {when: [], over: 1/1m}}}", [("TYP003", "when")]),
        ("{alerts: {a: {when: [no_rout], over: 1/1m}}}", [("TYP002", "no_rout")]),
        ("{alerts: {a: {when: [no_route], by: host, over: 1/1m}}}", [("TYP002", "host")]),
        ("{alerts: {a: {when: [no_route], by: attribute.plan, over: 1/1m}}}", []),
        ("{alerts: {a: {when: [no_route], by: attribute.tier, over: 1/1m}}}", [("REF001", "attribute.tier")]),
    ],
)
def test_mistakes(audit: str, found: list[tuple[str, str]]) -> None:
    """Each at the word that is wrong."""
    assert said(audited(audit)) == found


def test_sinks_and_alerts() -> None:
    """Files are sinks, the first of them the ledger; whatever else there is stands beside them."""
    text = changed(audited(
        "{sinks: [{type: webhook, url: 'https://siem.example/in', only: [deny], batch: 5s, format: ecs},"
        " {type: jsonl, path: a.jsonl, rotate: 1MiB}],"
        " alerts: {stuffing: {when: [token_invalid], by: ip, over: 20/5m, severity: high, notify: ['https://n.example']}}}"
    ))  # fmt: skip
    audit = load_text(text).audit
    assert audit.sinks == (JsonlSink(path="/p/a.jsonl", rotate_bytes=1 << 20),)
    assert audit.outlets == (
        Outlet(
            kind="webhook", to="https://siem.example/in", format="ecs", only=("deny",), batch_s=5, where="policy.yaml:2"
        ),
    )  # fmt: skip
    assert audit.alerts == (
        Alert(
            name="stuffing", when=frozenset({"token_invalid"}), by="ip", over=Threshold(count=20, window_s=300),
            severity="high", notify=("https://n.example",), where="policy.yaml:2",
        ),
    )  # fmt: skip


def test_without_a_file_the_ledger_is_beside_the_policy() -> None:
    """Other sinks never take its place: one line for every decision, always."""
    assert load_text(changed(audited("{sinks: [{type: stdout}]}"))).audit.sinks == (JsonlSink(path=f"/p/{LEDGER}"),)


def test_segments_and_routes_inherit_key_by_key() -> None:
    """A route from its segment, that from its profiles, those from the policy."""
    text = changed(
        audited("{allow_sample: 10%, on_failure: continue, tag: [all]}"),
        ("segments:", "profiles:\n  default: {audit: {tag: [web]}}\nsegments:"),
        (STEADY, f"    audit: {{allow_sample: 50%, redact: {{headers: [X-A], query: [q], ip: hash}}}}\n{STEADY}"),
        ('"GET /items": public', '"GET /items": {public: true, audit: {allow_sample: 100%, on_failure: deny}}'),
    )
    shop = load_text(text).segments["shop"]
    kept = SegmentAudit(
        allow_sample=0.5, tag=("web",), on_failure="continue", redact_headers=("x-a",), redact_query=("q",),
        redact_ip="hash",
    )  # fmt: skip
    assert shop.audit == kept
    routes = {route.key: route.audit for route in shop.route_list}
    assert routes["read /orders/**"] == kept
    assert (routes["GET /items"].allow_sample, routes["GET /items"].on_failure, routes["GET /items"].tag) == (
        1.0, "deny", ("web",),
    )  # fmt: skip
    assert load_text(BASE).segments["shop"].audit == SegmentAudit()


@pytest.mark.parametrize(
    ("changes", "left_open"),
    [
        ((audited("{durability: async}"),), ["`audit.durability: async`"]),
        ((audited("{durability: disk, on_failure: continue, tag: [a], allow_sample: 1%}"),), []),
        ((audited("{body: hash}"),), ["`audit.body: hash`"]),
        ((audited("{body: none}"),), []),
        ((audited("{sinks: [{type: stdout}]}"),), ["a sink of type `stdout`"]),
        ((audited("{sinks: [{type: jsonl, path: a, format: ecs}]}"),), ["`format: ecs` of a sink"]),
        ((audited("{alerts: {a: {when: [no_route], over: 1/1m}}}"),), ["alert `a`"]),
        (
            (("segments:", "profiles:\n  default: {audit: {durability: disk}}\nsegments:"),),
            ["`audit.durability` of a segment or route"],
        ),
        (
            (('"GET /items": public', '"GET /items": {public: true, audit: {body: pointers, redact: {ip: hash}}}'),),
            ["`audit.body: pointers`", "`audit.redact` of a segment or route"],
        ),
    ],
)
def test_what_no_live_proxy_holds_to_yet(changes: tuple[tuple[str, str], ...], left_open: list[str]) -> None:
    """It is read and shown; a proxy that ignored it would keep less, or more, than its policy says."""
    unenforced = [line.partition("  ")[2].removesuffix(" is not enforced by this version") for line in
                  load_text(changed(*changes)).unenforced]  # fmt: skip
    assert sorted(unenforced) == left_open
