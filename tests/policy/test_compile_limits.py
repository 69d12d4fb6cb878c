"""Limits: every key can be told, every route can pass, ids are stable."""

from __future__ import annotations

import pytest

from tests.policy.shop import BASE, changed, load_text, said

STEADY = "steady: {key: subject|ip, rate: 5/s, burst: 10}"


@pytest.mark.parametrize(
    ("limit", "found"),
    [
        ("steady: {key: subject, rate: 5/s}", [("LIM001", "s")]),
        ("steady: {key: subject, rate: 5/s, when: {authenticated: true}}", []),
        ("steady: {key: client+ip, rate: 5/s}", [("LIM001", "s")]),
        ("steady: {key: client|subject|ip, rate: 5/s}", []),
        ("steady: {key: attribute.plan, rate: 5/s}", []),
        ("steady: {key: attribute.team, rate: 5/s}", [("LIM001", "s")]),
        ("steady: {key: attribute.tier, rate: 5/s}", [("REF001", "attribute.tier")]),
        ("steady: {key: user, rate: 5/s}", [("TYP002", "user")]),
        ("steady: {rate: 5/s}", [("TYP003", "{")]),
        ("steady: {key: ip}", [("TYP003", "steady")]),
        ("steady: {key: ip, quota: 5/day}", [("TYP005", "quota")]),
        ("steady: {key: ip, concurrent: 5}", [("TYP005", "concurrent")]),
        ("steady: {key: ip, rate: 5/s, burst: 0}", [("TYP002", "0")]),
        ("steady: {key: ip, rate: 5/sec}", [("TYP002", "5/sec")]),
        ("steady: {key: ip, rate: 5/s, when: {hint: [scripts]}}", [("REF001", "scripts")]),
        ("steady: {key: ip, rate: 5/s, when: {hint: [web]}}", [("CLI001", "web")]),
        ("steady: shared-one", [("REF001", "shared-one")]),
    ],
)
def test_mistakes(limit: str, found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said((STEADY, limit)) == found


@pytest.mark.parametrize(("cost", "found"), [(9, []), (10, []), (11, [("LIM002", "s")])])
def test_a_burst_holds_the_dearest_route(cost: int, found: list[tuple[str, str]]) -> None:
    """A cost of the whole burst passes, one more never can."""
    assert (
        said(('"read /orders/**": orders:read', f'"read /orders/**": {{scopes: orders:read, cost: {cost}}}')) == found
    )


@pytest.mark.parametrize(
    ("issuer", "client", "key", "found"),
    [
        ("", "", "tenant", ["LIM001"]),
        ("require: [tenant], claims: {tenant: org}, ", "", "tenant", []),
        ("", "", "subject", []),
        ("require: [client], ", "", "subject", ["LIM001"]),
        ("", "", "client", []),
        ("", "any", "client", ["LIM001"]),
    ],
)
def test_who_has_what(issuer: str, client: str, key: str, found: list[str]) -> None:
    """A field is always there where the issuer requires it, or the recogniser asks for it."""
    changes = [
        ("jwks_file", f"{issuer}jwks_file"),
        ("clients: [web, anonymous]", "clients: [web]"),
        ('"GET /items": public', '"GET /items": authenticated'),
        (STEADY, f"steady: {{key: {key}, rate: 5/s}}"),
    ]
    if client:
        changes.append((", client: [web]", ""))
    assert [id_ for id_, _ in said(*changes)] == found


def test_ids_and_shapes() -> None:
    """A segment's limit is its own, a shared one everybody's; a changed rate is another shape under the same id."""
    shared = ("segments:", "limits:\n  all: {key: ip, rate: 20/10s}\nsegments:")
    policy = load_text(changed(shared, (STEADY, f"{STEADY[:-1]}}}, all: all")).replace("all: all}", "all: all}"))
    limits = {limit.id: limit for limit in policy.segments["shop"].limits}
    assert set(limits) == {"shop/steady", "shared/all"}
    assert limits["shared/all"].burst == 20
    assert limits["shared/all"].period_ns == 10 * 10**9
    other = load_text(changed(("rate: 5/s", "rate: 6/s"))).segments["shop"].limits[0]
    assert (other.id, other.shape == limits["shop/steady"].shape) == ("shop/steady", False)
    assert load_text(BASE).segments["shop"].limits[0].key == (("subject",), ("ip",))


def test_a_routes_own_limit_is_added() -> None:
    """A route's limits come on top of its segment's, keyed by callers that can reach it."""
    own = '"read /orders/**": {scopes: orders:read, limits: {slow: {key: subject, rate: 1/s}}}'
    route = load_text(changed(('"read /orders/**": orders:read', own))).segments["shop"].route_list[1]
    assert [limit.id for limit in route.limits] == ["shop/steady", "shop/read /orders/**/slow"]
