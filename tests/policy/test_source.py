"""What is read for a policy: files inside its folder, once, and never too much."""

from __future__ import annotations

import pytest

from parclose.policy.nodes import Mark, Text
from parclose.policy.source import MOST_BYTES, MOST_FINDINGS, Source, TooMuchToSay


def text(value: str) -> Text:
    """Return text that stands somewhere."""
    made = Text(value)
    made.mark, made.plain = Mark("policy.yaml", 1, 1), True
    return made


def source(files: dict[str, bytes] | None = None) -> Source:
    """Return a source over some files."""
    held = files or {}

    def read(path: str) -> bytes:
        if path not in held:
            raise FileNotFoundError(2, "No such file or directory", path)
        return held[path]

    return Source(path="/p/policy.yaml", read=read)


@pytest.mark.parametrize(
    ("name", "absolute", "path"),
    [
        ("keys/a.json", False, "/p/keys/a.json"),
        ("./a", False, "/p/a"),
        ("a/../b", False, "/p/a/../b"),
        ("../b", False, None),
        ("a/../../b", False, None),
        ("/etc/x", False, None),
        ("/etc/x", True, "/etc/x"),
        ("../x", True, None),
        (".", False, None),
    ],
)
def test_names_stay_inside_the_folder(name: str, absolute: bool, path: str | None) -> None:
    """A name is relative and stays inside; only some fields of the root file may begin with `/`."""
    from_file = source()
    assert from_file.resolve(text(name), absolute=absolute) == path
    assert [finding.id for finding in from_file.findings] == ([] if path else ["REF005"])


def test_a_file_is_read_once() -> None:
    """What was read stays the same for the whole of one load."""
    calls: list[str] = []

    def read(path: str) -> bytes:
        calls.append(path)
        return b"x"

    from_file = Source(path="/p/policy.yaml", read=read)
    assert from_file.fetch(text("a")) == from_file.fetch(text("a")) == b"x"
    assert calls == ["/p/a"]
    assert from_file.files == ("/p/policy.yaml", "/p/a")


@pytest.mark.parametrize(("size", "ok"), [(MOST_BYTES - 1, True), (MOST_BYTES, True), (MOST_BYTES + 1, False)])
def test_what_is_read_is_bounded(size: int, ok: bool) -> None:
    """All files together hold no more than the limit."""
    from_file = source({"/p/a": bytes(size)})
    assert (from_file.fetch(text("a")) is not None) is ok


def test_findings_are_bounded() -> None:
    """After as many findings as anybody reads, the search ends."""
    from_file = source()
    for line in range(MOST_FINDINGS - 1):
        from_file.report("X", Mark("policy.yaml", line, 1), "again")
    with pytest.raises(TooMuchToSay):
        from_file.report("X", Mark("policy.yaml", MOST_FINDINGS, 1), "again")
    assert len(from_file.findings) == MOST_FINDINGS


def test_messages_are_one_line() -> None:
    """What an author wrote cannot break the lines of a report."""
    from_file = source()
    from_file.report("X", Mark("f", 1, 1), "a\nb\x1b[31m", fix="c\r\nd")
    assert (from_file.findings[0].message, from_file.findings[0].fix) == ("a b [31m", "c d")
