"""A part of a policy on one line, as YAML writes it."""

from __future__ import annotations

import json
import re

from parclose.policy.nodes import Entries, Items, Node, Text

# What needs no quotes inside brackets and braces, and is read back as the same text.
_BARE = re.compile(r"[A-Za-z0-9_./$(+](?:[A-Za-z0-9_./*$()=+|%@-]|:(?=[^ ])| (?=[^ ]))*")


def flow(node: Node | str) -> str:
    """Return a part of a tree on one line."""
    if isinstance(node, Entries):
        return "{" + ", ".join(f"{flow(key)}: {flow(value)}" for key, value in node.items()) + "}"
    if isinstance(node, Items):
        return "[" + ", ".join(map(flow, node)) + "]"
    if node is None:
        return "null"
    bare = _BARE.fullmatch(node)
    # A word that would be read as something else keeps its quotes.
    if isinstance(node, Text) and not node.plain and node in {"null", "~"}:
        bare = None
    return str(node) if bare else json.dumps(node, ensure_ascii=False)
