"""Trees of files that were read before: an edit of one file of a hundred reads one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from hashlib import sha256

from parclose.policy.nodes import Node

# A tree takes some thirty times the room of its file. This much is the largest policy that is ever loaded.
MOST_BYTES = 32 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """One file as it was read last."""

    digest: bytes
    size: int
    tree: Node


@dataclass(slots=True)
class TreeCache:
    """Trees by the name and the content of their file, one for each name; the one used longest ago goes first.

    Trees are shared by all who ask and never changed. Holds nothing but plain values: it can be pickled.
    Not for two threads at once.
    """

    most_bytes: int = MOST_BYTES
    hits: int = 0
    _kept: dict[str, _Kept] = field(default_factory=dict)

    def find(self, file: str, content: bytes) -> Node:
        """Return the tree of a file that had exactly this content, else None."""
        kept = self._kept.get(file)
        if kept is None or kept.digest != sha256(content).digest():
            return None
        self.hits += 1
        self._kept[file] = self._kept.pop(file)
        return kept.tree

    def keep(self, file: str, content: bytes, tree: Node) -> None:
        """Remember a tree in which nothing was found wrong."""
        self._kept.pop(file, None)
        self._kept[file] = _Kept(digest=sha256(content).digest(), size=len(content), tree=tree)
        while len(self._kept) > 1 and sum(kept.size for kept in self._kept.values()) > self.most_bytes:
            del self._kept[next(iter(self._kept))]

    def keep_only(self, files: Iterable[str]) -> None:
        """Forget every file but these: those of the policy that was loaded last."""
        self._kept = {file: self._kept[file] for file in dict.fromkeys(files) if file in self._kept}

    def __len__(self) -> int:
        """Return how many trees are kept."""
        return len(self._kept)
