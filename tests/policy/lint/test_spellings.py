"""Paths that another server may read differently; each claim is sent through the engine."""

from __future__ import annotations

import pytest

from parclose.policy.lint.spellings import respelt
from parclose.policy.paths import PathPattern
from tests.policy.lint.looking import found
from tests.policy.lint.sending import looked, quoted, sent, token

READ = '      "read /orders/**": orders:read\n'
EDGE = "    edge: {port: 8443, kind: reverse}\n"
OUT = "    out: {port: 3128, kind: forward}\n"


def paths(setting: str) -> tuple[str, str]:
    """Add a setting of paths."""
    return OUT, f"{OUT}  paths: {{{setting}}}\n"


@pytest.mark.parametrize(
    ("key", "settings", "expected"),
    [
        ("GET /v1/Orders", "", "has capitals: a server that ignores case reads it as another path"),
        ("GET /V1/{Id}/**", "", "has capitals: a server that ignores case reads it as another path"),
        ("GET /caf%C3%A9", "", "has capitals: a server that ignores case reads it as another path"),
        ("GET /caf%c3%a9", "", "holds an escape, which is compared decoded"),
        ("GET /v1/orders/", "", "ends in a slash, which is ignored"),
        ("GET /v1/orders/", "trailing_slash: distinct", "takes only requests that end in a slash"),
        ("GET /", "", ""),
        ("GET /v1/{Id}/{code:re([A-Z]+)}", "", ""),
        ("GET /v1/{code:enum(A,B)}/**", "", ""),
        ("GET /v1/Orders", "case: insensitive", ""),
    ],
)
def test_odd_templates(key: str, settings: str, expected: str) -> None:
    """RTE009: what is written is one of several spellings."""
    said = found("RTE009", (READ, f'      "{key}": orders:read\n'), *([paths(settings)] if settings else []))
    assert said == ([(key, f"`{key}` {expected}")] if expected else [])


def test_odd_paths_of_surfaces_and_of_unused_routes() -> None:
    """Every path counts, once each, and the fix is the path as it should be."""
    match = ("[shop.example], clients", "[shop.example], paths: [/**, '/Old/{Id}'], clients")
    sets = ("segments:\n", "route_sets:\n  spare:\n    GET /New: public\nsegments:\n")
    _, findings = looked("RTE009", match, sets)
    assert [(each.found, each.fix.partition(";")[0]) for each in findings] == [
        ("GET /New", "write `/new`"),
        ("/Old/{Id}", "write `/old/{Id}`"),
    ]


@pytest.mark.parametrize(
    ("pattern", "insensitive", "expected"),
    [
        ("/v1/payouts/**", False, ("v1", "PAYOUTS", "x")),
        ("/v1/PAYOUTS", False, ("v1", "payouts")),
        ("/v1/payouts", True, ("v1", "payouts.")),
        ("/v1/42", False, ("v1", "42.")),
        ("/{id}/name", False, ("x", "NAME")),
        ("/{id}/**", False, None),
        ("/", False, None),
    ],
)
def test_respelt(pattern: str, insensitive: bool, expected: tuple[str, ...] | None) -> None:
    """Another spelling of the last literal: its case, or a dot where case says nothing."""
    assert respelt(PathPattern.parse(pattern), insensitive=insensitive) == expected


CARVED = (
    "segments:\n",
    (
        "segments:\n  aa:\n    match: {hosts: [shop.example], paths: [/pay/**], clients: [partner]}\n"
        '    routes: {"any /pay/**": authenticated}\n'
    ),
)
WIDE = (READ, '      "any /**": authenticated\n')


@pytest.mark.parametrize("mode", ["log", "off"])
def test_a_carved_surface_without_a_second_look(mode: str) -> None:
    """SEG014: the quoted spelling slips past the surface, and is refused where divergence is."""
    policy, findings = looked("SEG014", CARVED, WIDE, paths(f"divergence: {mode}"))
    assert [(each.found, each.message) for each in findings] == [
        (
            "/pay/**",
            "`/pay/**` of `aa` lies under `/**` of `shop`, and `divergence: " + mode + "` refuses no other spelling: "
            "`GET https://shop.example/PAY/x` goes to `shop`",
        )
    ]
    line = quoted(findings[0])
    assert policy is not None
    assert sent(policy, line, token()) == "allow @shop via any /**"
    assert sent(policy, line.replace("PAY", "pay"), token()) == "401 credential_not_accepted @aa"
    policy, findings = looked("SEG014", CARVED, WIDE)
    assert findings == []
    assert policy is not None
    assert sent(policy, line, token()) == "400 path_ambiguous @shop"


def test_a_carved_route_without_a_second_look() -> None:
    """SEG014: the quoted spelling gets the wider route, without what the narrower needs."""
    lines = (READ, '      "any /**": authenticated\n      "GET /orders/{id}": orders:read\n')
    policy, findings = looked("SEG014", lines, paths("divergence: off"))
    assert [(each.found, each.message) for each in findings] == [
        (
            "GET /orders/{id}",
            (
                "`GET /orders/{id}` needs scope `orders:read` and lies under `any /**`, which needs a valid "
                "credential; `divergence: off` refuses no other spelling: `GET https://shop.example/ORDERS/x` gets "
                "`any /**`"
            ),
        )
    ]
    assert policy is not None
    assert sent(policy, quoted(findings[0]), token()) == "allow @shop via any /**"


@pytest.mark.parametrize(
    "lines",
    [
        ['"any /**": orders:read', '"GET /orders/{id}": orders:read'],
        ['"any /**": orders:write', '"GET /orders/{id}": orders:read'],
        ['"PUT /**": authenticated', '"GET /orders/{id}": orders:read'],
        ['"any /**": authenticated', '"GET /{id}": orders:read'],
    ],
)
def test_no_stricter_route_is_lost(lines: list[str]) -> None:
    """The wider asks for as much, is for other methods, or no literal can be spelt otherwise."""
    change = (READ, "".join(f"      {line}\n" for line in lines))
    public = ('      "GET /items": public\n', "")
    assert found("SEG014", change, public, paths("divergence: log")) == []
