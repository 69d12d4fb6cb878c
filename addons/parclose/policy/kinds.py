"""Types of path parameters: `int uuid slug hex date enum(a,b) re(...)`, and what they have in common."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol, cast

import re2

from parclose.policy.errors import ScalarError, nearest

# From the most particular: the order of typed parameters that stand at one position.
ORDER = ("enum", "uuid", "int", "date", "hex", "slug", "re")
_PLAIN = {
    "uuid": re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}"),
    "int": re.compile(r"-?[0-9]{1,19}"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "hex": re.compile(r"[0-9A-Fa-f]+"),
    "slug": re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*"),
}
_SAMPLES = {"uuid": "0f8fad5b-d9cb-469f-a165-70867728950e", "int": "7", "date": "2026-06-01", "hex": "c0ffee"}
_SAMPLES |= {"slug": "some-thing", "re": "x"}
_TRIED = ("x", "a", "1", "abc", "123", "A1", "v1", "a-1", "x.y", "0", "AB-12", "sku-1", "ABC", "a_b", "10.2", "2026")
# RE2 memory for one pattern: its default is 8 MiB, far more than a path segment needs.
_RE2_MEMORY = 1 << 20


class _Pattern(Protocol):
    def fullmatch(self, text: str) -> object | None: ...


@dataclass(frozen=True, slots=True)
class Kind:
    """A type of path parameter: its `base`, and for `enum` its `values`, for `re` its regular expression."""

    text: str
    base: str
    values: frozenset[str] = frozenset()
    insensitive: bool = False
    _pattern: _Pattern | None = field(default=None, repr=False, compare=False)

    @classmethod
    def parse(cls, text: str) -> Kind:
        """Return the type that `text` says.

        `int` is an optional minus and up to 19 digits, `date` a day that exists, `slug` lower-case words joined by
        hyphens; `re(...)` is RE2, anchored at both ends, over one decoded segment.
        """
        if text in _PLAIN:
            return cls(text, text)
        head, _, rest = text.partition("(")
        if rest.endswith(")") and head in {"enum", "re"}:
            inside = rest[:-1]
            return cls._enum(text, inside) if head == "enum" else cls._regex(text, inside, insensitive=False)
        close = nearest(head, (*ORDER, "integer", "string"))
        meant = {"integer": "int", "string": "", "": ""}.get(close, close)
        fix = f"did you mean `{meant}`?" if meant else "write int, uuid, slug, hex, date, enum(a,b) or re(...)"
        if close == "string":
            fix = "leave the type out: a parameter without one takes any text"
        raise ScalarError(f"has the unknown type `{text}`", fix=fix)

    @classmethod
    def _enum(cls, text: str, inside: str) -> Kind:
        words = [word.strip() for word in inside.split(",")]
        if not all(words) or len(set(words)) < len(words):
            raise ScalarError(f"has an empty or double value in `{text}`", fix="write `enum(a,b)`")
        if any("/" in word for word in words):
            raise ScalarError(f"has a `/` in `{text}`", fix="a parameter is one segment; write two parameters")
        return cls(f"enum({','.join(sorted(words))})", "enum", frozenset(words))

    @classmethod
    def _regex(cls, text: str, inside: str, *, insensitive: bool) -> Kind:
        options = re2.Options()
        options.log_errors = False
        options.max_mem = _RE2_MEMORY
        options.case_sensitive = not insensitive
        try:
            pattern = cast("_Pattern", re2.compile(inside, options))
        except re2.error as error:
            words = str(error).removeprefix("b'").rstrip("'")
            raise ScalarError(
                f"has a regular expression that RE2 does not take: {words}", fix="use RE2 syntax: no look-around"
            ) from error
        if pattern.fullmatch(""):
            raise ScalarError(f"takes the empty text in `{text}`", fix="a segment is never empty: use `+` for `*`")
        return cls(text, "re", insensitive=insensitive, _pattern=pattern)

    def __reduce__(self) -> tuple[object, tuple[str, bool]]:
        """Return how to make it again in another process; a compiled expression cannot travel."""
        return _again, (self.text, self.insensitive)

    @property
    def rank(self) -> int:
        """Its place in the order of types; less is better."""
        return ORDER.index(self.base)

    def accepts(self, value: str) -> bool:
        """Whether a decoded path segment, not empty, is of this type."""
        if self.base == "enum":
            return value in self.values
        if self._pattern is not None:
            return self._pattern.fullmatch(value) is not None
        if not _PLAIN[self.base].fullmatch(value):
            return False
        if self.base == "date":
            try:
                date.fromisoformat(value)
            except ValueError:
                return False
        return True

    def folded(self) -> Kind:
        """Return the type for a policy that does not tell capitals from small letters."""
        if self.base == "enum":
            return Kind._enum(self.text, ",".join({value.lower() for value in self.values}))
        if self.base == "re":
            return Kind._regex(self.text, self.text[3:-1], insensitive=True)
        return self

    def sample(self) -> str:
        """Return a value of this type; for `re` a guess, tried where possible."""
        if self.base == "enum":
            return min(self.values)
        if self.base == "re":
            return next((value for value in _TRIED if self.accepts(value)), "x")
        return _SAMPLES[self.base]

    def within(self, other: Kind) -> bool:
        """Whether every value of this type is one of `other`; may say no where that cannot be told."""
        if self.base == "enum":
            return all(other.accepts(value) for value in self.values)
        if self.base == other.base:
            return self.text == other.text
        # A date is digits and hyphens, and so a slug; a uuid may hold capitals, and so is none.
        return (self.base, other.base) == ("date", "slug")

    def apart(self, other: Kind) -> bool:
        """Whether no value is of both types; says no where that cannot be told."""
        if self.base == "enum":
            return not any(other.accepts(value) for value in self.values)
        if other.base == "enum":
            return other.apart(self)
        return {self.base, other.base} in ({"uuid", "int"}, {"uuid", "date"}, {"int", "date"}, {"hex", "date"})

    def competes(self, other: Kind) -> bool:
        """Whether no rule says which of two types at one position is better: two expressions, two meeting enums."""
        if self.text == other.text or self.base != other.base:
            return False
        return self.base == "re" or (self.base == "enum" and bool(self.values & other.values))


def _again(text: str, insensitive: bool) -> Kind:
    kind = Kind.parse(text)
    return kind.folded() if insensitive else kind
