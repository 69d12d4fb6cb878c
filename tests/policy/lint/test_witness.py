"""Requests that show what a look claims: they can be sent as they are written, and go where it says."""

from __future__ import annotations

import pytest

from parclose.policy.lint.witness import Request, doors, find, hit, reaching, sample
from parclose.policy.paths import PathPattern
from tests.policy.lint.test_budget import entangled
from tests.policy.shop import BASE, changed, load_text

READ = '      "read /orders/**": orders:read\n'


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), "`GET https://a.example/`"),
        (("v1", "x"), "`GET https://a.example/v1/x`"),
        (("caf\u00e9", "a b", "50%"), "`GET https://a.example/caf%C3%A9/a%20b/50%25`"),
        (("~me", "a:b@c"), "`GET https://a.example/~me/a:b@c`"),
    ],
)
def test_text(path: tuple[str, ...], text: str) -> None:
    """A path is written as it is sent."""
    assert Request(method="GET", listener="edge", kind="reverse", host="a.example", path=path).text == text


@pytest.mark.parametrize(
    ("pattern", "path"),
    [("/", ()), ("/a/{id:int}/**", ("a", "7", "x")), ("/{x:re(never-[0-9]{9})}", None)],
)
def test_sample(pattern: str, path: tuple[str, ...] | None) -> None:
    """A path that the pattern matches, or none: a guess that does not fit proves nothing."""
    assert sample(PathPattern.parse(pattern)) == path


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("clients: [web, anonymous]", "clients: [web, anonymous]"), [("edge", "reverse")]),
        (("hosts: [shop.example]", "listeners: [out]"), [("out", "forward")]),
        (("hosts: [shop.example]", "listeners: [edge, out]"), [("edge", "reverse"), ("out", "forward")]),
        (("    edge: {port: 8443, kind: reverse}\n", ""), [("reverse", "reverse")]),
    ],
)
def test_doors(change: tuple[str, str], expected: list[tuple[str, str]]) -> None:
    """Every reverse listener where none is named; a port that nobody names is one."""
    tests = BASE[BASE.index("personas:") :]
    policy = load_text(changed(change).replace(tests, ""))
    assert doors(policy, policy.segments["shop"]) == expected


def test_reaching() -> None:
    """Only a request that the segment's own surface takes is a witness."""
    carved = (
        "segments:\n",
        (
            "segments:\n  aa: {match: {hosts: [shop.example], paths: [/a/**], clients: [web]}, "
            "routes: {GET /a: orders:read}}\n"
        ),
    )
    policy = load_text(changed(carved))
    shop, aa = policy.segments["shop"], policy.segments["aa"]
    assert reaching(policy, shop, ("a", "x"), "GET") is None
    found = reaching(policy, aa, ("a", "x"), "GET")
    assert found is not None
    assert found.text == "`GET https://shop.example/a/x`"


def test_too_complex_is_no_witness() -> None:
    """Where a lookup gives up nothing is claimed."""
    policy = load_text(changed((READ, READ + entangled(9))))
    assert hit(policy.segments["shop"], ("a",) * 9, "DELETE") is None
    request = Request(method="GET", listener="edge", kind="reverse", host="shop.example", path=("a",))
    assert find(policy, request) is not None
