"""Policy text to a tree in which every value knows its place; all YAML of the project passes here.

Scalars keep their raw text: the field that holds one decides what it means. The tree is built from libyaml's events
without recursion, so that neither depth nor aliases can exhaust the process.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import yaml

from parclose.policy.errors import Finding, nearest
from parclose.policy.syntax import explain_syntax, unreadable_character

# A policy of 1,000 segments with 50 routes each is 3 MB. What is larger is no policy that anybody has written.
MOST_BYTES = 32 << 20
# Nodes that aliases may add to a file; a file that shares blocks by hand needs some hundreds.
MOST_ALIASED = 100_000
MOST_DEPTH = 100  # of nesting; the policy language itself needs 8
MOST_FINDINGS = 200  # a file of another kind would give one for each line


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


@dataclass(slots=True)
class _Open:
    """A collection that is being read, and the key that waits for its value."""

    node: Items | Entries
    anchor: str | None
    key: Text | None = None
    size: int = 1


@dataclass(slots=True)
class Reader:
    """Reads one file into a tree; what is wrong goes to `report`."""

    file: str
    text: str
    report: Callable[..., None]
    anchors: dict[str, tuple[Node, int]] = field(default_factory=dict)
    stack: list[_Open] = field(default_factory=list)
    aliased: int = 0
    root: Node = None
    documents: int = 0

    def read(self) -> Node:
        """Return the tree, or None after something was reported."""
        bad = unreadable_character(self.text)
        if bad is not None:
            line, column, char = bad
            self.report(
                "YML001", Mark(self.file, line, column), f"character U+{ord(char):04X} cannot stand in a policy",
                fix="remove it, or write it as an escape in double quotes",
            )  # fmt: skip
            return None
        try:
            for event in yaml.parse(self.text, Loader=yaml.CSafeLoader):
                if not self._take(event):
                    return None
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            found = explain_syntax(self.text, line, column, error.problem or "cannot be read")
            self.report("YML001", Mark(self.file, found.line, found.column), found.message, fix=found.fix)
            return None
        except yaml.YAMLError as error:
            self.report("YML001", Mark(self.file, 1, 1), f"cannot be read: {' '.join(str(error).split())}")
            return None
        return self.root

    def _mark(self, event: yaml.Event) -> Mark:
        return Mark(self.file, event.start_mark.line + 1, event.start_mark.column + 1)

    def _take(self, event: yaml.Event) -> bool:
        """Take one event in; return False when reading must stop."""
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event)
        if isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            return self._open(event)
        if isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            done = self.stack.pop()
            return self._put(done.node, done.anchor, done.size)
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event)
        if isinstance(event, yaml.DocumentStartEvent):
            self.documents += 1
            if self.documents > 1:
                self.report("YML001", self._mark(event), "a second document", fix="remove `---`: one document a file")
                return False
        return True

    def _no_tag(self, event: yaml.NodeEvent) -> bool:
        if getattr(event, "tag", None) is None:
            return True
        self.report(
            "YML003", self._mark(event), f"tag `{event.tag}` is not allowed", found=str(event.tag),
            fix="remove it: a value is read by the type of its field; for shared parts use `profiles`",
        )  # fmt: skip
        return False

    def _scalar(self, event: yaml.ScalarEvent) -> bool:
        if not self._no_tag(event):
            return False
        text = Text(event.value)
        text.mark, text.plain = self._mark(event), event.style is None
        if self.stack and isinstance(self.stack[-1].node, Entries) and self.stack[-1].key is None:
            return self._key(text)
        # Only a plain `null` or `~` is null; `NO`, `Null` and nothing at all are text.
        return self._put(None if text.plain and text in {"null", "~"} else text, event.anchor, 1)

    def _key(self, text: Text) -> bool:
        if text.plain and text == "<<":
            self.report("YML003", text.mark, "merge key `<<` is not allowed", fix="share parts through `profiles`")
            return False
        self.stack[-1].key = text
        return True

    def _open(self, event: yaml.CollectionStartEvent) -> bool:
        if not self._no_tag(event):
            return False
        mark = self._mark(event)
        if self.stack and isinstance(self.stack[-1].node, Entries) and self.stack[-1].key is None:
            self.report("YML001", mark, "a key must be text", fix="quote it, if braces or brackets belong to the name")
            return False
        if len(self.stack) >= MOST_DEPTH:
            self.report("YML004", mark, f"nested more than {MOST_DEPTH} deep", fix="write it flatter")
            return False
        node: Items | Entries = Entries() if isinstance(event, yaml.MappingStartEvent) else Items()
        node.mark = mark
        self.stack.append(_Open(node, event.anchor))
        return True

    def _alias(self, event: yaml.AliasEvent) -> bool:
        mark = self._mark(event)
        if event.anchor not in self.anchors:
            inside = any(open_.anchor == event.anchor for open_ in self.stack)
            close = nearest(event.anchor, self.anchors)
            self.report(
                "YML004" if inside else "YML001", mark,
                f"alias `*{event.anchor}` stands inside itself" if inside else f"alias `*{event.anchor}` has no anchor",
                fix="write the part out" if inside else f"did you mean `*{close}`?" if close else "quote text with `*`",
            )  # fmt: skip
            return False
        node, size = self.anchors[event.anchor]
        self.aliased += size
        if self.aliased > MOST_ALIASED:
            self.report(
                "YML004",
                mark,
                f"aliases repeat more than {MOST_ALIASED:,} values",
                fix="share parts through `profiles`",
            )
            return False
        if self.stack and isinstance(self.stack[-1].node, Entries) and self.stack[-1].key is None:
            if not isinstance(node, Text):
                self.report("YML001", mark, "a key must be text", fix="write the key out")
                return False
            return self._key(node)
        return self._put(node, None, size)

    def _put(self, node: Node, anchor: str | None, size: int) -> bool:
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.stack:
            self.root = node
            return True
        top = self.stack[-1]
        top.size += size
        if isinstance(top.node, Items):
            top.node.append(node)
            return True
        key, top.key = top.key, None
        if key is not None and key in top.node:
            first = top.node.key_mark(key)
            self.report(
                "YML002", key.mark, f"key `{key}` is written twice in one mapping, first at {first.line}:{first.column}",
                found=str(key), fix="keep one, or bring both together", width=len(key),
            )  # fmt: skip
        elif key is not None:
            top.node[key] = node
        return True


class TooMuchToSay(Exception):
    """More findings than anybody reads; the rest is not looked for."""


@dataclass(slots=True)
class Source:
    """Everything that is read for one policy, and everything that is found wrong with it.

    Names of files are from the policy's folder, with `/`. `read` is the only way to the world.
    """

    path: str
    read: Callable[[str], bytes]
    findings: list[Finding] = field(default_factory=list)
    texts: dict[str, list[str]] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    trees: dict[str, Node] = field(default_factory=dict)

    def report(
        self, id: str, mark: Mark, message: str, *, found: str = "", expected: str = "", fix: str = "",  # noqa: A002
        width: int = 1, key: str = "",
    ) -> None:  # fmt: skip
        """Keep one finding.

        Raises:
            TooMuchToSay: there are more than anybody reads.
        """
        lines = self.texts.get(mark.file, [])
        self.findings.append(
            Finding(
                id=id, file=mark.file, line=mark.line, column=mark.column, message=_one_line(message), found=found,
                expected=expected, fix=_one_line(fix), width=width, key=key or self._key_at(mark),
                source=lines[mark.line - 1] if 0 < mark.line <= len(lines) else "",
            )
        )  # fmt: skip
        if len(self.findings) >= MOST_FINDINGS:
            raise TooMuchToSay

    def keep(self, file: str, content: bytes) -> None:
        """Keep what was read, for the digest and for quoting lines."""
        self.contents[file] = content

    def tree(self, file: str, content: bytes) -> Node:
        """Return the tree of a YAML file, or None after something was reported."""
        self.keep(file, content)
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            before = content[: error.start]
            mark = Mark(file, before.count(b"\n") + 1, len(before) - (before.rfind(b"\n") + 1) + 1)
            self.report("YML001", mark, "the file is not UTF-8", fix="save it as UTF-8")
            return None
        self.texts[file] = re.split("\r\n|\r|\n", text)
        known = len(self.findings)
        root = Reader(file, text, self.report).read()
        if root is None and len(self.findings) == known:
            self.report(
                "TYP002", Mark(file, 1, 1), "the file is empty", fix="write at least `version: 1` and `segments`"
            )
        self.trees[file] = root
        return root

    def _key_at(self, mark: Mark) -> str:
        """Return the path of keys to a place, `segments.web.match`, or ""."""
        return next(
            (path for path, place in walk(self.trees.get(mark.file)) if place == mark),
            "",
        )


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


def _one_line(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
