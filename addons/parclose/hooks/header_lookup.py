"""Header lookup: mitmproxy's headers answer `get`, `in` and `[]` in one pass over the fields.

Stock goes through five functions for each look, and mitmproxy's own HTTP layers look some twenty times at each
exchange. The answers are the same, to the error.

Source: mitmproxy 12.2.3, http.py (`Headers`) and coretypes/multidict.py.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from mitmproxy import http

type Name = str | bytes

NAMES = ("get", "get_all", "__contains__", "__getitem__")


def get_all(headers: http.Headers, name: Name) -> list[str]:
    """Return every value of a header, in the order of the fields.

    Raises:
        TypeError: the name is neither text nor bytes.
    """
    wanted = folded(name) if type(name) is str else http._always_bytes(name).lower()
    length = len(wanted)
    return [
        value.decode("utf-8", "surrogateescape")
        for key, value in headers.fields
        if len(key) == length and key.lower() == wanted
    ]


@lru_cache(maxsize=512)
def folded(name: str) -> bytes:
    """Return a name as it is compared; proxies look for the same few again and again."""
    return http._always_bytes(name).lower()


def get(headers: http.Headers, key: Name, default: Any = None) -> Any:
    """Return the values of a header, joined, or `default`."""
    found = get_all(headers, key)
    return ", ".join(found) if found else default


def contains(headers: http.Headers, key: Name) -> bool:
    """Tell whether there is such a header."""
    return bool(get_all(headers, key))


def getitem(headers: http.Headers, key: Name) -> str:
    """Return the values of a header, joined.

    Raises:
        KeyError: there is none.
    """
    found = get_all(headers, key)
    if not found:
        raise KeyError(key)
    return ", ".join(found)


def install() -> None:
    """Look headers up in one pass from now on."""
    for name, made in zip(NAMES, (get, get_all, contains, getitem), strict=True):
        setattr(http.Headers, name, made)
