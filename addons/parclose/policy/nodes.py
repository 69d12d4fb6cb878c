"""The tree of a file: values that know their place."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple


class Mark(NamedTuple):
    """A place: `line` and `column` count from 1."""

    file: str
    line: int
    column: int


class Text(str):
    """A scalar's raw text, with its place; `plain` when it was not quoted."""

    __slots__ = ("mark", "plain")
    mark: Mark
    plain: bool


class Items(list["Node"]):
    """A sequence, with its place."""

    __slots__ = ("mark",)
    mark: Mark


class Entries(dict[Text, "Node"]):
    """A mapping, with its place; its keys know theirs."""

    __slots__ = ("mark",)
    mark: Mark

    def key_mark(self, key: str) -> Mark:
        """Return the place of a key, or of the mapping where it has no such key."""
        return next((known.mark for known in self if known == key), self.mark)


type Node = Text | Items | Entries | None


def place_of(node: object, otherwise: Mark) -> Mark:
    """Return the place of a node; a null has none of its own."""
    return node.mark if isinstance(node, Text | Items | Entries) else otherwise


def walk(root: Node) -> Iterator[tuple[str, Mark]]:
    """Yield the path of keys and the place of each key and value below `root`; shared parts once."""
    stack: list[tuple[str, Node]] = [("", root)]
    seen: set[int] = set()
    while stack:
        path, node = stack.pop()
        if node is None:
            continue
        yield path, node.mark
        if isinstance(node, Text) or id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, Items):
            stack.extend((f"{path}[{index}]", item) for index, item in enumerate(node))
        else:
            for key, value in node.items():
                below = f"{path}.{key}" if path else str(key)
                yield below, key.mark
                stack.append((below, value))
