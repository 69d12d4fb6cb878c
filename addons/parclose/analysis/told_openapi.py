"""An imported document as a file of the policy, and in what a new import differs from the last."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from parclose.analysis.openapi import Imported
from parclose.analysis.openapi_security import WORDS, Asked
from parclose.policy.nodes import Entries, Items, Node, Text

MARK = "# Made by `parclose import openapi`"
_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9._/-]*(?::[A-Za-z0-9._/-]+)*")
_NOT_TEXT = re.compile(r"(?i:null|true|false|yes|no|on|off|y|n)")
MOST_TITLE = 60


def as_policy(made: Imported, name: str) -> str:
    """Return the file: one route set, in the layout of `parclose fmt`."""
    title = "".join(char if char.isprintable() else " " for char in made.title)[:MOST_TITLE].strip()
    lines = [
        f"{MARK}{f' from {title}' if title else ''}; the next import writes it anew.",
        "# Where a segment wants it otherwise, its own `routes` say so, with `override: true`.",
        "route_sets:",
        f"  {name}:",
    ]
    lines.extend(f"    {_quoted(key)}: {value(asked)}" for key, asked in made.routes.items())
    return "\n".join(lines) + "\n"


def value(asked: Asked) -> str:
    """Return what a policy writes behind the key of a route."""
    names = asked.scopes
    if not names:
        return asked.kind
    if len(names) == 1 and names[0] not in WORDS:
        return _scope(names[0])
    return f"{{scopes: {{{asked.kind}: [{', '.join(map(_scope, names))}]}}}}"


def declared(made: Imported, names: tuple[str, ...]) -> str:
    """Return the section that declares these scopes, with what the document says of them."""
    lines = ["scopes:"]
    for name in names:
        about = " ".join("".join(char if char.isprintable() else " " for char in made.about.get(name, "")).split())
        lines.append(f"  {_scope(name)}: {{{f'about: {_quoted(about)}' if about else ''}}}")
    return "\n".join(lines)


def _scope(name: str) -> str:
    return name if _PLAIN.fullmatch(name) and not _NOT_TEXT.fullmatch(name) else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Routes by key with what they asked, what they ask now, or both; "" for none."""

    routes: Mapping[str, tuple[str, str]]

    def lines(self) -> Iterator[str]:
        """Yield one line a route: `+` new, `-` gone, `~` asks something else now."""
        wide = min(44, max((len(key) for key in self.routes), default=0))
        for key, (before, after) in self.routes.items():
            sign = "~" if before and after else "+" if after else "-"
            said = f"{after}, was {before}" if sign == "~" else after or before
            yield f"  {sign} {key:<{wide}}  {said}"

    @property
    def head(self) -> str:
        """The counts: `1 new, 2 gone, 0 changed`."""
        new = sum(not before for before, _ in self.routes.values())
        gone = sum(not after for _, after in self.routes.values())
        return f"{new} new, {gone} gone, {len(self.routes) - new - gone} changed"


def difference(before: Node, after: Node) -> Difference:
    """Return in what two route sets as they are written differ; the order of routes says nothing."""
    old, new = _values(before), _values(after)
    keys = [*new, *(key for key in old if key not in new)]
    return Difference(
        routes={key: (old.get(key, ""), new.get(key, "")) for key in keys if old.get(key) != new.get(key)}
    )


def set_in(tree: Node, name: str) -> Entries | None:
    """Return a route set of a tree by its name."""
    sets = tree.get(Text("route_sets")) if isinstance(tree, Entries) else None
    found = sets.get(Text(name)) if isinstance(sets, Entries) else None
    return found if isinstance(found, Entries) else None


def _values(routes: Node) -> dict[str, str]:
    return {str(key): _flow(node) for key, node in routes.items()} if isinstance(routes, Entries) else {}


def _flow(node: Node) -> str:
    """Return a value on one line; two values read alike are written alike."""
    if isinstance(node, Entries):
        return f"{{{', '.join(f'{_scope(key)}: {_flow(below)}' for key, below in sorted(node.items()))}}}"
    if isinstance(node, Items):
        return f"[{', '.join(map(_flow, node))}]"
    return "null" if node is None else _scope(str(node))
