"""`parclose fmt`: a policy's text in one layout, with comments, order and meaning as they were."""

from __future__ import annotations

import re

from parclose.policy.compile_keys import plain
from parclose.policy.errors import Finding
from parclose.policy.layout import Layout
from parclose.policy.nodes import Entries, Items, Node, Text
from parclose.policy.risky import is_risky, quoted
from parclose.policy.source import Source

type _Pair = tuple[Node, Node, bool]

# Below these keys a plain number is a number, as it is in a token.
_AS_IN_JSON = ("claims", "jwks")


class NotFormatted(Exception):
    """The file stays as it is: it cannot be read (`findings` say why), or its meaning would not be the same."""

    def __init__(self, findings: tuple[Finding, ...] = ()) -> None:
        super().__init__("cannot be formatted")
        self.findings = findings


def formatted(file: str, content: bytes) -> bytes:
    """Return the content of a YAML file in the layout of policies.

    Raises:
        NotFormatted: it cannot be read, or what it says would not be what it said.
    """
    source = Source(path=file, read=lambda path: b"")
    before = source.tree(file, content)
    if source.blocked or before is None:
        raise NotFormatted(source.placed())
    numbers = frozenset(_numbers(before))

    def spell(text: str, line: int, column: int) -> str:
        risky = is_risky(text, may_be_number=(line, column) in numbers)
        return quoted(text) if risky else text

    lines = re.split("\r\n|\r|\n", content.decode("utf-8-sig"))
    made = Layout(lines=lines, spell=spell).write().encode("utf-8")
    again = Source(path=file, read=lambda path: b"")
    after = again.tree(file, made)
    # INVARIANT: what is written says what was read. A layout that fails in some corner of YAML changes no policy.
    if again.blocked or not _same(before, after):
        raise NotFormatted
    return made


def _numbers(root: Node) -> list[tuple[int, int]]:
    """Return line and column of every scalar whose plain form may mean a number."""
    found: list[tuple[int, int]] = []
    stack: list[tuple[Node, bool]] = [(root, False)]
    seen: set[tuple[int, bool]] = set()
    while stack:
        node, inside = stack.pop()
        if isinstance(node, Text):
            if inside:
                found.append((node.mark.line, node.mark.column))
        elif node is not None and (id(node), inside) not in seen:
            seen.add((id(node), inside))
            if isinstance(node, Items):
                stack.extend((item, inside) for item in node)
            else:
                stack.extend((value, inside or key in _AS_IN_JSON) for key, value in node.items())
    return found


def _same(before: Node, after: Node) -> bool:
    """Whether two trees say the same, in the same order; below some keys quotes make a difference."""
    stack: list[_Pair] = [(before, after, False)]
    seen: set[tuple[int, int, bool]] = set()
    while stack:
        one, other, inside = stack.pop()
        if isinstance(one, Text) or isinstance(other, Text) or one is None or other is None:
            alike = type(one) is type(other) and one == other
            if not alike or (inside and plain(one) != plain(other)):
                return False
        elif (id(one), id(other), inside) not in seen:
            seen.add((id(one), id(other), inside))
            below = _below(one, other, inside=inside)
            if below is None:
                return False
            stack.extend(below)
    return True


def _below(one: Items | Entries, other: Items | Entries, *, inside: bool) -> list[_Pair] | None:
    """Return what two collections hold, side by side, or None where they hold other things."""
    if isinstance(one, Entries) and isinstance(other, Entries):
        if [str(key) for key in one] != [str(key) for key in other]:
            return None
        pairs = zip(one.items(), other.values(), strict=True)
        return [(left, right, inside or key in _AS_IN_JSON) for (key, left), right in pairs]
    if isinstance(one, Items) and isinstance(other, Items) and len(one) == len(other):
        return [(left, right, inside) for left, right in zip(one, other, strict=True)]
    return None
