"""What was read of files, and whether it is still so: by their looks at each glance, by their content now and then.

Editors rename a new file over the old one, deployments swap a symbolic link, some tools keep time and size: so a glance
compares the resolved path, device, inode, size, and both times, and content counts in the end.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from parclose.policy.source import ListFiles
from parclose.stores.files import list_files

type Looks = tuple[str, int, int, int, int, int] | None
MISSING = b""


def looks_of(path: str) -> Looks:
    """Return how a file looks: resolved path, device, inode, size, mtime and ctime; None when it is not there."""
    try:
        real = os.path.realpath(path)
        found = os.stat(real)
    except (OSError, ValueError):
        return None
    return real, found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


@dataclass(slots=True)
class Watched:
    """Reads files and remembers how they looked before, and what they held; `read` and `lists` raise OSError."""

    read: Callable[[str], bytes]
    lists: ListFiles = list_files
    looks: dict[str, Looks] = field(default_factory=dict)
    contents: dict[str, bytes] = field(default_factory=dict)
    listings: dict[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)

    def __call__(self, path: str) -> bytes:
        """Read a file; one that cannot be read is remembered too, since it may appear."""
        # INVARIANT: looked at before it is read, so that a change in between is seen at the next glance.
        self.looks[path] = looks_of(path)
        self.contents[path] = MISSING
        content = self.read(path)
        self.contents[path] = hashlib.sha256(content).digest()
        return content

    def list_files(self, folder: str, pattern: str) -> tuple[str, ...]:
        """List files, and remember which there were: others may appear."""
        self.listings[folder, pattern] = ()
        self.listings[folder, pattern] = found = tuple(self.lists(folder, pattern))
        return found

    def _lists_others(self) -> bool:
        return any(self._listed(*wanted) != known for wanted, known in self.listings.items())

    def _listed(self, folder: str, pattern: str) -> tuple[str, ...]:
        try:
            return tuple(self.lists(folder, pattern))
        except OSError:
            return ()

    def add(self, paths: Iterable[str]) -> None:
        """Watch files by their looks alone: databases, which are large and read elsewhere."""
        for path in paths:
            self.looks.setdefault(path, looks_of(path))

    def as_now(self) -> Watched:
        """Return the same files as they look now, to tell when one is touched again."""
        listings = {wanted: self._listed(*wanted) for wanted in self.listings}
        return Watched(self.read, self.lists, {path: looks_of(path) for path in self.looks}, listings=listings)

    def has_other_looks(self) -> bool:
        """Tell whether a file looks different from when it was read."""
        return self._lists_others() or any(looks_of(path) != looks for path, looks in self.looks.items())

    def has_other_content(self) -> bool:
        """Tell whether a file holds something else, or one that is watched by its looks alone looks different.

        What is the same after all is remembered with its new looks.
        """
        if self._lists_others():
            return True
        for path, looks in list(self.looks.items()):
            now = looks_of(path)
            known = self.contents.get(path)
            if known is None:
                if now != looks:
                    return True
                continue
            try:
                content = hashlib.sha256(self.read(path)).digest()
            except OSError:
                content = MISSING
            if content != known:
                return True
            self.looks[path] = now
        return False
