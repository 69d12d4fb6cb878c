"""Paths as a lax server might read them, and the twin of all surfaces in which the policy's own paths are read so.

Folding only what is asked is half a look: `/v1/Payouts/**` carved out of `/v1/**` would not catch `/v1/payouts`, which
a server that ignores case serves as the same thing. So where a path of the policy folds to another one, requests are
looked up a second time in a twin whose paths are all folded. Without such a path there is no twin, and no cost.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import replace

from parclose.policy.kinds import Kind
from parclose.policy.paths import Part, PathPattern
from parclose.policy.segment import Route, Segment
from parclose.policy.surface import Place, SurfaceIndex, build_routes, build_surfaces, places

# What best-fit tables of code pages make `/` or `\\` of, beside what NFKC knows, and the two letters that case tables
# other than Python's fold to `i`. Source: best-fit tables of Windows (932, 949, 1252);
# java.lang.String.equalsIgnoreCase.
_LETTERS = {
    **dict.fromkeys(map(ord, "\u2044\u2215\u29f8\u2216\u29f5\u29f9\u00a5\uffe5\u20a9\uffe6"), "/"),
    **dict.fromkeys(map(ord, "\u0130\u0131"), "i"),
}
# Default_Ignorable_Code_Point of Unicode 16: file systems and look-ups drop them (git's CVE-2014-9390).
_UNSEEN = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    "\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_BLANKS = " \u0085\u1680\u2028\u2029"  # all that are left after NFKC; control characters are refused before
# Stream and type of an NTFS name, as in `admin::$DATA` or `admin:$I30:$INDEX_ALLOCATION` (CVE-2010-2731).
_STREAM = re.compile(r":[^:/]*:\$[^:/]*(?=/|\Z)")


def plain_letters(text: str) -> str:
    """Return text with look-alikes (NFKC and best-fit tables) as what they look like, and without letters unseen."""
    if text.isascii():
        return text
    return _UNSEEN.sub("", unicodedata.normalize("NFKC", text.translate(_LETTERS))).replace("\\", "/")


def fold_path(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return decoded segments as a lax server might read them: case and look-alikes folded, ends trimmed.

    A look-alike of a separator parts a segment in two; a segment of dots and blanks folds to "".
    """
    text = plain_letters("/".join(path)).casefold()
    if ":$" in text:
        text = _STREAM.sub("", text)
    return tuple([segment.lstrip(_BLANKS).rstrip(_BLANKS + ".") for segment in text.split("/")]) if path else ()


def fold_pattern(pattern: PathPattern) -> PathPattern:
    """Return the pattern of the folded paths, or the pattern itself where nothing folds.

    An expression counts as folding when a capital is written in it.
    """
    parts = tuple(folded for part in pattern.parts for folded in _fold_part(part))
    return pattern if parts == pattern.parts else PathPattern(pattern.text, parts, pattern.tail)


def _fold_part(part: Part) -> tuple[Part, ...]:
    if not part.name:
        return tuple(Part(text) for text in fold_path((part.text,)))
    return (part,) if part.kind is None else (Part(name=part.name, kind=_fold_kind(part.kind)),)


def _fold_kind(kind: Kind) -> Kind:
    if kind.base == "re":
        return kind.folded() if kind.text != kind.text.lower() else kind
    if kind.base != "enum":
        return kind
    values = frozenset(folded[0] for value in kind.values if len(folded := fold_path((value,))) == 1) - {""}
    return kind if values == kind.values or not values else Kind(f"enum({','.join(sorted(values))})", "enum", values)


def fold_surfaces(standing: Iterable[Place]) -> SurfaceIndex | None:
    """Return all places with folded paths, and their segments with folded routes; None where nothing folds.

    INVARIANT: a segment keeps its name, and a route its key, by which both looks are compared.
    """
    before = {segment.name: segment for place in standing for segment in place.segments}
    after = {name: _fold_segment(segment) for name, segment in before.items()}
    if all(after[name] is segment for name, segment in before.items()):
        return None
    # Who wins is of no interest: all segments of a surface are compared.
    return build_surfaces(places(after.values()), {})


def _fold_segment(segment: Segment) -> Segment:
    paths = tuple(fold_pattern(path) for path in segment.surface.paths)
    routes = _fold_routes(segment.route_list)
    if paths == segment.surface.paths and routes == segment.route_list:
        return segment
    return replace(
        segment, surface=replace(segment.surface, paths=paths), routes=build_routes(routes), route_list=routes
    )


def _fold_routes(routes: tuple[Route, ...]) -> tuple[Route, ...]:
    """Return folded routes; those that the policy tells apart by spelling alone are called by all their keys.

    So neither of them equals what the first look finds, and both spellings are refused.
    """
    folded = [fold_pattern(route.path) for route in routes]
    if all(path is route.path for path, route in zip(folded, routes, strict=True)):
        return routes
    meant: dict[object, set[object]] = {}
    for path, route in zip(folded, routes, strict=True):
        meant.setdefault(path.shape, set()).add(route.path.shape)
    made = []
    for path, route in zip(folded, routes, strict=True):
        like = [
            other.key
            for shape, other in zip((each.shape for each in folded), routes, strict=True)
            if shape == path.shape and (other is route or _met(other, route))
        ]
        key = " or ".join(like) if len(meant[path.shape]) > 1 else route.key
        made.append(route if path is route.path and key == route.key else replace(route, path=path, key=key))
    return tuple(made)


def _met(other: Route, route: Route) -> bool:
    """Whether two routes are for one method, on paths that differ by spelling alone."""
    return other.path.shape != route.path.shape and bool(other.methods.methods & route.methods.methods)
