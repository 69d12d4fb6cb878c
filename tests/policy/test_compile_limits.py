"""Limits: every key can be told, every route can pass, ids are stable."""

from __future__ import annotations

import pytest

from tests.policy.shop import BASE, changed, ids, load_text, said

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
        ("steady: {key: ip, quota: 5/day}", []),
        ("steady: {key: ip, quota: 5/month, tz: Europe/Oslo}", []),
        ("steady: {key: ip, quota: 5/day, tz: Oslo}", [("TYP002", "Oslo")]),
        ("steady: {key: ip, quota: 5/h}", [("TYP002", "5/h")]),
        ("steady: {key: ip, quota: 5/day, count: all}", []),
        ("steady: {key: ip, quota: 5/day, burst: 3}", [("TYP003", "burst")]),
        ("steady: {key: ip, rate: 5/s, quota: 5/day}", [("TYP003", "quota")]),
        ("steady: {key: ip, concurrent: 5}", []),
        ("steady: {key: ip, concurrent: 0}", [("TYP002", "0")]),
        ("steady: {key: ip, concurrent: 5, tz: UTC}", [("TYP003", "tz")]),
        ("steady: {key: ip, concurrent: 5, burst: 2}", [("TYP003", "burst")]),
        ("steady: {key: ip, concurrent: 5, count: all}", [("TYP003", "count")]),
        ("steady: {key: ip, rate: 5/s, tz: UTC}", [("TYP003", "tz")]),
        ("steady: {key: subject, quota: 5/day}", [("LIM001", "s")]),
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


@pytest.mark.parametrize(
    ("limit", "cost", "found"),
    [
        ("quota: 10/day", 9, []),
        ("quota: 10/day", 10, []),
        ("quota: 10/day", 11, [("LIM002", "s")]),
        ("concurrent: 1", 11, []),
    ],
)
def test_a_quota_holds_the_dearest_route(limit: str, cost: int, found: list[tuple[str, str]]) -> None:
    """As with a burst; a slot is one, whatever a route costs."""
    dear = ('"read /orders/**": orders:read', f'"read /orders/**": {{scopes: orders:read, cost: {cost}}}')
    assert said(dear, (STEADY, f"steady: {{key: subject|ip, {limit}}}")) == found


@pytest.mark.parametrize(
    ("limit", "kind", "figures"),
    [
        ("rate: 5/s, burst: 10", "rate", (5, 10, "", "UTC")),
        ("quota: 2000/day", "quota", (2000, 2000, "day", "UTC")),
        ("quota: 9/month, tz: Europe/Oslo", "quota", (9, 9, "month", "Europe/Oslo")),
        ("concurrent: 20", "concurrent", (20, 20, "", "UTC")),
    ],
)
def test_kinds(limit: str, kind: str, figures: tuple[int, int, str, str]) -> None:
    """What is written is what is counted."""
    made = load_text(changed((STEADY, f"steady: {{key: ip, {limit}}}"))).segments["shop"].limits[0]
    assert (made.kind, (made.count, made.burst, made.unit, made.tz)) == (kind, figures)


def test_any_change_of_a_figure_is_another_shape() -> None:
    """A reload resets the counter whose meaning has changed, and no other."""
    written = ["quota: 5/day", "quota: 6/day", "quota: 5/month", "quota: 5/day, tz: Europe/Oslo", "concurrent: 5"]
    written += ["concurrent: 6", "rate: 5/s", "rate: 5/min", "rate: 5/s, burst: 6"]
    texts = [changed((STEADY, f"steady: {{key: {key}, {limit}}}")) for limit in written for key in ("ip", "ip+route")]
    assert len({load_text(text).segments["shop"].limits[0].shape for text in texts}) == 2 * len(written)


def test_a_null_removes_what_a_profile_brings() -> None:
    """In a segment by name, or all of them."""
    profile = ("segments:", "profiles:\n  default: {limits: {day: {key: ip, quota: 9/day}}}\nsegments:")
    for limits, names in (("", {"steady", "day"}), (", day: null", {"steady"}), (", steady: null", {"day"})):
        text = changed(
            profile, (f"{{{STEADY}}}", f"{{{STEADY}{limits}}}" if "steady" not in limits else "{steady: null}")
        )
        assert {limit.name for limit in load_text(text).segments["shop"].limits} == names
    assert load_text(changed(profile, (f"limits: {{{STEADY}}}", "limits: null"))).segments["shop"].limits == ()


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


OTHER = (
    "api_keys:",
    "  ci: {issuer: https://ci.example, audience: [ci], jwks_file: keys.json, require: [client]}\napi_keys:",
)
JOB = ("  partner: [{", "  job: [{token: {issuer: ci}}]\n  partner: [{")


@pytest.mark.parametrize(
    ("authn", "item", "count", "found"),
    [
        ("{issuers: [login]}", "authenticated", "allowed", []),
        ("{issuers: [login, ci]}", "authenticated", "allowed", ["LIM001"]),
        ("{issuers: [login]}", "public", "allowed", ["LIM001"]),
        ("{issuers: [login]}", "authenticated", "all", ["LIM001"]),
        ("{issuers: [login], accept: [token, api_key]}", "authenticated", "allowed", ["LIM001"]),
    ],
)
def test_who_cannot_come_needs_no_key(authn: str, item: str, count: str, found: list[str]) -> None:
    """A token that every charged route refuses has no bucket; one that some route lets by does."""
    text = changed(
        OTHER, JOB, (STEADY, f"steady: {{key: subject, rate: 5/s, burst: 10, count: {count}}}"),
        ("clients: [web, anonymous]}", f"clients: [web, job]}}\n    authn: {authn}"),
        ('"GET /items": public', f'"GET /items": {item}'), ("allow @shop", "401 credential_missing @shop"),
    )  # fmt: skip
    assert [each for each in ids(text) if each.startswith("LIM")] == found
