"""What segments take from each other, and whom they leave out; each claim is sent through the engine."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.lint.sending import looked, quoted, sent, token

READ = '      "read /orders/**": orders:read\n'
MATCH = "    match: {hosts: [shop.example], clients: [web, anonymous]}\n"


SHOP = "hosts: [shop.example]"
ORDERS = f"{SHOP}, paths: [/orders/**]"


def beside(match: str, routes: str = '"any /orders/**": authenticated', more: str = "") -> tuple[str, str]:
    """Add a segment `aa` before the base's."""
    text = f"  aa:\n    match: {{{match}}}\n    routes: {{{routes}}}\n" + (f"    {more}\n" if more else "")
    return "segments:\n", f"segments:\n{text}"


HIDES = (
    "`/orders/**` of `aa` hides 1 route of `shop`: `read /orders/**`; `GET https://shop.example/orders/x` now goes to "
    "`aa`"
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([beside(f"{ORDERS}, clients: [web]")], HIDES),
        # Whichever of its hosts it is.
        (
            [beside(f"{ORDERS}, clients: [web]"), ("[shop.example], clients", "[two.example, shop.example], clients")],
            HIDES,
        ),
        # Only a part of it, or not for all of its methods.
        ([beside(f"{SHOP}, paths: [/orders/old/**], clients: [web]")], ""),
        ([beside(f"{ORDERS}, methods: [HEAD], clients: [web]")], ""),
        # Another host, a host of its own out of many, another listener, one surface for both.
        ([beside("hosts: [two.example], paths: [/orders/**], clients: [web]")], ""),
        ([beside("hosts: [x.example], clients: [web]"), ("[shop.example], clients", '["*.example"], clients')], ""),
        ([beside(f"listeners: [out], {ORDERS}, clients: [web]")], ""),
        ([beside(f"{SHOP}, clients: [partner]")], ""),
    ],
)
def test_hidden_routes(changes: list[tuple[str, str]], expected: str) -> None:
    """SEG003: a narrower surface takes all that a route of another segment was there for."""
    said = found("SEG003", *changes)
    assert said == ([("/orders/**", expected)] if expected else [])


def test_hidden_routes_are_listed_together_at_the_path_that_hides_them() -> None:
    """One finding for each pair of segments; the request goes where it says."""
    lines = '"write /orders/**": orders:write\n      "GET /orders/{id}": orders:read\n'
    change = beside("hosts: [shop.example], paths: [/y, /orders/**], clients: [web]", '"any /orders/**": authenticated')
    policy, findings = looked("SEG003", change, (READ, READ + f"      {lines}"))
    assert [(each.line, each.column, each.found) for each in findings] == [(33, 48, "/orders/**")]
    assert "hides 3 routes of `shop`: `read /orders/**`, `write /orders/**`, `GET /orders/{id}`;" in findings[0].message
    assert policy is not None
    assert sent(policy, quoted(findings[0]), token()) == "allow @aa via any /orders/**"


def test_what_is_in_shadow_would_hide_too() -> None:
    """It is said before it is put in force."""
    change = beside(
        "hosts: [shop.example], paths: [/orders/**], clients: [web]", '"GET /orders": authenticated', "mode: shadow"
    )
    policy, findings = looked("SEG003", change)
    assert [each.message for each in findings] == [HIDES]
    assert policy is not None
    assert sent(policy, quoted(findings[0]), token(scope="orders:read")) == "allow @shop via read /orders/**"


PLAN = "clients: [web], attributes: {plan: "
PUBLIC = ('      "GET /items": public\n', "")
NOBODY = "no segment on this surface takes plan "


@pytest.mark.parametrize(
    ("one", "other", "left"),
    [
        (f"{PLAN}[free]}}", f"{PLAN}[paid]}}", "`other`"),
        (f"{PLAN}[free]}}", "clients: [web, partner], methods: [PUT]", "`other` or `paid`"),
        (f"{PLAN}[free]}}", f"{PLAN}[paid, other]}}", ""),
        # Somebody takes every plan, or the surface is not split.
        (f"{PLAN}[free]}}", "clients: [web]", ""),
        ("clients: [web]", "clients: [partner]", ""),
    ],
)
def test_unserved_values(one: str, other: str, left: str) -> None:
    """SEG008: a surface that is split by a closed attribute, and a value that no segment takes."""
    match = (MATCH, MATCH.replace("clients: [web, anonymous]", one))
    said = found("SEG008", match, PUBLIC, beside(f"{SHOP}, {other}"))
    assert [(text, sentence.partition(":")[0]) for text, sentence in said] == (
        [("plan", f"{NOBODY}{left}")] * bool(left)
    )


def test_an_unserved_caller_is_refused() -> None:
    """The request that SEG008 quotes is refused, and its neighbour is not."""
    only = (MATCH, MATCH.replace("clients: [web, anonymous]", PLAN + "[free]}"))
    policy, findings = looked("SEG008", only, PUBLIC)
    assert [each.message for each in findings] == [
        NOBODY + "`other` or `paid`: `GET https://shop.example/orders/x` by client web, plan other is refused"
    ]
    assert policy is not None
    line = quoted(findings[0])
    assert sent(policy, line, token(plan="gold")) == "403 caller_not_allowed @shop"
    assert sent(policy, line, token(plan="free", scope="orders:read")) == "allow @shop via read /orders/**"


@pytest.mark.parametrize(
    ("match", "why"),
    [
        ("hosts: [two.example], clients: [web]", "`aa` and `shop` share no surface"),
        ("hosts: [shop.example], clients: [partner]", "nobody is taken by both `aa` and `shop`"),
        ("hosts: [shop.example], clients: [web]", "`aa` is narrower and wins by itself"),
        ("hosts: [shop.example], methods: [GET], clients: [web, partner]", "`aa` and `shop` share no surface"),
        ("hosts: [shop.example], clients: [web, partner]", ""),
    ],
)
def test_idle_wins(match: str, why: str) -> None:
    """SEG010: a word that decides nothing, and why."""
    said = found("SEG010", beside(match, more="wins_over: [shop]"))
    assert said == ([("shop", f"`wins_over: [shop]` never decides anything: {why}")] if why else [])


def test_a_word_in_a_profile_decides_where_one_segment_needs_it() -> None:
    """It is written once for several segments, and one of them is enough."""
    profile = ("upstreams:", "profiles: {winner: {wins_over: [shop]}}\nupstreams:")
    needed = beside("hosts: [shop.example], clients: [web, partner]", more="use: [winner]")
    idle = beside("hosts: [two.example], clients: [web, partner]", more="use: [winner]")
    both = (needed[0], needed[1] + idle[1].removeprefix("segments:\n").replace("  aa:", "  bb:"))
    assert found("SEG010", profile, both) == []
    assert [text for text, _ in found("SEG010", profile, idle)] == ["shop"]
