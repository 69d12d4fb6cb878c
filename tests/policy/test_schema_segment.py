"""Segments, profiles, routes and limits: text in, what was written or where it is wrong."""

from __future__ import annotations

import pytest

from parclose.policy.schema_audit import SegmentAuditSpec
from parclose.policy.schema_base import Written
from parclose.policy.schema_segment import (
    AuthnSpec,
    ErrorsSpec,
    ForwardSpec,
    LimiterSpec,
    LimitSpec,
    MatchSpec,
    NeedSpec,
    NetworkSpec,
    ProfileSpec,
    RolesSpec,
    RouteSpec,
    ScopesSpec,
    SegmentSpec,
    WhenSpec,
)
from tests.policy.reading import decoded, mistakes, source_of


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        (LimitSpec, "{key: ip, rate: 5/s}", []),
        (LimitSpec, "shared-one", []),
        (LimitSpec, "Shared One", [("TYP002", 1, 1)]),
        (LimitSpec, "{key: ip, quota: 5/day, tz: Europe/Oslo}", []),
        (LimitSpec, "{key: ip, quota: 5/days}", [("TYP002", 1, 18)]),
        (LimitSpec, "{key: ip, quota: 5/day, tz: Oslo}", [("TYP002", 1, 29)]),
        (LimitSpec, "{key: ip, concurrent: 5}", []),
        (LimitSpec, "{key: ip, concurrent: 0}", [("TYP002", 1, 23)]),
        (LimitSpec, "{rate: 5/s, burst: 0}", [("TYP002", 1, 20)]),
        (LimitSpec, "{rate: 5/s, burst: 1}", []),
        (LimitSpec, "{rate: 5/s, burst: 1000000000}", []),
        (LimitSpec, "{rate: 5/s, burst: 1000000001}", [("TYP002", 1, 20)]),
        (LimitSpec, "{rate: 5/s, count: denied}", [("TYP002", 1, 20)]),
        (WhenSpec, "{methods: get}", [("TYP002", 1, 11)]),
        (WhenSpec, "{authenticated: no}", [("TYP002", 1, 17)]),
        (ForwardSpec, "{set: {X-Key: {env: K}}, remove: [X-A], forwarded: none}", []),
        (ForwardSpec, "{set: {X-Key: hunter2}}", [("KEY001", 1, 15)]),
        (ForwardSpec, "{assertion: {}}", [("TYP003", 1, 13)] * 3),
        (ForwardSpec, "{assertion: {header: X-A, audience: a, key: {file: k}, ttl: 5m}}", []),
        (ForwardSpec, "{assertion: {header: X-A, audience: a, key: hunter2}}", [("KEY001", 1, 45)]),
        (ErrorsSpec, "{resource_metadata: maybe}", [("TYP002", 1, 21)]),
        (ErrorsSpec, "{body: html}", [("TYP002", 1, 8)]),
        (LimiterSpec, "{store: redis}", [("TYP002", 1, 9)]),
        (LimiterSpec, "{store: {redis: {env: R}}}", []),
        (LimiterSpec, "{deadline: 50ms, prefix: a, lease: 10}", []),
        (LimiterSpec, "{lease: off}", []),
        (LimiterSpec, "{lease: 0}", [("TYP002", 1, 9)]),
        (NetworkSpec, "{passthrough: [x.example, '*.y.example']}", []),
        (NetworkSpec, "{passthrough: [x/y]}", [("TYP002", 1, 16)]),
        (NetworkSpec, "{allow: office}", [("TYP002", 1, 9)]),
        (NetworkSpec, "{deny_as: 403}", []),
        (NetworkSpec, "{deny_as: 404}", []),
        (NetworkSpec, "{deny_as: 401}", [("TYP002", 1, 11)]),
        (NetworkSpec, "{destinations: {alow: [any]}}", [("TYP001", 1, 17)]),
        (AuthnSpec, "{accept: [token+api_key], max_token_age: 15m, amr: [pwd]}", []),
        (AuthnSpec, "{max_token_age: 15}", [("TYP002", 1, 17)]),
        (SegmentAuditSpec, "{body: hash}", []),
        (SegmentAuditSpec, "{sinks: []}", [("TYP001", 1, 2)]),
        (RouteSpec, "{audit: {allow_sample: 5%, body: pointers}}", []),
        (SegmentAuditSpec, "{allow_sample: 100.1%}", [("TYP002", 1, 16)]),
        (NeedSpec, "orders:read", []),
        (NeedSpec, "{all: [a], any: [b]}", []),
        (NeedSpec, "[a, b]", [("TYP002", 1, 1)]),
        (RolesSpec, "admin", [("TYP002", 1, 1)]),
        (ScopesSpec, "{read: a, write: {all: [a, b]}}", []),
        (RouteSpec, "public", []),
        (RouteSpec, "{public: true, cost: 1}", []),
        (RouteSpec, "{cost: 0}", [("TYP002", 1, 8)]),
        (RouteSpec, "{cost: 1000000}", []),
        (RouteSpec, "{cost: 1000001}", [("TYP002", 1, 8)]),
        (RouteSpec, "{scopes: [a, b]}", [("TYP002", 1, 10)]),
        (RouteSpec, "{log_only: [network, scopes, limits]}", []),
        (RouteSpec, "{log_only: [scope]}", [("TYP002", 1, 13)]),
        (RouteSpec, "{log_only: [limits, authn]}", [("MOD001", 1, 21)]),
        (RouteSpec, "{log_only: limits}", [("TYP002", 1, 12)]),
        (RouteSpec, "{mode: shadow, since: 2026-01-01}", []),
        (RouteSpec, "{mode: dark}", [("TYP002", 1, 8)]),
        (RouteSpec, "{limits: {steady: ~}}", []),
        (RouteSpec, "[public]", [("TYP002", 1, 1)]),
        (MatchSpec, "{hosts: ['*.x.example'], paths: [/v1/**], methods: [read], clients: [any]}", []),
        (MatchSpec, "{hosts: [X.example]}", [("TYP002", 1, 10)]),
        (MatchSpec, "{paths: [v1]}", [("RTE008", 1, 10)]),
        (MatchSpec, "{methods: GET}", [("TYP002", 1, 11)]),
        (MatchSpec, "{attributes: {plan: free}}", [("TYP002", 1, 21)]),
        (ProfileSpec, "{match: {}}", [("TYP001", 1, 2)]),
        (ProfileSpec, "{use: [base]}", [("TYP001", 1, 2)]),
        (ProfileSpec, "{mode: off}", []),
        (ProfileSpec, "{log_only: []}", []),
        (ProfileSpec, "{preflight: maybe}", [("TYP002", 1, 13)]),
        (SegmentSpec, "{match: {}, use: [base], max_body: 10MiB}", []),
        (SegmentSpec, "{mode: enforce, since: 2026-01-01T12:00:00Z}", []),
        (SegmentSpec, "{since: yesterday}", [("TYP002", 1, 9)]),
        (SegmentSpec, "web", [("TYP002", 1, 1)]),
    ],
)
def test_what_is_written(kind: type[Written], content: str, expected: list[tuple[str, int, int]]) -> None:
    """What belongs to a later version is refused by name; a bare list of scopes must say all or any."""
    assert mistakes(kind, content) == expected


def test_a_secret_is_not_repeated() -> None:
    """A secret in clear text is in no field of what is reported, and not in its line either."""
    source = source_of("{set: {X-Key: hunter2, Y-Key: {file: run/y}}}")
    from parclose.policy.schema import decode

    assert decode(ForwardSpec, source.open(), source) is None
    (finding,) = source.error().findings
    assert (finding.id, finding.key, finding.width) == ("KEY001", "set.X-Key", len("hunter2"))
    assert "hunter2" not in repr(finding)
    assert "hunter2" not in finding.render()


@pytest.mark.parametrize(
    ("content", "brief"), [("public", "public"), ("orders:read", "orders:read"), ("{public: true}", None)]
)
def test_a_route_may_be_one_word(content: str, brief: str | None) -> None:
    """One word stands for the whole route."""
    assert decoded(RouteSpec, content).brief == brief


def test_what_is_not_written_is_inherited() -> None:
    """A field that is not there says nothing: a profile or a default may."""
    segment = decoded(SegmentSpec, "{}")
    assert all(getattr(segment, name) is None for name in SegmentSpec.model_fields)
    assert decoded(LimitSpec, "{}").count == "allowed"
