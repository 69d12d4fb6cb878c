"""Differences between two policies for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from parclose.analysis.compare import GRANTS, LIMIT, MOVES, OTHERWISE, REFUSES, UNSHOWN, Difference

SIGNS = {GRANTS: "+", REFUSES: "-", LIMIT: "~", MOVES: "~", OTHERWISE: "~", UNSHOWN: "?"}
WORDS = {
    GRANTS: "grant",
    REFUSES: "refusal",
    LIMIT: "limit",
    MOVES: "move",
    OTHERWISE: "other reason",
    UNSHOWN: "unconfirmed change",
}
UNCONFIRMED = "unconfirmed: no request was found that shows it"


def tell(found: Iterable[Difference], *, old: str, new: str) -> str:
    """Return the differences, each with the request that shows it; `old` and `new` name the policies."""
    everything = list(found)
    head = f"{old} -> {new}"
    if not everything:
        return f"{head}   no difference"
    names = [", ".join(each.segments) for each in everything]
    wide = min(max(map(len, names)), 28)
    routes = min(max(len(each.route) for each in everything), 40)
    lines = [head]
    for each, name in zip(everything, names, strict=True):
        route = f"{each.route:<{routes}}  " if each.route else ""
        lines.append(f" {SIGNS[each.kind]} {each.kind:<8} {name:<{wide}}  {route}{each.what}")
        shown = f"{each.witness}: {each.before} -> {each.after}" if each.witness else UNCONFIRMED
        lines.append(f"            {shown}")
    counts = Counter(each.kind for each in everything)
    lines.append(", ".join(f"{counts[kind]} {_plural(kind, counts[kind])}" for kind in SIGNS if counts[kind]))
    return "\n".join(lines)


def _plural(kind: str, count: int) -> str:
    return WORDS[kind] if count == 1 else f"{WORDS[kind]}s"
