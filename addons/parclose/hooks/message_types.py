"""Message types: mitmproxy's own look at the types of a message's fields, asked only where it could object.

Each request and response head is a dataclass that looks at the type of all its fields when it is made, by walking type
expressions: some 7 % of a request's time. Here a value whose exact class is one of those that its field names is taken,
and any other value is handed to mitmproxy's own check, which refuses or takes it as before.

Source: mitmproxy 12.2.3, http.py (`MessageData.__post_init__`).
"""

from __future__ import annotations

import typing
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from typing import Any

from mitmproxy import http

PLAIN = (bytes, str, int, float, type(None), http.Headers)
KINDS = (http.RequestData, http.ResponseData)


def expected(hint: object) -> frozenset[type]:
    """Return the classes that a type expression takes as they are; empty where only mitmproxy can tell."""
    parts = typing.get_args(hint) or (hint,)
    return frozenset(part for part in parts if part in PLAIN)


class MessageTypes:
    """Takes the place of `MessageData.__post_init__` for the two kinds of message."""

    def __init__(self, stock: Callable[[http.MessageData], None]) -> None:
        self.stock = stock
        self.kinds: dict[type, tuple[Callable[[Any], tuple[Any, ...]], tuple[frozenset[type], ...]]] = {}
        for kind in KINDS:
            known = [(field.name, expected(resolved(kind, field.name))) for field in fields(kind)]
            self.kinds[kind] = attrgetter(*(name for name, _ in known)), tuple(taken for _, taken in known)

    def look(self, message: http.MessageData) -> None:
        """Take a message whose fields are plainly of their types, and let mitmproxy judge any other.

        Raises:
            TypeError: a field is of another type.
        """
        kind = self.kinds.get(type(message))
        if kind is not None:
            values, takes = kind
            for value, taken in zip(values(message), takes, strict=True):
                if type(value) not in taken:
                    break
            else:
                return
        self.stock(message)


def resolved(kind: type, name: str) -> object:
    """Return the type expression of a field, with names looked up."""
    return typing.get_type_hints(kind)[name]


def install() -> None:
    """Look at plain values first from now on; a second call changes nothing."""
    stock = getattr(http.MessageData, "__post_init__", None)  # absent under `python -O`
    if stock is None or hasattr(stock, "parclose"):
        return
    types = MessageTypes(stock)

    def look(message: http.MessageData) -> None:
        types.look(message)

    look.parclose = types  # type: ignore[attr-defined]
    http.MessageData.__post_init__ = look  # type: ignore[method-assign]


def uninstall() -> None:
    """Put mitmproxy's own back."""
    types = getattr(getattr(http.MessageData, "__post_init__", None), "parclose", None)
    if types is not None:
        http.MessageData.__post_init__ = types.stock  # type: ignore[method-assign]
