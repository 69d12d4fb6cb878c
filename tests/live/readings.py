"""How servers read a path: every combination of what published path confusion has found some of them to do.

Written apart from the guard, and much more lax than any one server, so that it can find what the guard forgot.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from functools import reduce
from itertools import product
from urllib.parse import unquote_to_bytes

type Step = Callable[[str], str]

SLASHES = str.maketrans(dict.fromkeys("\u2044\u2215\uff0f\\\u2216\uff3c\ufe68\u00a5\u20a9", "/"))
TURKISH = str.maketrans({"\u0130": "i", "\u0131": "i"})


def decode(path: str) -> str:
    """Decode until nothing changes; what is no UTF-8 is read as Latin-1."""
    while "%" in path:
        raw = unquote_to_bytes(path.encode("utf-8", "surrogateescape"))
        decoded = raw.decode("utf-8", "surrogateescape")
        if decoded == path:
            break
        path = decoded
    return path


def each(change: Step) -> Step:
    """Return a step that changes each segment."""
    return lambda path: "/".join(change(segment) for segment in path.split("/"))


def unseen(path: str) -> str:
    """Drop the letters that nobody sees."""
    return "".join(mark for mark in path if unicodedata.category(mark) != "Cf" and not "\ufe00" <= mark <= "\ufe0f")


LAX: tuple[Step, ...] = (
    lambda path: re.split("[#\0\r\n]", path)[0],
    each(lambda segment: segment.partition(";")[0]),
    lambda path: path.translate(SLASHES),
    unseen,
    lambda path: unicodedata.normalize("NFKC", path),
    lambda path: path.translate(TURKISH).casefold(),
    each(lambda segment: re.sub(r":[^:]*:\$\w+$", "", segment)),
    each(str.strip),
    each(lambda segment: segment if segment in (".", "..") else segment.rstrip(". ")),
)
"""What a server may do or leave, in this order; `resolve` comes last."""


def resolve(path: str) -> tuple[str, ...]:
    """Resolve dot segments and drop empty ones."""
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment not in ("", "."):
            kept.append(segment)
    return tuple(kept)


def readings(target: str) -> set[tuple[str, ...]]:
    """Return what some server may take a target for, its query removed."""
    path = decode(target.partition("?")[0].encode("latin-1").decode("utf-8", "surrogateescape"))
    return {resolve(reduce(lambda read, step: step(read), steps, path)) for steps in _choices(LAX)}


def _choices(steps: tuple[Step, ...]) -> Iterable[list[Step]]:
    """Yield every choice among some steps, their order kept."""
    for taken in product((True, False), repeat=len(steps)):
        yield [step for step, is_taken in zip(steps, taken, strict=True) if is_taken]
