"""The trie: what it finds is the best pattern that matches, as comparing all of them would say."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.paths import PathPattern
from parclose.policy.trie import OTHER, STEP_BUDGET, TooComplex, Trie
from tests.policy.test_paths import PATHS, patterns


@settings(max_examples=500)
@given(st.lists(st.tuples(patterns(), st.sampled_from(["GET", "POST", OTHER])), max_size=12), PATHS)
def test_it_finds_what_comparing_all_would(written: list[tuple[PathPattern, str]], path: tuple[str, ...]) -> None:
    """For any patterns, the first by rank that matches the path and has the method is found."""
    trie: Trie[str] = Trie()
    for pattern, method in written:
        trie.place(pattern)[method] = str(pattern.shape)
    for method in ("GET", "PUT"):
        having = [p for p, m in written if m in {method, OTHER} and p.matches(path)]
        best = min(having, key=lambda pattern: pattern.rank, default=None)
        assert trie.find(path, method) == (None if best is None else str(best.shape))
    assert trie.methods(path) == {m for p, m in written if p.matches(path)}


def test_a_lookup_has_a_budget() -> None:
    """Templates that would make a lookup walk thousands of nodes end it, whatever the path."""
    trie: Trie[int] = Trie()
    for at in range(1 << 10):
        words = ["x" if at >> bit & 1 else "{p%d}" % bit for bit in range(10)]  # noqa: UP031
        trie.place(PathPattern.parse("/" + "/".join([*words, "end"])))["GET"] = at
    assert trie.find(("x",) * 10 + ("end",), "GET") == (1 << 10) - 1
    with pytest.raises(TooComplex):
        trie.find(("x",) * 10 + ("other",), "GET")


@pytest.mark.parametrize(("spare", "found"), [(1, True), (0, True), (-1, False)])
def test_the_budget_is_exact(spare: int, found: bool) -> None:
    """A lookup of exactly the budget's steps is answered, one more is not."""
    trie: Trie[int] = Trie()
    depth = STEP_BUDGET - 1 - spare
    # A pattern is at most 64 parts long, so the chain is made by hand.
    node = trie.root
    for _ in range(depth):
        node = node.literals.setdefault("a", type(node)())
    node.here = {"GET": 1}
    path = ("a",) * depth
    if found:
        assert trie.find(path, "GET") == 1
    else:
        with pytest.raises(TooComplex):
            trie.find(path, "GET")
