"""What is read for a policy: files inside its folder, once, and never too much."""

from __future__ import annotations

import pytest

from parclose.policy.nodes import Entries, Mark, Text
from parclose.policy.source import CLEAR_TEXT, MOST_BYTES, MOST_FINDINGS, MOST_SAID, Source, TooMuchToSay


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
        ("//etc/x", False, None),
        ("///etc/x", False, None),
        ("/etc/x", True, "/etc/x"),
        ("/etc/x\0y", True, None),
        ("x\0y", False, None),
        ("x\0y", True, None),
        ("", False, None),
        ("..", False, None),
        ("...", False, None),
        ("a/..", False, "/p/a/.."),
        ("..a", False, "/p/..a"),
        ("a//b", False, "/p/a/b"),
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


@pytest.mark.parametrize("length", [MOST_SAID - 1, MOST_SAID, MOST_SAID + 1, 100 * MOST_SAID])
def test_sentences_are_bounded(length: int) -> None:
    """A sentence that quotes a whole file does not repeat it."""
    from_file = source()
    said = "x" * length
    from_file.report("X", Mark("f", 1, 1), said, fix=said, found=said, expected=said)
    (finding,) = from_file.findings
    assert finding.message == finding.fix == (said if length <= MOST_SAID else "x" * (MOST_SAID - 3) + "...")
    assert len(finding.found) == len(finding.expected) == min(length, MOST_SAID)


@pytest.mark.parametrize(("id_", "shown"), [(CLEAR_TEXT, False), ("TYP002", True)])
def test_a_secret_in_clear_text_is_not_repeated(id_: str, shown: bool) -> None:
    """Neither the value nor its line reaches a terminal, a log or a report; its place does."""
    from_file = source({"/p/policy.yaml": b"a: 1\nkey: hunter2\n"})
    from_file.open()
    from_file.report(id_, Mark("policy.yaml", 2, 6), "a secret", found="hunter2", width=7)
    (finding,) = from_file.error().findings
    assert (finding.line, finding.column, finding.key, finding.width) == (2, 6, "key", 7)
    assert ("hunter2" in finding.render(), "hunter2" in str(finding.to_json())) == (shown, shown)


@pytest.mark.parametrize(
    ("content", "place"),
    [
        (b"", (1, 1, "the file is empty")),
        (b"\n\n", (1, 1, "the file is empty")),
        (b"\xef\xbb\xbf", (1, 1, "the file is empty")),
        (b"# \n", (1, 1, "the file is empty")),
        (b"~", (1, 1, "the file is empty")),
        (b"\xff", (1, 1, "the file is not UTF-8")),
        (b"a: 1\nb: \xe9\n", (2, 4, "the file is not UTF-8")),
        (b"\xff\xfea\0", (1, 1, "the file is not UTF-8")),
        (b"a: 1\nb: x\0\n", (2, 5, "character U+0000 cannot stand in a policy")),
        (b"a: 1\r\nb: x\0", (2, 5, "character U+0000 cannot stand in a policy")),
        (b"a: \x1b", (1, 4, "character U+001B cannot stand in a policy")),
        ("a: \x85b".encode(), (1, 4, "character U+0085 cannot stand in a policy")),
        ("a: \u2028b".encode(), (1, 4, "character U+2028 cannot stand in a policy")),
        ("# \u2029".encode(), (1, 3, "character U+2029 cannot stand in a policy")),
    ],
)
def test_what_is_no_text(content: bytes, place: tuple[int, int, str]) -> None:
    """Empty, binary and foreign bytes have a place, in lines as an editor counts them."""
    from_file = source({"/p/policy.yaml": content})
    assert from_file.open() is None
    assert [(each.line, each.column, each.message) for each in from_file.findings] == [place]


def test_a_byte_order_mark_is_passed_over() -> None:
    """What some editors put first is no part of the text, and moves no place."""
    from_file = source({"/p/policy.yaml": b"\xef\xbb\xbfa: 1\n"})
    root = from_file.open()
    assert root == {"a": "1"}
    assert isinstance(root, Entries)
    assert root.key_mark("a") == Mark("policy.yaml", 1, 1)


def test_the_revision_is_over_names_and_contents() -> None:
    """The same bytes under another name are another policy; nothing read yet has a revision too."""
    made = []
    for name, content in (("a", b"x"), ("b", b"x"), ("a", b"y"), ("a", b"x")):
        from_file = source({f"/p/{name}": content})
        from_file.fetch(text(name))
        made.append(from_file.revision)
    assert made[0] == made[3]
    assert len(set(made)) == 3
    assert all(len(each) == 12 for each in made)


def test_a_file_that_cannot_be_read_says_why() -> None:
    """What the operating system answers is said, at the word that names the file; other errors are not ours."""

    def read(path: str) -> bytes:
        if path.endswith("dir"):
            raise IsADirectoryError(21, "Is a directory", path)
        raise OSError

    from_file = Source(path="/p/policy.yaml", read=read)
    assert (from_file.fetch(text("dir")), from_file.fetch(text("odd"))) == (None, None)
    assert [each.message for each in from_file.findings] == ["file `dir`: is a directory", "file `odd`: cannot be read"]
    assert {each.id for each in from_file.findings} == {"REF005"}


def test_messages_are_one_line() -> None:
    """What an author wrote cannot break the lines of a report."""
    from_file = source()
    from_file.report("X", Mark("f", 1, 1), "a\nb\x1b[31m", fix="c\r\nd")
    assert (from_file.findings[0].message, from_file.findings[0].fix) == ("a b [31m", "c d")
