"""Scopes that nobody is asked for, that nobody holds, or that are asked for twice."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.lint.sending import looked, sent, token

READ = '      "read /orders/**": orders:read\n'
SCOPES = "  orders:write: {implies: [orders:read]}\n"
EXTRA = (SCOPES, SCOPES + "  extra: {}\n")
CLAIMS = "claims: {sub: u-1, azp: web}"
KEY = "tenant: a, expires: never"
ROLES = "  admin: {grants: [orders:write]}\n"


def routes(*lines: str) -> tuple[str, str]:
    """Replace the one route that needs a scope."""
    return READ, "".join(f"      {line}\n" for line in lines)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([EXTRA], ["extra"]),
        # Asked for by a route set that nobody uses is not asked for.
        ([EXTRA, ("segments:\n", "route_sets: {a: {GET /a: extra}}\nsegments:\n")], ["extra"]),
        ([EXTRA, routes('"GET /a": extra', READ.strip())], []),
        ([EXTRA, routes('"GET /a": {scopes: {any: [orders:read, extra]}}')], []),
        # It stands for one that is asked for, whoever asks.
        ([(SCOPES, SCOPES + "  all: {implies: [orders:write]}\n")], []),
        ([routes('"GET /a": authenticated')], ["orders:read", "orders:write"]),
        # What is tried out in shadow is asked for.
        ([EXTRA, routes('"GET /a": {scopes: extra, mode: shadow}', READ.strip())], []),
    ],
)  # fmt: skip
def test_never_required(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """SCO001: a scope that opens nothing."""
    said = found("SCO001", *changes)
    assert sorted(said) == [(name, f"no route asks for scope `{name}`: holding it opens nothing") for name in expected]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([EXTRA, routes('"GET /a": extra', '"PUT /a": extra')], ["extra"]),
        ([EXTRA, routes('"GET /a": {scopes: {all: [orders:read, extra]}}')], ["extra"]),
        ([EXTRA, routes('"GET /a": {scopes: {any: [orders:read, extra]}}')], []),
        ([(SCOPES, SCOPES + "  x: {}\n  y: {}\n"), routes('"GET /a": {scopes: {any: [x, y]}}')], ["x", "y"]),
        ([(ROLES, "  admin: {}\n")], ["orders:read"]),
        # A role grants it, a key has it, a token of a persona or of a test has it; by what it implies too.
        ([], []),
        ([(ROLES, "  admin: {}\n"), (KEY, "scopes: [orders:write], " + KEY)], []),
        ([(ROLES, "  admin: {}\n"), (CLAIMS, 'claims: {sub: u-1, azp: web, scope: "a orders:write"}')], []),
        ([(ROLES, "  admin: {}\n"), (CLAIMS, "claims: {sub: u-1, azp: web, scp: [orders:read]}")], []),
        (
            [
                (ROLES, "  admin: {}\n"),
                (
                    "  - name: visitors",
                    (
                        "  - name: others\n    as: {token: {issuer: login, claims: {scope: orders:read}}}\n"
                        "    checks: {GET https://shop.example/items: allow}\n  - name: visitors"
                    ),
                ),
            ],
            [],
        ),
        # By a claim that the issuer does not read, and by the second where the first is there.
        ([(ROLES, "  admin: {}\n"), (CLAIMS, "claims: {sub: u-1, scopes: orders:read}")], ["orders:read"]),
        ([(ROLES, "  admin: {}\n"), (CLAIMS, "claims: {scope: nothing, scp: orders:read}")], ["orders:read"]),
    ],
)
def test_never_carried(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """SCO002: nobody can be shown to pass; told once, where the scope is asked for first."""
    said = found("SCO002", *changes)
    assert said == [
        (name, f"no key, role or persona carries scope `{name}`: no test can show who passes") for name in expected
    ]


def test_where_a_missing_scope_is_asked_for() -> None:
    """The place is the scope itself, wherever a requirement writes it."""
    group = ("    routes:\n", "    scopes: {write: extra}\n    routes:\n")
    _, findings = looked("SCO002", EXTRA, group, routes('"PUT /a": {cost: 1}', READ.strip()))
    assert [(each.line, each.column, each.found) for each in findings] == [(35, 21, "extra")]


@pytest.mark.parametrize(
    ("need", "expected"),
    [
        ("any: [orders:read, orders:write]", ("orders:write", "whoever has it has `orders:read`, which is enough")),
        ("all: [orders:read, orders:write]", ("orders:read", "`orders:write` implies it, and is asked for too")),
        ("all: [orders:write, orders:write]", ("orders:write", "it stands there already")),
        (
            "{all: [orders:write], any: [other, orders:read]}",
            ("orders:read", "`orders:write` is asked for in any case, and so this choice is always met"),
        ),
        ("all: [orders:read, other]", None),
        ("any: [orders:write, other]", None),
        ("{all: [orders:read], any: [orders:write, other]}", None),
    ],
)
def test_redundant(need: str, expected: tuple[str, str] | None) -> None:
    """SCO003: whoever meets the rest of a requirement meets this too, or need not."""
    need = need if need.startswith("{") else f"{{{need}}}"
    said = found("SCO003", (SCOPES, SCOPES + "  other: {}\n"), routes(f'"GET /a": {{scopes: {need}}}'))
    wanted = [(expected[0], f"scope `{expected[0]}` changes nothing here: {expected[1]}")] if expected else []
    assert said == wanted


@pytest.mark.parametrize("held", ["", "orders:read", "orders:write", "other", "orders:read other"])
@pytest.mark.parametrize(
    ("need", "without"),
    [
        ("{any: [orders:read, orders:write]}", "{any: [orders:read]}"),
        ("{all: [orders:read, orders:write]}", "{all: [orders:write]}"),
        ("{all: [orders:write], any: [other, orders:read]}", "{all: [orders:write]}"),
    ],
)
def test_without_what_is_redundant_all_is_the_same(need: str, without: str, held: str) -> None:
    """The engine lets in the same tokens with and without it."""
    both = []
    for each in (need, without):
        change = routes(f'"GET /a": {{scopes: {each}}}')
        policy, _ = looked("SCO003", (SCOPES, SCOPES + "  other: {}\n"), change)
        assert policy is not None
        both.append(sent(policy, "GET https://shop.example/a", token(scope=held)))
    assert both[0] == both[1]
