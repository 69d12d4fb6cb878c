"""Patterns of file names: `*`, `?` and `[...]` within one name, `**` for any folders; `.` first hides a name."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase


def is_glob(text: str) -> bool:
    """Whether a name is a pattern."""
    return re.search(r"[*?\[]", text) is not None


def fits(word: str, name: str) -> bool:
    """Whether one name, without `/`, is meant by one word of a pattern."""
    if not is_glob(word):
        return name == word
    return fnmatchcase(name, word) and (word.startswith(".") or not name.startswith("."))


def matches(pattern: str, path: str) -> bool:
    """Whether a path, with `/`, is meant by a pattern."""
    words, reached = pattern.split("/"), {0}
    if words[-1] == "**":  # every file below
        words.append("*")
    for name in path.split("/"):
        after: set[int] = set()
        for at in _over_folders(words, reached):
            if at < len(words) and words[at] == "**":
                after |= set() if name.startswith(".") else {at}
            elif at < len(words) and fits(words[at], name):
                after.add(at + 1)
        reached = after
    return len(words) in reached


def _over_folders(words: list[str], reached: set[int]) -> set[int]:
    """Return the places in a pattern that can be reached without a further name: `**` may stand for no folder."""
    found = set(reached)
    for at in range(len(words) - 1):
        if at in found and words[at] == "**":
            found.add(at + 1)
    return found
