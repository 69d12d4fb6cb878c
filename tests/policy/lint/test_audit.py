"""Records: what is named, and what is very like it and is left alone."""

from __future__ import annotations

import pytest

from parclose.policy.errors import PolicyError
from parclose.policy.load import load
from tests.policy.lint.looking import found
from tests.policy.shop import KEYS, changed

LEDGER = "{type: jsonl, path: audit/decisions.jsonl}"
ALL = "settings:\n"


def audit(text: str) -> tuple[str, str]:
    """Return the change that gives the base an audit."""
    return (ALL, f"audit: {text}\n{ALL}")


def alert(reasons: str) -> tuple[str, str]:
    """Return the change that gives the base an alert."""
    return audit(f"{{sinks: [{LEDGER}], alerts: {{odd: {{when: [{reasons}], over: 5/1m}}}}}}")


WEBHOOK = "{type: webhook, url: URL}"


@pytest.mark.parametrize(
    ("id", "changes", "expected"),
    [
        (
            "AUD001",
            [],
            [("v", "no sink is written: decisions go to `audit/decisions.jsonl` beside the policy")],
        ),
        (
            "AUD001",
            [audit("{allow_sample: 5%}")],
            [("{", "no sink is written: decisions go to `audit/decisions.jsonl` beside the policy")],
        ),
        ("AUD001", [audit(f"{{sinks: [{LEDGER}]}}")], []),
        (
            "AUD002",
            [audit(f"{{sinks: [{LEDGER}], redact: {{headers: [authorization]}}}}")],
            [("headers", "`x-api-key` carries keys of store `partners`, and is not listed")],
        ),
        ("AUD002", [audit(f"{{sinks: [{LEDGER}], redact: {{headers: [authorization, X-Api-Key]}}}}")], []),
        ("AUD002", [audit(f"{{sinks: [{LEDGER}], redact: {{query: [token]}}}}")], []),
        (
            "AUD002",
            [("header: X-Api-Key", "query: key"), audit(f"{{sinks: [{LEDGER}], redact: {{query: [token]}}}}")],
            [("query", "`key` carries keys of store `partners`, and is not listed")],
        ),
        (
            "AUD003",
            [audit(f"{{sinks: [{LEDGER[:-1]}, only: [allow]}}]}}")],
            [("sinks", "no sink takes denials: what was refused, and why, is told nowhere")],
        ),
        ("AUD003", [audit(f"{{sinks: [{LEDGER[:-1]}, only: [allow]}}, {LEDGER}]}}")], []),
        (
            "AUD004",
            [alert("quota_exhausted, bind_mismatch")],
            [
                (
                    "odd",
                    "alert `odd` waits for `quota_exhausted`, `bind_mismatch`, which nothing in this policy can give",
                )
            ],
        ),
        ("AUD004", [alert("quota_exhausted, rate_limited")], []),
    ],
)
def test_what_is_named_and_what_is_not(id: str, changes: list[tuple[str, str]], expected: object) -> None:  # noqa: A002
    """Each lint has a row that fires, with its place and words, and a near miss."""
    assert found(id, *changes) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://siem.example/in", ["a webhook over http: whoever is on the way reads who was refused what"]),
        ("https://shop.example/in", ["a webhook through this proxy: `shop.example` is a surface of segment `shop`"]),
        ("https://siem.example/in", []),
    ],
)
def test_a_webhook_that_is_read_or_judged_on_its_way_is_refused(url: str, expected: list[str]) -> None:
    """AUD005 blocks: each load looks, not only `parclose check`."""
    text = changed(audit(f"{{sinks: [{LEDGER}, {WEBHOOK.replace('URL', url)}]}}"))
    files = {"/p/policy.yaml": text.encode(), "/p/keys.json": KEYS.encode()}
    said = []
    try:
        load("/p/policy.yaml", files.__getitem__)
    except PolicyError as wrong:
        said = [finding.message for finding in wrong.findings]
    assert said == expected
