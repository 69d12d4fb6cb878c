"""Everything in a policy that has a name: what it is, where it stands, and its lines as written."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.nodes import Entries, Mark, Node, Text, walk
from parclose.policy.schema_base import where
from parclose.policy.source import Source

KINDS: tuple[tuple[str, str], ...] = (
    ("segments", "segment"),
    ("profiles", "profile"),
    ("route_sets", "route set"),
    ("limits", "limit"),
    ("clients", "client"),
    ("issuers", "issuer"),
    ("api_keys", "key store"),
    ("client_cas", "client CA"),
    ("attributes", "attribute"),
    ("scopes", "scope"),
    ("roles", "role"),
    ("zones", "zone"),
    ("geo.sets", "geo set"),
    ("upstreams", "upstream"),
    ("personas", "persona"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """One named thing: `path` is its path of keys, such as `segments.web`; `lines` stand at the margin."""

    kind: str
    name: str
    path: str
    where: str
    lines: tuple[str, ...]


def named(desk: Desk, wanted: str) -> tuple[Named, ...]:
    """Return what is called `wanted`, or is at that path of keys; a segment comes first."""
    found = [each for each in _all(desk) if wanted in {str(each[2]), f"{each[0]}.{each[2]}"}]
    return tuple(
        Named(
            kind=kind,
            name=str(key),
            path=f"{section}.{key}",
            where=where(key.mark),
            lines=_lines(desk.source, key, f"{section}.{key}"),
        )
        for section, kind, key in found
    )


def names(desk: Desk) -> tuple[str, ...]:
    """Return every name there is, each once."""
    return tuple(dict.fromkeys(str(key) for _, _, key in _all(desk)))


def _all(desk: Desk) -> Iterator[tuple[str, str, Text]]:
    for section, kind in KINDS:
        part: object = desk.spec
        for word in section.split("."):
            part = getattr(part, word, None)
        if isinstance(part, Mapping):
            yield from ((section, kind, key) for key in part)


def _lines(source: Source, key: Text, path: str) -> tuple[str, ...]:
    """Return the lines from a key to whatever comes after it and is no part of it."""
    tree, lines = source.trees.get(key.mark.file), source.texts.get(key.mark.file, [])
    inside = {mark for below, mark in walk(_at(tree, path)) if mark.file == key.mark.file}
    others = [mark for _, mark in walk(tree) if mark not in inside and _after(mark, key.mark)]
    last = min((mark.line for mark in others), default=len(lines) + 1) - 1
    block = lines[key.mark.line - 1 : max(last, key.mark.line)]
    while len(block) > 1 and not _belongs(block[-1], key.mark.column):
        block.pop()
    return tuple(line.rstrip() for line in textwrap.dedent("\n".join(block)).split("\n"))


def _at(tree: Node, path: str) -> Node:
    """Return the part of a tree at a path; a name may hold dots, so the longest key that fits is taken."""
    node, rest = tree, path
    while rest and isinstance(node, Entries):
        step = next((key for key in node if rest == key or rest.startswith(f"{key}.")), None)
        if step is None:
            return None
        node, rest = node[step], rest[len(step) + 1 :]
    return node


def _after(mark: Mark, key: Mark) -> bool:
    return (mark.line, mark.column) > (key.line, key.column)


def _belongs(line: str, column: int) -> bool:
    """Whether a line at the end of a block is part of it: not blank, and no comment on what comes next."""
    bare = line.strip()
    return bool(bare) and not (bare.startswith("#") and len(line) - len(line.lstrip()) < column)
