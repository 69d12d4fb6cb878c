"""Patterns of file names mean what a shell means by them, and never a hidden file."""

from __future__ import annotations

import pytest

from parclose.policy.globs import fits, is_glob, matches


@pytest.mark.parametrize(
    ("pattern", "meant", "other"),
    [
        ("a.yaml", ["a.yaml"], ["b.yaml", "x/a.yaml"]),
        ("*.yaml", ["a.yaml", "b.yaml"], ["x/a.yaml", ".a.yaml", "a.yml", "A.YAML"]),
        ("teams/*.yaml", ["teams/a.yaml"], ["a.yaml", "teams/x/a.yaml", "teams/.a.yaml"]),
        ("teams/?.yaml", ["teams/a.yaml"], ["teams/ab.yaml"]),
        ("teams/[ab].yaml", ["teams/a.yaml", "teams/b.yaml"], ["teams/c.yaml"]),
        ("*/policy.yaml", ["a/policy.yaml"], ["policy.yaml", "a/b/policy.yaml", ".a/policy.yaml"]),
        ("**/a.yaml", ["a.yaml", "x/a.yaml", "x/y/a.yaml"], [".x/a.yaml", "x/b.yaml"]),
        ("x/**", ["x/a", "x/y/a"], ["x", "a", "x/.a", "x/.y/a"]),
        ("x/**/**/a", ["x/a", "x/y/a"], ["a"]),
        ("x/**/y/*.yaml", ["x/y/a.yaml", "x/z/y/a.yaml"], ["x/z/a.yaml"]),
        (".hidden/*", [".hidden/a"], [".hidden/.a"]),
    ],
)
def test_patterns(pattern: str, meant: list[str], other: list[str]) -> None:
    """What is meant, and near misses."""
    assert [name for name in (*meant, *other) if matches(pattern, name)] == meant


def test_words() -> None:
    """A word without signs is a name, whatever the file system thinks of capitals."""
    assert fits("a.yaml", "a.yaml")
    assert not fits("a.yaml", "A.yaml")
    assert fits(".a*", ".ab")
    assert [is_glob(text) for text in ("a", "a*", "a?", "a[b]", "a{b}")] == [False, True, True, True, False]
