"""Progress is for people at a terminal: if these fail, a pipe is full of escapes, or a long run looks stuck."""

from __future__ import annotations

from io import StringIO

from rich.console import Console

from parclose.cli.progress import told


def test_a_terminal_is_told_what_is_read() -> None:
    """The count and the last file are said, and what is read is what was there."""
    console = Console(file=StringIO(), force_terminal=True)
    with told(lambda path: path.encode(), console) as read:
        assert read("a/web.yaml") == b"a/web.yaml"
        assert read("a/tools.yaml") == b"a/tools.yaml"
    assert isinstance(console.file, StringIO)
    assert "2 files read, last tools.yaml" in console.file.getvalue()


def test_a_pipe_is_told_nothing() -> None:
    """Not one byte, and `read` is left as it is."""
    console = Console(file=StringIO(), force_terminal=False)

    def read(path: str) -> bytes:
        return b""

    with told(read, console) as reading:
        assert reading is read
    assert isinstance(console.file, StringIO)
    assert console.file.getvalue() == ""
