"""API keys in a query: taken out of the path once they were read, so that no upstream, log or recording has them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from urllib.parse import unquote_plus

from parclose.facts import Presented

PLACE = "query "


def names_of(presented: Iterable[Presented]) -> frozenset[str]:
    """Return the query keys, decoded, in which credentials were found."""
    return frozenset(one.place.removeprefix(PLACE) for one in presented if one.place.startswith(PLACE))


def without(path: bytes, names: Collection[str]) -> bytes:
    """Return a path without the pairs of some query keys, however these are spelt; all else stays byte for byte."""
    target, mark, query = path.partition(b"?")
    if not mark or not names:
        return path
    parts = query.split(b"&")
    left = [part for part in parts if unquote_plus(part.partition(b"=")[0].decode("latin-1")) not in names]
    if len(left) == len(parts):
        return path
    return target + b"?" + b"&".join(left) if left else target
