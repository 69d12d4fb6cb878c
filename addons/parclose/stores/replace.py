"""A file is replaced whole or not at all, and keeps its mode: who reads it meanwhile sees the old or the new one."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def replace_file(path: str, content: bytes) -> None:
    """Write `content` in the place of an existing file; a symbolic link is followed, and stays one.

    Raises:
        OSError: it cannot be written; the old file is as it was.
    """
    target = Path(path).resolve()
    mode = target.stat().st_mode
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode & 0o7777)
            os.fsync(file.fileno())
        Path(name).replace(target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
