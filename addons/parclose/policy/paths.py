"""Path patterns as a policy writes them: `/lit`, `/{name}`, `/{name:type}`, `/**`; and their order."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote_to_bytes

from parclose.policy.errors import ScalarError
from parclose.policy.kinds import Kind

MOST_PARTS = 64  # as `admission.max_path_segments`: a longer pattern could never match
MOST_CHARACTERS = 8 * 1024  # as `admission.max_uri`; RE2 takes seconds for the nesting that fits into ten times that
_PARAM = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)(?::(.+))?\}", re.DOTALL)
_RAW_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\#;?]")


@dataclass(frozen=True, slots=True)
class Part:
    """One position of a pattern: a literal `text`, or a parameter called `name`, of a `kind` or of any text."""

    text: str = ""
    name: str = ""
    kind: Kind | None = None

    def accepts(self, segment: str) -> bool:
        """Whether one decoded path segment fits here; nothing but a literal fits an empty one."""
        if not self.name:
            return segment == self.text
        return segment != "" and (self.kind is None or self.kind.accepts(segment))

    @property
    def rank(self) -> tuple[int, int, str]:
        """How particular the position is; less is better: literal, typed by kind, any text."""
        if not self.name:
            return 0, 0, ""
        return (1, self.kind.rank, self.kind.text) if self.kind else (2, 0, "")

    @property
    def written(self) -> str:
        """The position as a policy writes it."""
        if not self.name:
            return self.text
        return f"{{{self.name}:{self.kind.text}}}" if self.kind else f"{{{self.name}}}"

    def sample(self) -> str:
        """Return one path segment that fits here."""
        if not self.name:
            return self.text
        return self.kind.sample() if self.kind else "x"


@dataclass(frozen=True, slots=True)
class PathPattern:
    """A set of paths: `parts` position by position; with `tail` (`/**`) also everything below.

    A path is the tuple of its decoded segments; `/` is the empty one, and a path that ends in `/` has "" at its end.
    """

    text: str
    parts: tuple[Part, ...]
    tail: bool = False

    @classmethod
    def parse(cls, text: str) -> PathPattern:
        """Return the pattern that `text` says."""
        if not text.startswith("/"):
            raise _bad(text, "does not begin with `/`", f"write `/{text}`")
        if len(text) > MOST_CHARACTERS:
            raise _bad(text, f"has more than {MOST_CHARACTERS:,} characters", "write a shorter one")
        words = [] if text == "/" else _split(text)
        tail = bool(words) and words[-1] == "**"
        parts = tuple(_part(word, text) for word in (words[:-1] if tail else words))
        # A pattern that ends in `/` ends in an empty literal; an empty one elsewhere can never match.
        if any(not part.name and not part.text for part in parts[: None if tail else -1]):
            raise _bad(text, "holds `//`, which no path has", f"write `{re.sub('/+', '/', text)}`")
        if len(parts) > MOST_PARTS:
            raise _bad(text, f"has more than {MOST_PARTS} segments", "write a shorter one")
        names = [part.name for part in parts if part.name]
        for name in names:
            if names.count(name) > 1:
                raise _bad(text, f"has the parameter `{name}` twice", f"call one of them `{name}2`")
        return cls(text, parts, tail)

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters, from the left."""
        return tuple(part.name for part in self.parts if part.name)

    @property
    def shape(self) -> tuple[tuple[tuple[int, int, str, str], ...], bool]:
        """What it matches, names of parameters aside: equal shapes match equal paths."""
        return tuple((*part.rank, part.text) for part in self.parts), self.tail

    @property
    def rank(self) -> tuple[tuple[int, int, str], ...]:
        """How particular the pattern is, to compare with others that match the same path; less is better.

        Position by position from the left; where one ends exactly and another has `/**`, the exact one is better.
        """
        return (*(part.rank for part in self.parts), (3, 0, "") if self.tail else (-1, 0, ""))

    def without_slash(self) -> PathPattern:
        """Return the pattern without a `/` at its end, for policies to which both are the same."""
        if self.parts and not self.tail and self.parts[-1] == Part():
            return PathPattern(self.text, self.parts[:-1], tail=False)
        return self

    def folded(self) -> PathPattern:
        """Return the pattern with its ASCII capitals as small letters, for policies that do not tell them apart."""
        parts = (
            Part(fold_ascii(part.text), part.name, part.kind.folded() if part.kind else None) for part in self.parts
        )
        return PathPattern(self.text, tuple(parts), self.tail)

    def matches(self, path: tuple[str, ...]) -> bool:
        """Whether a path is meant."""
        if len(path) < len(self.parts) or (len(path) > len(self.parts) and not self.tail):
            return False
        return all(part.accepts(segment) for part, segment in zip(self.parts, path, strict=False))

    def params(self, path: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
        """Return the parameters with their values in a path that matches."""
        return tuple((part.name, value) for part, value in zip(self.parts, path, strict=False) if part.name)

    def misfits(self, path: tuple[str, ...]) -> tuple[tuple[str, str], ...] | None:
        """Return the typed parameters (as written, with the value) that alone keep a path from matching, else None."""
        if len(path) < len(self.parts) or (len(path) > len(self.parts) and not self.tail):
            return None
        wrong = []
        for part, value in zip(self.parts, path, strict=False):
            if not part.accepts(value):
                if part.kind is None or not value:
                    return None
                wrong.append((f"{{{part.name}:{part.kind.text}}}", value))
        return tuple(wrong) or None

    def sample(self) -> str:
        """Return one path that is meant."""
        words = [part.sample() for part in self.parts]
        return "/" + "/".join([*words, "x"] if self.tail else words)

    def __str__(self) -> str:
        """Return the pattern as it was written."""
        return self.text


def covers(outer: PathPattern, inner: PathPattern) -> bool:
    """Whether `outer` matches every path that `inner` does. May say no where kinds are not comparable."""
    if inner.tail and not (outer.tail and len(outer.parts) <= len(inner.parts)):
        return False
    if len(inner.parts) < len(outer.parts) or (len(inner.parts) > len(outer.parts) and not outer.tail):
        return False
    return all(_fits(out, into) for out, into in zip(outer.parts, inner.parts, strict=False))


def meets(one: PathPattern, other: PathPattern) -> bool:
    """Whether some path could match both. May say yes where kinds are not comparable, never a wrong no."""
    short, long = sorted((one, other), key=lambda pattern: len(pattern.parts))
    if len(long.parts) > len(short.parts) and not short.tail:
        return False
    return all(_could(left, right) for left, right in zip(one.parts, other.parts, strict=False))


def narrow(one: PathPattern, other: PathPattern) -> PathPattern | None:
    """Return a pattern with every path that both match, None where there is none; more where kinds do not compare."""
    if not meets(one, other):
        return None
    short, long = sorted((one, other), key=lambda pattern: len(pattern.parts))
    shared = [_both(left, right) for left, right in zip(one.parts, other.parts, strict=False)]
    parts = (*shared, *long.parts[len(short.parts) :])
    tail = one.tail and other.tail
    return PathPattern("/" + "/".join([part.written for part in parts] + ["**"] * tail), parts, tail)


def _both(left: Part, right: Part) -> Part:
    if not left.name or not right.name:
        return right if left.name else left
    if left.kind is None or right.kind is None:
        return right if left.kind is None else left
    return left if left.kind.within(right.kind) else right


def _could(left: Part, right: Part) -> bool:
    if not left.name:
        return right.accepts(left.text)
    if not right.name:
        return left.accepts(right.text)
    if left.kind is None or right.kind is None:
        return True
    return not left.kind.apart(right.kind)


def _fits(outer: Part, inner: Part) -> bool:
    if not inner.name:
        return outer.accepts(inner.text)
    if not outer.name:
        return False
    if outer.kind is None:
        return True
    return inner.kind is not None and inner.kind.within(outer.kind)


def fold_ascii(text: str) -> str:
    """Return `text` with A to Z as a to z, and nothing else changed."""
    return "".join(chr(ord(char) + 32) if "A" <= char <= "Z" else char for char in text)


def _split(text: str) -> list[str]:
    """Return the words between slashes; a slash inside braces (a regular expression) does not part."""
    words, depth, word = [], 0, ""
    for char in text[1:]:
        depth += (char == "{") - (char == "}")
        if char == "/" and depth <= 0:
            words.append(word)
            word, depth = "", 0
        else:
            word += char
    return [*words, word]


def _part(word: str, text: str) -> Part:
    match = _PARAM.fullmatch(word)
    if match:
        return Part(name=match[1], kind=_kind(match[2], text) if match[2] else None)
    if word == "**":
        raise _bad(text, "has `**` before its end", "move `**` to the end, or write `{name}` for one segment")
    if "*" in word or "{" in word or "}" in word:
        raise _bad(text, f"mixes text and pattern in `{word}`", "write `{name}` for a whole segment, `/**` at the end")
    if word.startswith(":"):
        raise _bad(text, f"has a parameter as `{word}`", f"write `{{{word[1:] or 'name'}}}`")
    if _RAW_FORBIDDEN.search(word):
        raise _bad(text, f"holds a character in `{word}` that no path has", "write the path alone, without a query")
    return Part(text=_decoded(word, text))


def _decoded(word: str, text: str) -> str:
    """Return a literal as paths are compared: decoded once."""
    if re.search(r"%(?![0-9A-Fa-f]{2})", word):
        raise _bad(text, f"holds a broken escape in `{word}`", "write `%25` for a percent sign")
    try:
        plain = unquote_to_bytes(word).decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad(text, f"holds an escape in `{word}` that is not UTF-8", "write the characters themselves") from error
    if plain in {".", ".."} or ("%" in word and re.search(r"[\x00-\x1f\x7f/\\%;#?]", plain)):
        raise _bad(text, f"holds `{word}`, which is refused in every path", "remove it")
    return plain


def _kind(written: str, text: str) -> Kind:
    try:
        return Kind.parse(written)
    except ScalarError as error:
        raise _bad(text, error.message, error.fix) from error


def _bad(text: str, what: str, fix: str) -> ScalarError:
    return ScalarError(f"path `{text}` {what}", id="RTE008", fix=fix, expected="`/lit`, `/{name}`, `/**`")
