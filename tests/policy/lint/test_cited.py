"""Where routes are written: those of route sets, of profiles and of segments, each with its own line."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench
from parclose.policy.lint.cited import as_if_live, keys, lines, named
from tests.policy.lint.looking import examined
from tests.policy.shop import changed

TEXT = changed(
    (
        "upstreams:",
        (
            "route_sets:\n  base: {GET /a: orders:read, GET /b: orders:read}\n  spare: {GET /c: orders:read}\n"
            "profiles:\n  usual: {routes: {GET /p: orders:read}}\nupstreams:"
        ),
    ),
    (
        "segments:\n",
        (
            "segments:\n  aa:\n    match: {hosts: [aa.example], clients: [web]}\n    route_sets: [base]\n    routes:\n"
            '      "GET /b": {scopes: orders:write, override: true}\n'
            '      "GET /s": {scopes: orders:write, mode: shadow}\n'
            "  bb: {match: {hosts: [bb.example], clients: [web]}, use: [usual]}\n"
            "  cc: {match: {hosts: [cc.example], clients: [web]}, route_sets: [base], mode: off}\n"
        ),
    ),
)


def bench() -> Bench:
    """Return the policy as a look has it."""
    said = examined(TEXT)
    assert said.policy is not None
    assert said.desk is not None
    return Bench(desk=said.desk, policy=said.policy)


def test_each_route_in_force_with_its_line() -> None:
    """A segment's own route stands in place of the one that it overrides; what is off has none."""
    at = TEXT.splitlines()
    found = [(line.segment.name, at[line.key.mark.line - 1].strip().partition(":")[0]) for line in lines(bench(), bool)]
    assert found == [
        ("aa", "base"),
        ("aa", '"GET /b"'),
        ("bb", "usual"),
        ("shop", '"GET /items"'),
        ("shop", '"read /orders/**"'),
    ]
    assert [str(name) for name, _ in named(bench())] == ["aa", "bb", "shop"]


def test_what_is_in_shadow_is_seen_as_if_live() -> None:
    """A look that is taken so sees the route in shadow; the bench itself stays as it was."""
    seen: list[str] = []
    at_hand = bench()
    as_if_live(lambda each: seen.extend(line.route.key for line in lines(each, bool)))(at_hand)
    assert "GET /s" in seen
    assert "GET /s" not in {line.route.key for line in lines(at_hand, bool)}


def test_everything_that_is_written_once() -> None:
    """Used or not, shared or not."""
    assert [str(key) for key, _ in keys(bench())] == [
        "GET /a", "GET /b", "GET /c", "GET /p", "GET /b", "GET /s", "GET /items", "read /orders/**",
    ]  # fmt: skip
