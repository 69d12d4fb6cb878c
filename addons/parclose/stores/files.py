"""Files and secrets: what the policy names, read whole, with a bound, or said plainly why not."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from parclose.policy.globs import fits, is_glob
from parclose.policy.segment import SecretRef

# A policy of 52,000 lines has 3 MB, a zone file of 100,000 prefixes 2 MB; more is a mistake, and would be parsed.
MAX_FILE_BYTES: Final = 32 * 1024 * 1024
# A pepper or a token; a larger file is not the one that was meant.
MAX_SECRET_BYTES: Final = 64 * 1024


class FileError(OSError):
    """A file cannot be read: missing, a folder, not a regular file, not ours to read, or too big.

    `filename` and `strerror` are those of any `OSError`; the message is for people.
    """

    def __str__(self) -> str:
        """Return the sentence: which file, and what is wrong."""
        return f"`{self.filename}` {self.strerror}"


class SecretError(ValueError):
    """A secret is missing or empty: names the reference and `where` it is asked for, never the value."""

    def __init__(self, ref: SecretRef, problem: str) -> None:
        kind = "environment variable" if ref.source == "env" else "secret file"
        super().__init__(f"{kind} `{ref.name}` {problem}")
        self.ref = ref
        self.where = ref.where


_SAYINGS: Mapping[int, str] = {
    errno.ENOENT: "does not exist",
    errno.ENOTDIR: "does not exist: a part of its path is a file",
    errno.EACCES: "may not be read by this process; mend its permissions",
    errno.EPERM: "may not be read by this process; mend its permissions",
    errno.ELOOP: "is a circle of symbolic links",
    errno.EISDIR: "is a folder; name a file",
    errno.ENXIO: "is not a regular file",
}


def read(path: str, *, max_bytes: int = MAX_FILE_BYTES) -> bytes:
    """Return the content of a regular file of at most `max_bytes`.

    Raises:
        FileError: it cannot be read.
    """
    try:
        # Without O_NONBLOCK a pipe in the place of a file would hold us for ever.
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError) as wrong:  # ValueError: a NUL in the path
        number = getattr(wrong, "errno", None) or errno.EINVAL
        raise FileError(number, _SAYINGS.get(number, os.strerror(number).lower()), path) from wrong
    try:
        mode = os.fstat(handle).st_mode
        if not stat.S_ISREG(mode):
            number = errno.EISDIR if stat.S_ISDIR(mode) else errno.ENXIO
            raise FileError(number, _SAYINGS[number], path)
        content = _read_all(handle, max_bytes + 1)
    except FileError:
        raise
    except OSError as wrong:
        number = wrong.errno or errno.EIO
        raise FileError(number, _SAYINGS.get(number, os.strerror(number).lower()), path) from wrong
    finally:
        os.close(handle)
    if len(content) > max_bytes:
        raise FileError(errno.EFBIG, f"is larger than {max_bytes} bytes", path)
    return content


def list_files(folder: str, pattern: str) -> list[str]:
    """Return the names, from `folder` and with `/`, of the regular files that a pattern means; sorted, each once.

    `**` does not follow links to folders, which may lead in circles. A folder that is not there holds nothing.

    Raises:
        FileError: a folder cannot be listed.
    """
    return sorted(set(_listed(folder, pattern.split("/"), "")))


def _listed(folder: str, words: list[str], before: str) -> Iterator[str]:
    word, rest = words[0], words[1:]
    if word != "**" and not is_glob(word):
        path = os.path.join(folder, word)
        if rest:
            yield from _listed(path, rest, f"{before}{word}/")
        elif os.path.isfile(path):
            yield before + word
        return
    if word == "**" and rest:
        yield from _listed(folder, rest, before)
    for entry in _entries(folder):
        wanted = fits("*" if word == "**" else word, entry.name)
        if wanted and word == "**" and entry.is_dir(follow_symlinks=False):
            yield from _listed(entry.path, words, f"{before}{entry.name}/")
        elif wanted and rest and word != "**" and entry.is_dir():
            yield from _listed(entry.path, rest, f"{before}{entry.name}/")
        elif wanted and not rest and entry.is_file():
            yield before + entry.name


def _entries(folder: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as wrong:
        number = wrong.errno or errno.EIO
        raise FileError(number, _SAYINGS.get(number, os.strerror(number).lower()), folder) from wrong


def secret(
    ref: SecretRef, *, environ: Mapping[str, str] = os.environ, read_file: Callable[[str], bytes] | None = None
) -> str:
    """Return the secret that `ref` names; one line end at its end does not belong to it.

    Raises:
        SecretError: it is missing, empty, unreadable or no text.
    """
    if ref.source == "env":
        content = environ.get(ref.name)
        if content is None:
            raise SecretError(ref, "is not set; set it, or name another")
        raw = content.encode("utf-8", "surrogateescape")
    else:
        try:
            raw = read_file(ref.name) if read_file else read(ref.name, max_bytes=MAX_SECRET_BYTES)
        except FileError as wrong:
            raise SecretError(ref, str(wrong.strerror)) from wrong
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        # Not `from` it: that error carries the bytes.
        raise SecretError(ref, "is not UTF-8 text") from None
    text = text.removesuffix("\n").removesuffix("\r")
    if not text:
        raise SecretError(ref, "is empty; put the secret in")
    return text


def _read_all(handle: int, limit: int) -> bytes:
    """Read until the end, or until `limit` bytes are there."""
    parts: list[bytes] = []
    left = limit
    while left > 0 and (part := os.read(handle, left)):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
