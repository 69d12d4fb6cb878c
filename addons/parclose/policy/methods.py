"""Sets of methods as a policy writes them: `GET|POST`, `read`, `write`, `any`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from parclose.policy.errors import ScalarError

STANDARD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
READ = frozenset({"GET", "HEAD"})
WRITE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
GROUPS = {"read": READ, "write": WRITE, "any": frozenset(STANDARD)}
_TOKEN = re.compile(r"[A-Z][A-Z0-9!#$%&'*+.^_`~-]{0,63}")  # RFC 9110 section 9.1: a token, upper case by custom

# How a method is covered; less is better. Only methods covered equally well can compete.
NAMED, IMPLIED, GROUPED, ANY = range(4)


@dataclass(frozen=True, slots=True)
class MethodSet:
    """Which methods are covered, and how well: `ranks` pairs each with named, implied (HEAD by GET), grouped, any.

    `any` covers the seven standard methods; extension methods must be spelled out.
    """

    text: str
    ranks: tuple[tuple[str, int], ...]

    @classmethod
    def parse(cls, text: str) -> MethodSet:
        """Return the set that `text` says, words joined by `|`."""
        ranks: dict[str, int] = {}
        for word in text.split("|"):
            for method, rank in _covered(word, text):
                ranks[method] = min(rank, ranks.get(method, ANY))
        return cls(text, tuple(sorted(ranks.items())))

    @property
    def methods(self) -> frozenset[str]:
        """Every method that is covered."""
        return frozenset(method for method, _ in self.ranks)

    @property
    def is_any(self) -> bool:
        """Whether it says `any`."""
        return "any" in self.text.split("|")

    def __contains__(self, method: object) -> bool:
        """Whether `method` is covered."""
        return any(method == covered for covered, _ in self.ranks)

    def rank(self, method: str) -> int | None:
        """Return how well `method` is covered, or None when it is not."""
        for covered, rank in self.ranks:
            if covered == method:
                return rank
        return None


def _covered(word: str, text: str) -> list[tuple[str, int]]:
    if word in GROUPS:
        return [(method, ANY if word == "any" else GROUPED) for method in GROUPS[word]]
    if not _TOKEN.fullmatch(word):
        if word.lower() in GROUPS:
            fix = f"write `{word.lower()}`"
        elif _TOKEN.fullmatch(word.upper()):
            fix = f"methods are upper case: `{word.upper()}`"
        elif re.fullmatch(r"[A-Za-z]+([, ]+[A-Za-z]+)+", text):
            fix = f"join methods with `|`: `{'|'.join(re.split(r'[, ]+', text))}`"
        else:
            fix = "write methods joined by `|`, or `read`, `write`, `any`"
        raise ScalarError(f"`{word}` is no method", fix=fix, expected="GET|POST, read, write or any")
    return [(word, NAMED), ("HEAD", IMPLIED)] if word == "GET" else [(word, NAMED)]
