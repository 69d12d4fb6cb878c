"""Spellings of a path: one is read, the rest are refused.

Every path is decoded once, and what was judged is what is sent. What two servers could read differently (encoded
separators, dot segments, empty segments, `;` parameters, bytes that are no text) is refused (`strict`), or brought to
one form that is forwarded in its place (`lenient`). The clean case, no escape and nothing odd, costs one match.
"""

from __future__ import annotations

import re
from enum import StrEnum
from urllib.parse import unquote_to_bytes

from parclose.policy.folding import fold_path, plain_letters

# Printable ASCII without `# % ; ? \`; dots and empty segments are looked for apart.
_CLEAN = re.compile(r"/[!\"$&-:<->@-\[\]-~]*")
_STRICT_RAW = re.compile(r"[^!-~]|[\\#;?]")
_LENIENT_RAW = re.compile(r"[^!-~]|[\\#?]")
_BROKEN = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SEPARATOR = re.compile(r"%(?:2[Ff35]|5[Cc]|3[BbFf]|[01][0-9A-Fa-f]|7[Ff])")
# Nothing else can fold: blanks and foreign letters come only as escapes.
_MAY_FOLD = re.compile(r"[A-Z%]|\.(?:/|\Z)|:\$")
# A dot segment to who trims blanks or reads look-alikes; `\s` is every blank of Unicode.
_LIKE_DOTS = re.compile(r"(?:\A|/)\s*\.\.?\s*(?:/|\Z)")
_DOTS = frozenset({".", ".."})
_ASCII_FOLD = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class Fault(StrEnum):
    """Why a path has no single meaning; the detail of `path_ambiguous`."""

    FORM = "form"
    CHARACTER = "character"
    EMPTY_SEGMENT = "empty_segment"
    DOT_SEGMENT = "dot_segment"
    BROKEN_ESCAPE = "broken_escape"
    ENCODED_SEPARATOR = "encoded_separator"
    NOT_UTF8 = "not_utf8"
    ABOVE_ROOT = "above_root"


def read_strict(target: str) -> tuple[str, ...] | Fault:
    """Return the decoded segments of `target`, a trailing empty one where it ends in `/`, or what is wrong with it.

    The root is the empty tuple.
    """
    if _CLEAN.fullmatch(target) and "//" not in target and "/." not in target:
        return () if target == "/" else tuple(target[1:].split("/"))
    if not target.startswith("/"):
        return Fault.FORM
    fault = _raw_fault(target, _STRICT_RAW)
    if fault is not None:
        return fault
    if "//" in target:
        return Fault.EMPTY_SEGMENT
    return () if target == "/" else _decode(target[1:].split("/"))


def read_lenient(target: str) -> tuple[tuple[str, ...], str] | Fault:
    """Return the segments of `target` and the one spelling to forward, or why it still has no single meaning.

    Collapses `//`, resolves dot segments, drops `;` parameters. A path that climbs above the root is refused.
    """
    if not target.startswith("/"):
        return Fault.FORM
    fault = _raw_fault(target, _LENIENT_RAW)
    if fault is not None:
        return fault
    kept: list[str] = []
    last = ""
    for raw in target[1:].split("/"):
        last = raw.partition(";")[0]
        plain = re.sub("%2[Ee]", ".", last)
        if plain == "..":
            if not kept:
                return Fault.ABOVE_ROOT
            kept.pop()
        elif plain not in ("", "."):
            kept.append(last)
    if not kept:
        return (), "/"
    trailing = [""] if re.sub("%2[Ee]", ".", last) in ("", ".", "..") else []
    segments = _decode(kept + trailing)
    if isinstance(segments, Fault):
        return segments
    return segments, "/" + "/".join(kept + trailing)


def fold_ascii(path: tuple[str, ...]) -> tuple[str, ...]:
    """Return `path` with A to Z as a to z, and nothing else changed."""
    return tuple(segment.translate(_ASCII_FOLD) for segment in path)


def fold(path: tuple[str, ...], target: str) -> tuple[tuple[str, ...], ...]:
    """Return the other paths that lax servers might read `path` as; none where no server would read it differently.

    Folds case and look-alikes, drops blanks around and dots after a segment. One more decode would change nothing: an
    encoded `%` is refused before. A segment that folds away is "", which no route has; or it is not there at all.
    """
    if not _MAY_FOLD.search(target):
        return ()
    folded = fold_path(path)
    if folded == path:
        return ()
    *before, last = folded
    # A slash at the end stays one where the policy tells it apart.
    closed = (*filter(None, before), *((last,) if last or not path[-1] else ()))
    return (folded,) if closed == folded else (folded, closed)


def _raw_fault(target: str, forbidden: re.Pattern[str]) -> Fault | None:
    """Return what is wrong with the bytes of `target` as they were sent."""
    if forbidden.search(target):
        return Fault.CHARACTER
    if _BROKEN.search(target):
        return Fault.BROKEN_ESCAPE
    if _SEPARATOR.search(target):
        return Fault.ENCODED_SEPARATOR
    return None


def _decode(segments: list[str]) -> tuple[str, ...] | Fault:
    """Decode each segment once."""
    decoded: list[str] = []
    for raw in segments:
        try:
            segment = unquote_to_bytes(raw).decode("utf-8") if "%" in raw else raw
        except UnicodeDecodeError:
            return Fault.NOT_UTF8
        if segment in _DOTS:
            return Fault.DOT_SEGMENT
        decoded.append(segment)
    if _LIKE_DOTS.search(plain_letters("/".join(decoded))):
        return Fault.DOT_SEGMENT
    return tuple(decoded)
