"""Nodes: values with places, and the path of keys to each."""

from __future__ import annotations

from parclose.policy.nodes import Entries, Mark, Text, place_of, walk
from tests.policy.test_reader import read


def test_the_path_of_keys_to_each_place() -> None:
    """Keys and values are found by their path; shared parts are walked once."""
    node, _ = read("a: &x [p, {q: r}]\nb: *x\n")
    paths = [path for path, _ in walk(node)]
    assert {"a", "b"} < set(paths)
    assert (
        len([path for path in paths if path.endswith("[1].q")]) == 2
    )  # its key and its value, under one of both names


def test_sharing_makes_no_endless_walk() -> None:
    """A tree in which each part holds the one before twice is walked in the time of what is written."""
    text = "a0: &a0 [x]\n" + "".join(f"a{at}: &a{at} [*a{at - 1}, *a{at - 1}]\n" for at in range(1, 15))
    assert len(list(walk(read(text)[0]))) < 200


def test_a_null_has_no_place_of_its_own() -> None:
    """The place of what stands above is used for a null."""
    above = Mark("f", 3, 4)
    node, _ = read("a: ~")
    assert isinstance(node, Entries)
    assert place_of(node[Text("a")], above) == above
    assert place_of(node, above) == Mark("f.yaml", 1, 1)
