"""The last revisions of a policy, kept beside it: exactly the files of its folder that were read, never a secret.

Each is one archive in `.parclose/history/`, readable by its owner alone, written whole or not at all.
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path, PurePosixPath
from typing import Final

FOLDER: Final = Path(".parclose", "history")
MOST: Final = 20
SUFFIX: Final = ".tar.gz"
ASIDE: Final = "aside-"  # what a rollback replaced although it had never been in force
ABOUT: Final = ".revision.json"
MOST_BYTES: Final = 64 << 20  # of one archive, unpacked: twice what a policy may hold
PRIVATE: Final = 0o600
PRIVATE_FOLDER: Final = 0o700


class HistoryError(Exception):
    """A history cannot be read or written; says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One revision: when it was taken up (epoch seconds), its segments, and digests of its files by name.

    `main` is the policy file's own name; names are from its folder.
    """

    revision: str
    at: float
    main: str
    segments: tuple[str, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    path: Path = field(default_factory=Path, compare=False)


def inside(policy_path: str, files: tuple[str, ...]) -> dict[str, str]:
    """Return the path of each file that lies in the policy's folder, by its name there."""
    folder = PurePosixPath(policy_path).parent
    found = {}
    for path in files:
        here = PurePosixPath(path)
        if here.is_relative_to(folder) and ".." not in here.relative_to(folder).parts:
            found[here.relative_to(folder).as_posix()] = path
    return found


def digest_of(content: bytes) -> str:
    """Return what tells one content of a file from another."""
    return sha256(content).hexdigest()


@dataclass(frozen=True, slots=True)
class History:
    """The revisions of the policy whose file is at `policy_path`."""

    policy_path: str

    @property
    def folder(self) -> Path:
        """Where they lie."""
        return Path(self.policy_path).parent / FOLDER

    def kept(self) -> tuple[Kept, ...]:
        """Return all revisions, the oldest first; what cannot be read is left out.

        Raises:
            HistoryError: the folder cannot be listed.
        """
        return tuple(kept for path in self._archives() if (kept := _about(path)) is not None)

    def keep(self, revision: str, at: float, segments: tuple[str, ...], contents: Mapping[str, bytes]) -> None:
        """Keep a revision, unless it is the newest already, and forget those that are too many.

        Raises:
            HistoryError: it cannot be written.
        """
        archives = self._archives()
        newest = _about(archives[-1]) if archives else None
        if newest is not None and newest.revision == revision:
            return
        self._write(f"{_stamp(at)}-{revision}{SUFFIX}", revision, at, segments, contents)
        for path in self._archives()[:-MOST]:
            path.unlink(missing_ok=True)

    def set_aside(self, at: float, contents: Mapping[str, bytes]) -> Path:
        """Keep files that are about to be replaced and are no revision; return where.

        Raises:
            HistoryError: they cannot be written.
        """
        path = self._write(f"{ASIDE}{_stamp(at)}{SUFFIX}", "", at, (), contents)
        for old in sorted(self.folder.glob(f"{ASIDE}*{SUFFIX}"))[:-MOST]:
            old.unlink(missing_ok=True)
        return path

    def _archives(self) -> list[Path]:
        try:
            return sorted(path for path in self.folder.glob(f"*{SUFFIX}") if path.name[:1].isdigit())
        except OSError as wrong:
            raise HistoryError(f"`{self.folder}`: {(wrong.strerror or str(wrong)).lower()}") from wrong

    def _write(
        self, name: str, revision: str, at: float, segments: tuple[str, ...], contents: Mapping[str, bytes]
    ) -> Path:
        about = {
            "revision": revision,
            "at": at,
            "main": Path(self.policy_path).name,
            "segments": list(segments),
            "files": {file: digest_of(content) for file, content in contents.items()},
        }
        packed = _packed({ABOUT: json.dumps(about).encode(), **contents}, at)
        path = self.folder / name
        try:
            self.folder.parent.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            self.folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
            ignored = self.folder / ".gitignore"
            if not ignored.exists():  # nobody wants to see it among the changes of a policy
                ignored.write_text("*\n")
            write_whole(path, packed, PRIVATE)
        except OSError as wrong:
            raise HistoryError(f"`{self.folder}`: {(wrong.strerror or str(wrong)).lower()}") from wrong
        return path


def contents_of(kept: Kept) -> dict[str, bytes]:
    """Return the files of a revision by name.

    Raises:
        HistoryError: its archive is damaged.
    """
    found = {name: content for name, content in _members(kept.path) if name in kept.files}
    damaged = [name for name, digest in kept.files.items() if digest_of(found.get(name, b"")) != digest]
    if damaged or kept.main not in found:
        raise HistoryError(f"`{kept.path}` is damaged: {', '.join(damaged) or kept.main}")
    return found


def write_whole(path: Path, content: bytes, mode: int) -> None:
    """Write a file so that whoever reads it sees the old content or the new one, whatever happens meanwhile."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, PRIVATE)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def _packed(contents: Mapping[str, bytes], at: float) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz", compresslevel=6) as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size, member.mtime, member.mode = len(content), int(at), PRIVATE
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def _members(path: Path) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of an archive; nothing is unpacked to disk.

    Raises:
        HistoryError: it is no such archive.
    """
    room = MOST_BYTES
    try:
        with tarfile.open(path, mode="r:gz") as archive:
            for member in archive:
                file = archive.extractfile(member) if member.isreg() else None
                room -= member.size
                if file is None or room < 0:
                    raise HistoryError(f"`{path}` is damaged")
                yield member.name, file.read()
    except (tarfile.TarError, OSError, EOFError, ValueError) as wrong:
        raise HistoryError(f"`{path}` is damaged: {wrong}") from wrong


def _about(path: Path) -> Kept | None:
    """Return what an archive says of itself, None where it says nothing that can be used."""
    try:
        name, content = next(_members(path))
        told = json.loads(content)
        if name != ABOUT or any(unsafe(file) for file in (*told["files"], told["main"])):
            return None
        return Kept(
            revision=str(told["revision"]),
            at=float(told["at"]),
            main=str(told["main"]),
            segments=tuple(map(str, told["segments"])),
            files={str(file): str(digest) for file, digest in told["files"].items()},
            path=path,
        )
    except (HistoryError, StopIteration, ValueError, LookupError, TypeError, AttributeError):
        return None


def unsafe(name: str) -> bool:
    """Whether a name would lead out of the folder it is meant for."""
    parts = PurePosixPath(name)
    return parts.is_absolute() or ".." in parts.parts or not parts.parts or "\0" in name


def _stamp(at: float) -> str:
    """Return an instant as the names of archives begin, so that they sort by time."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y%m%dT%H%M%S.%fZ")
