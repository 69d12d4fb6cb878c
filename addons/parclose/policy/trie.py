"""A trie of path patterns: the best pattern that matches a path and has the method is found first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from parclose.policy.kinds import Kind
from parclose.policy.paths import PathPattern

# Steps of one lookup. A tree of templates with many free positions can make a lookup walk exponentially many nodes;
# ordinary ones need fewer than 50. Measured for the policy language: 4,096 templates of 12 free positions, 3-6 ms.
STEP_BUDGET = 1_000
OTHER = ""  # the payload key of a set that covers every method, extension methods included


class TooComplex(Exception):
    """A lookup took more than `STEP_BUDGET` steps: no path of an ordinary caller does."""


@dataclass(slots=True)
class Node[T]:
    """One position: where to go on, and what ends here (`here`) or takes all below (`tail`), by method."""

    literals: dict[str, Node[T]] = field(default_factory=dict)
    typed: list[tuple[Kind, Node[T]]] = field(default_factory=list)
    param: Node[T] | None = None
    here: dict[str, T] | None = None
    tail: dict[str, T] | None = None


class Trie[T]:
    """Patterns to values, found in the order of rank: literal, typed, any text, `/**`, position by position."""

    __slots__ = ("root",)

    def __init__(self) -> None:
        self.root: Node[T] = Node()

    def place(self, pattern: PathPattern) -> dict[str, T]:
        """Return the mutable payload of `pattern`, by method; while building only."""
        node = self.root
        for part in pattern.parts:
            if not part.name:
                node = node.literals.setdefault(part.text, Node())
            elif part.kind is None:
                node.param = node = node.param or Node()
            else:
                node = _typed(node, part.kind)
        if pattern.tail:
            node.tail = node.tail if node.tail is not None else {}
            return node.tail
        node.here = node.here if node.here is not None else {}
        return node.here

    def find(self, path: tuple[str, ...], method: str) -> T | None:
        """Return the value of the best pattern that matches `path` and has `method`, or None.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        for payload in self.payloads(path):
            value = payload.get(method)
            if value is None:
                value = payload.get(OTHER)
            if value is not None:
                return value
        return None

    def methods(self, path: tuple[str, ...]) -> frozenset[str]:
        """Return every method that some pattern has for `path`.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        return frozenset(method for payload in self.payloads(path) for method in payload)

    def payloads(self, path: tuple[str, ...]) -> Iterator[dict[str, T]]:
        """Yield the payloads of all patterns that match `path`, best first.

        Raises:
            TooComplex: the caller's path needs too many steps.
        """
        depth = len(path)
        steps = 0
        # INVARIANT: what is pushed last is looked at first, so each node pushes from worst to best.
        stack: list[tuple[Node[T], int, bool]] = [(self.root, 0, False)]
        while stack:
            steps += 1
            if steps > STEP_BUDGET:
                raise TooComplex
            node, at, tail = stack.pop()
            if tail or at == depth:
                payload = node.tail if tail else node.here
                if not tail and node.tail is not None:
                    stack.append((node, at, True))
                if payload is not None:
                    yield payload
                continue
            if node.tail is not None:
                stack.append((node, at, True))
            _push(stack, node, path[at], at + 1)


def _push[T](stack: list[tuple[Node[T], int, bool]], node: Node[T], segment: str, at: int) -> None:
    """Push where `segment` leads from `node`, from worst to best; nothing but a literal fits an empty segment."""
    if segment:
        if node.param is not None:
            stack.append((node.param, at, False))
        if node.typed:
            stack.extend((child, at, False) for kind, child in reversed(node.typed) if kind.accepts(segment))
    found = node.literals.get(segment)
    if found is not None:
        stack.append((found, at, False))


def _typed[T](node: Node[T], kind: Kind) -> Node[T]:
    for known, child in node.typed:
        if known.text == kind.text:
            return child
    made: Node[T] = Node()
    node.typed.append((kind, made))
    node.typed.sort(key=lambda pair: (pair[0].rank, pair[0].text))
    return made
