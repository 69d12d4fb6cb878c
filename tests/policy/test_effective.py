"""Every value that holds has its origin, and is the one that the compiler used."""

from __future__ import annotations

import pytest

from parclose.policy.alerts import SegmentAudit
from parclose.policy.effective import DEFAULTS
from parclose.policy.segment import Errors, Forward, Network, Segment
from tests.policy.shop import load_text
from tests.policy.showing import holds


@pytest.mark.parametrize(
    ("segment", "key", "value", "origin"),
    [
        ("app", "about", "The app, folded", "team.yaml:15"),
        ("app", "owner", "team-web", "policy.yaml:5 via include"),
        ("app", "use", "[office, mine]", "team.yaml:18"),
        ("app", "match.paths", "[/v1/**]", "team.yaml:19"),
        ("app", "match.hosts", "[*]", "built-in default"),
        # The segment before its profiles, the last profile first, each mapping key by key.
        ("app", "network.allow", "[office, lab]", "team.yaml:20"),
        ("app", "network.deny", "[lab]", "team.yaml:3 via mine"),
        ("app", "network.deny_as", "404", "policy.yaml:25 via office"),
        ("app", "roles", "{any: [staff, admin]}", "policy.yaml:26 via office"),
        ("app", "scopes.write", "{all: [a:write, b:read]}", "team.yaml:4 via mine"),
        ("app", "route_sets", "[pages]", "team.yaml:5 via mine"),
        # The profile `default`, and what null takes away.
        ("app", "limits.day", "daily = {key: subject|ip, rate: 100/h}", "policy.yaml:22 via default, policy.yaml:18"),
        ("app", "limits.steady", "none", "removed at team.yaml:21"),
        ("app", "max_body", "10MiB", "removed at team.yaml:22"),
        ("bare", "max_body", "1MiB", "policy.yaml:21 via default"),
        ("bare", "limits.steady", "{key: ip, rate: 1/s}", "policy.yaml:22 via default"),
        # Settings, the audit of all, and what follows from other fields.
        ("app", "errors.detail", "full", "policy.yaml:9 via settings"),
        ("app", "errors.body", "problem+json", "built-in default"),
        ("app", "forward.credentials", "strip", "policy.yaml:10 via settings"),
        ("app", "audit.allow_sample", "50%", "policy.yaml:27 via office"),
        ("bare", "audit.allow_sample", "10%", "policy.yaml:11 via audit"),
        ("bare", "authn.accept", "[token]", "follows from match.clients"),
        ("bare", "authn.issuers", "[login]", "follows from match.clients"),
        ("out", "network.destinations", "{deny: [internal]}", "built-in default"),
        ("parked", "mode", "off", "team.yaml:32"),
    ],
)
def test_values(segment: str, key: str, value: str, origin: str) -> None:
    """Who writes a value closest to the segment is who is named."""
    assert [(each.value, each.origin) for each in holds(segment).values if each.key == key] == [(value, origin)]


def test_each_key_once() -> None:
    """Nothing is said twice, and nothing that does not hold: no destinations where nothing is sent to any."""
    for name in ("app", "bare", "out", "parked"):
        keys = [value.key for value in holds(name).values]
        assert len(keys) == len(set(keys))
        assert ("network.destinations" in keys) == (name == "out")


def test_defaults_are_what_compiles() -> None:
    """The words for what nobody writes are those of the compiled segment."""
    policy = load_text('version: 1\nsegments: {a: {routes: {"GET /": public}, match: {clients: [anonymous]}}}\n')
    segment: Segment = policy.segments["a"]
    assert [str(host) for host in segment.surface.hosts] == [DEFAULTS["match.hosts"].strip("[]")]
    assert [str(path) for path in segment.surface.paths] == [DEFAULTS["match.paths"].strip("[]")]
    assert (segment.surface.listeners, segment.surface.methods) == ((), None)
    assert segment.network.deny_as == Network().deny_as == int(DEFAULTS["network.deny_as"])
    assert (segment.network.allow, segment.network.deny, segment.upstream) == (None, 0, "")
    assert segment.preflight == DEFAULTS["preflight"]
    assert f"{segment.max_body_bytes >> 20}MiB" == DEFAULTS["max_body"]
    assert segment.forward == Forward(
        credentials=DEFAULTS["forward.credentials"], forwarded=DEFAULTS["forward.forwarded"]
    )
    assert segment.mode == DEFAULTS["mode"]
    assert segment.errors == Errors(
        body=DEFAULTS["errors.body"], detail=DEFAULTS["errors.detail"], realm=policy.name, conceal=False
    )
    assert DEFAULTS["errors.conceal"] == "false"
    assert segment.audit.allow_sample == SegmentAudit().allow_sample == int(DEFAULTS["audit.allow_sample"][:-1]) / 100
