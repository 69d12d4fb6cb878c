"""Trees are kept by name and content; what is kept is bounded, and survives a process border."""

from __future__ import annotations

import pickle

import pytest

from parclose.policy.load import load
from parclose.policy.nodes import Entries, Node, Text, walk
from parclose.policy.reader import Reader
from parclose.policy.source import Source
from parclose.policy.tree_cache import TreeCache
from tests.policy.shop import KEYS
from tests.policy.test_include import FENCE, ROOT, WEB, root


def tree(text: str, cache: TreeCache | None = None, file: str = "a.yaml") -> object:
    """Return the tree of a text."""
    return Source(path="/p/policy.yaml", read=lambda path: b"", cache=cache).tree(file, text.encode())


def test_the_same_content_is_read_once() -> None:
    """A tree is found by exactly its name and content."""
    cache = TreeCache()
    first = tree("a: 1", cache)
    assert tree("a: 1", cache) is first
    assert tree("a: 2", cache) is not first
    assert tree("a: 2", cache, "b.yaml") == {"a": "2"}
    assert (cache.hits, len(cache)) == (1, 2)


def test_what_is_wrong_is_said_each_time() -> None:
    """A file with a mistake is not kept: its findings would be lost."""
    cache = TreeCache()
    for _ in range(2):
        source = Source(path="/p/policy.yaml", read=lambda path: b"", cache=cache)
        source.tree("a.yaml", b"a: 1\na: 2\n")
        assert [found.id for found in source.findings] == ["YML002"]
    assert len(cache) == 0


def test_an_edit_reads_one_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """A policy is loaded again with all but the changed file from the cache, and is told in the same places."""
    read: list[str] = []

    whole = Reader.read

    def counting(self: Reader) -> Node:
        read.append(self.file)
        return whole(self)

    monkeypatch.setattr(Reader, "read", counting)
    held = {"/p/policy.yaml": root(f"file: a.yaml, {FENCE}"), "/p/a.yaml": WEB, "/p/keys.json": KEYS}
    cache = TreeCache()

    def revision(*, cache: TreeCache | None = cache) -> str:
        return load("/p/policy.yaml", lambda path: held[path].encode(), cache=cache).revision

    fresh = revision(cache=None)
    read.clear()
    assert revision() == fresh
    assert sorted(read) == ["a.yaml", "keys.json", "policy.yaml"]
    read.clear()
    assert revision() == fresh
    held["/p/a.yaml"] = WEB.replace("web.example", "web.example") + "# changed\n"
    assert revision() != fresh
    assert read == ["a.yaml"]
    held["/p/policy.yaml"] = ROOT.replace("include:\nINCLUDES\n", "")
    revision()
    assert set(cache._kept) == {"policy.yaml", "keys.json"}


@pytest.mark.parametrize(("most", "left"), [(11, ["c"]), (12, ["b", "c"]), (13, ["b", "c"]), (18, ["a", "b", "c"])])
def test_the_oldest_goes_first(most: int, left: list[str]) -> None:
    """Files of six bytes: no more than the limit in all, but the newest always."""
    cache = TreeCache(most_bytes=most)
    for file in "abc":
        cache.keep(file, b"x: yyy", Text("x"))
    assert sorted(cache._kept) == left


def test_use_keeps_a_tree() -> None:
    """What was found last goes last."""
    cache = TreeCache(most_bytes=2)
    cache.keep("a", b"a", Text("a"))
    cache.keep("b", b"b", Text("b"))
    assert cache.find("a", b"a") == "a"
    cache.keep("c", b"c", Text("c"))
    assert sorted(cache._kept) == ["a", "c"]


def test_trees_cross_a_process_border() -> None:
    """Places, quotes and shared parts are the same after pickling."""
    cache = TreeCache()
    made = tree("a: &x [1, 'null', null]\nb: *x\n", cache)
    other = pickle.loads(pickle.dumps(cache)).find("a.yaml", b"a: &x [1, 'null', null]\nb: *x\n")
    assert isinstance(made, Entries)
    assert isinstance(other, Entries)
    assert other == made
    assert list(walk(other)) == list(walk(made))
    assert other[Text("a")] is other[Text("b")]
    assert [key.plain for key in other] == [True, True]
