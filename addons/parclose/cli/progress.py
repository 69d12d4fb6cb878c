"""What a long run is doing, said on a terminal's standard error and nowhere else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePath

from rich.console import Console


@contextmanager
def told(read: Callable[[str], bytes], console: Console | None = None) -> Iterator[Callable[[str], bytes]]:
    """Yield `read`, that on a terminal also says which file is read, and then that all are being looked at.

    The line is gone when the run is over.
    """
    console = console or Console(stderr=True)
    if not console.is_terminal:
        yield read
        return
    with console.status("reading") as status:
        count = 0

        def telling(path: str) -> bytes:
            nonlocal count
            count += 1
            status.update(f"{count} file{'' if count == 1 else 's'} read, last {PurePath(path).name}; looking")
            return read(path)

        yield telling
