"""Files and secrets: read whole, or said plainly why not; a value never shows."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from parclose.policy.globs import matches
from parclose.policy.segment import SecretRef
from parclose.stores.files import FileError, SecretError, list_files, read, secret


def test_a_file_is_read_whole(tmp_path: Path) -> None:
    """Bytes as they are, also through a symbolic link, also none."""
    (tmp_path / "a").write_bytes(b"\x00abc\n" * 100_000)
    (tmp_path / "link").symlink_to("a")
    (tmp_path / "empty").touch()
    assert read(str(tmp_path / "link")) == b"\x00abc\n" * 100_000
    assert read(str(tmp_path / "empty")) == b""


@pytest.mark.parametrize(("size", "passes"), [(9, True), (10, True), (11, False)], ids=["below", "at", "above"])
def test_the_size_is_bounded(tmp_path: Path, size: int, passes: bool) -> None:
    """A file may have `max_bytes`, and not one more."""
    (tmp_path / "a").write_bytes(bytes(size))
    if passes:
        assert len(read(str(tmp_path / "a"), max_bytes=10)) == size
    else:
        with pytest.raises(FileError, match="is larger than 10 bytes"):
            read(str(tmp_path / "a"), max_bytes=10)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing", "does not exist"),
        ("file/x", "a part of its path is a file"),
        ("folder", "is a folder"),
        ("pipe", "is not a regular file"),
        ("circle", "circle of symbolic links"),
        ("nul\0", "invalid argument"),
    ],
)
def test_what_cannot_be_read_is_said_plainly(tmp_path: Path, name: str, said: str) -> None:
    """Each names the file; none hangs, as a pipe would."""
    (tmp_path / "file").touch()
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "circle").symlink_to("circle")
    path = f"{tmp_path}/{name}"
    with pytest.raises(FileError) as caught:
        read(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(f"`{path}` ")
    assert caught.value.filename == path


def test_what_is_not_ours_to_read_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Told with the way out. The system is asked to refuse, since root may read everything."""

    def refuse(path: str, flags: int) -> int:
        raise PermissionError(errno.EACCES, "no", path)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(FileError, match="may not be read by this process; mend its permissions"):
        read("policy.yaml")


def env(name: str) -> SecretRef:
    """Return a reference to a variable."""
    return SecretRef(source="env", name=name, where="policy.yaml:9")


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"s3cret", "s3cret"),
        (b"s3cret\n", "s3cret"),
        (b"s3cret\r\n", "s3cret"),
        (b" s \n\n", " s \n"),
        ("é".encode(), "é"),
    ],
)
def test_one_line_end_does_not_belong_to_a_secret(tmp_path: Path, content: bytes, value: str) -> None:
    """From a file and from a variable alike; blanks do belong."""
    (tmp_path / "s").write_bytes(content)
    assert secret(SecretRef(source="file", name=str(tmp_path / "s"), where="")) == value
    assert secret(env("S"), environ={"S": content.decode()}) == value


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "is empty"), (b"\n", "is empty"), (b"hush\xff", "not UTF-8"), (b"x" * 70_000, "larger than")],
)
def test_an_unusable_secret_is_named_and_not_shown(tmp_path: Path, content: bytes, said: str) -> None:
    """The message names reference and place; neither it nor its cause holds the value."""
    (tmp_path / "s").write_bytes(content)
    with pytest.raises(SecretError, match=said) as caught:
        secret(SecretRef(source="file", name=str(tmp_path / "s"), where="policy.yaml:9"))
    assert str(tmp_path / "s") in str(caught.value)
    assert caught.value.where == "policy.yaml:9"
    assert "hush" not in repr((caught.value, caught.value.__cause__))


@pytest.mark.parametrize(
    ("environ", "said"), [({}, "`S` is not set"), ({"S": ""}, "`S` is empty"), ({"S": "\udcff"}, "not UTF-8")]
)
def test_a_missing_variable_is_an_error(environ: dict[str, str], said: str) -> None:
    """An empty one too: a pepper of nothing protects nothing."""
    with pytest.raises(SecretError, match=said):
        secret(env("S"), environ=environ)


def test_a_missing_secret_file_is_an_error(tmp_path: Path) -> None:
    """Named, with the reason."""
    with pytest.raises(SecretError, match="does not exist"):
        secret(SecretRef(source="file", name=str(tmp_path / "no"), where=""))


PATTERNS = ("*", "*.yaml", "teams/*.yaml", "*/a.yaml", "**/*.yaml", "teams/**", "**", "[st]*/?.yaml", "teams/a.yaml")


@pytest.mark.parametrize("pattern", PATTERNS)
def test_files_are_listed_as_patterns_mean_them(tmp_path: Path, pattern: str) -> None:
    """The file system gives exactly what `matches` says, folders and hidden files aside."""
    names = ["a.yaml", "b.txt", "teams/a.yaml", "teams/x/b.yaml", "some/c.yaml", ".hidden.yaml", ".git/a.yaml"]
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).write_text("")
    expected = sorted(name for name in names if matches(pattern, name))
    assert expected
    assert list_files(str(tmp_path), pattern) == expected


def test_linked_files_are_listed(tmp_path: Path) -> None:
    """Deployments link files and folders into place; `**` does not follow a folder that leads in circles."""
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.yaml").write_text("")
    (tmp_path / "a.yaml").symlink_to(tmp_path / "real/a.yaml")
    (tmp_path / "linked").symlink_to(tmp_path / "real")
    (tmp_path / "circle").symlink_to(tmp_path)
    (tmp_path / "dead.yaml").symlink_to(tmp_path / "gone")
    assert list_files(str(tmp_path), "*.yaml") == ["a.yaml"]
    assert list_files(str(tmp_path), "linked/*.yaml") == ["linked/a.yaml"]
    assert list_files(str(tmp_path), "*/a.yaml") == ["circle/a.yaml", "linked/a.yaml", "real/a.yaml"]
    assert list_files(str(tmp_path), "**/*.yaml") == ["a.yaml", "real/a.yaml"]


def test_a_folder_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    """Neither does one that is a file; one that may not be read is an error."""
    (tmp_path / "file").write_text("")
    assert list_files(str(tmp_path), "gone/*.yaml") == []
    assert list_files(str(tmp_path), "file/*.yaml") == []


def test_a_folder_that_may_not_be_read_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said plainly, and never taken for an empty one."""

    def refused(path: str) -> object:
        raise PermissionError(errno.EACCES, "Permission denied", path)

    monkeypatch.setattr(os, "scandir", refused)
    with pytest.raises(FileError, match="may not be read by this process"):
        list_files("/p", "*.yaml")
