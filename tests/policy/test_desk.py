"""The desk: unknown names with the nearest, and ways round in graphs."""

from __future__ import annotations

import pytest

from parclose.policy.desk import cycles
from tests.policy.shop import changed, load_text, one


@pytest.mark.parametrize(
    ("edges", "rings"),
    [
        ({"a": ["b"], "b": ["c"], "c": []}, []),
        ({"a": ["a"]}, [("a",)]),
        ({"a": ["b"], "b": ["a"]}, [("a", "b")]),
        ({"a": ["b", "c"], "b": ["d"], "c": ["d"], "d": []}, []),
        ({"a": ["b"], "b": ["c"], "c": ["b"]}, [("b", "c")]),
        ({"a": ["b"], "b": ["a"], "c": ["d"], "d": ["c"]}, [("a", "b"), ("c", "d")]),
    ],
)
def test_ways_round(edges: dict[str, list[str]], rings: list[tuple[str, ...]]) -> None:
    """Each circle once; a graph without one has none."""
    assert cycles(edges) == rings


def test_depth_is_no_matter() -> None:
    """A chain of thousands is followed without recursion."""
    assert cycles({str(at): [str(at + 1)] for at in range(5000)} | {"5000": []}) == []


def test_an_unknown_name_is_shown_the_nearest_and_where_it_is() -> None:
    """A slip names the word that was meant and its line; a stranger names what there is."""
    text = changed(("clients: [web, anonymous]", "clients: [wbe, anonymous]"))
    line = 1 + next(at for at, row in enumerate(text.splitlines()) if row.startswith("  web:"))
    assert one(text).fix == f"did you mean `web`? (policy.yaml:{line})"
    assert one(changed(("{hosts", "{zones: [moon], hosts"))).fix.startswith("known: `any`, `internal`")


def test_what_is_not_enforced_is_noted_once_and_in_order() -> None:
    """Several segments may inherit one line; a policy that says nothing of the kind has no notes."""
    assert load_text(changed()).unenforced == ()
    redis = "limiter: {store: {redis: {env: REDIS}}}"
    text = changed(
        ("settings:\n", f"settings:\n  {redis}\n"),
        ("segments:\n", f"profiles:\n  told: {{{redis}}}\nsegments:\n"),
        ("    match: {hosts: [shop.example]", "    use: [told]\n    match: {hosts: [shop.example]"),
    )
    lines = [at for at, row in enumerate(text.splitlines(), 1) if "redis" in row]
    assert load_text(text).unenforced == tuple(
        f"policy.yaml:{line}  `limiter.store: redis` is not enforced by this version" for line in lines
    )
    assert load_text(text.replace("{redis: {env: REDIS}}", "memory")).unenforced == ()
