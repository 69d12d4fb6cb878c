"""One YAML file to a tree in which every value knows its place.

Scalars keep their raw text: the field that holds one decides what it means. The tree is built from libyaml's events
without recursion, so that neither depth nor aliases can exhaust the process.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import yaml

from parclose.policy.errors import nearest
from parclose.policy.nodes import Entries, Items, Mark, Node, Text
from parclose.policy.syntax import explain_syntax, unreadable_character

# Nodes that aliases may add to a file; a file that shares blocks by hand needs some hundreds. Long text counts as more
# than one: whatever is said of it quotes it each time.
MOST_ALIASED = 100_000
CHARACTERS_A_NODE = 32
MOST_DEPTH = 100  # of nesting; the policy language itself needs 8
MOST_CHARACTERS = 1 << 16  # of one value: a key set's longest, a chain of certificates, has a tenth of that


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
            line, column = (1, 1) if mark is None else (mark.line + 1, mark.column + 1)
            found = explain_syntax(self.text, line, column, error.problem or "cannot be read")
            self.report(
                "YML001", Mark(self.file, found.line, found.column), found.message, fix=found.fix,
                found=found.found, meant=found.meant,
            )  # fmt: skip
            return None
        except yaml.YAMLError as error:
            self.report("YML001", Mark(self.file, 1, 1), f"cannot be read: {' '.join(str(error).split())}")
            return None
        return self.root

    def _mark(self, event: yaml.Event) -> Mark:
        mark = event.start_mark
        return Mark(self.file, 1, 1) if mark is None else Mark(self.file, mark.line + 1, mark.column + 1)

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
        tag = getattr(event, "tag", None)
        if tag is None:
            return True
        self.report(
            "YML003", self._mark(event), f"tag `{tag}` is not allowed", found=str(tag),
            fix="remove it: a value is read by the type of its field; for shared parts use `profiles`",
        )  # fmt: skip
        return False

    def _scalar(self, event: yaml.ScalarEvent) -> bool:
        if not self._no_tag(event):
            return False
        if len(event.value) > MOST_CHARACTERS:
            self.report(
                "YML004", self._mark(event), f"a value of more than {MOST_CHARACTERS:,} characters",
                fix="look for a quote or `|` that takes in the rest of the file",
            )  # fmt: skip
            return False
        text = Text(event.value)
        text.mark, text.plain = self._mark(event), event.style in {None, ""}
        size = 1 + len(text) // CHARACTERS_A_NODE
        if self.stack and isinstance(self.stack[-1].node, Entries) and self.stack[-1].key is None:
            if event.anchor is not None:
                self.anchors[event.anchor] = (text, size)
            return self._key(text)
        # Only a plain `null` or `~` is null; `NO`, `Null` and nothing at all are text.
        return self._put(None if text.plain and text in {"null", "~"} else text, event.anchor, size)

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
        mark, anchor = self._mark(event), event.anchor or ""
        if anchor not in self.anchors:
            inside = any(open_.anchor == anchor for open_ in self.stack)
            close = nearest(anchor, self.anchors)
            self.report(
                "YML004" if inside else "YML001", mark,
                f"alias `*{anchor}` stands inside itself" if inside else f"alias `*{anchor}` has no anchor",
                fix="write the part out" if inside else f"did you mean `*{close}`?" if close else "quote text with `*`",
            )  # fmt: skip
            return False
        node, size = self.anchors[anchor]
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
            key = Text(node)
            key.mark, key.plain = mark, node.plain
            return self._key(key)
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
                "YML002", key.mark, f"key `{key}` is written twice, first at {first.line}:{first.column}",
                found=str(key), fix="keep one, or bring both together", width=len(key),
            )  # fmt: skip
        elif key is not None:
            top.node[key] = node
        return True
