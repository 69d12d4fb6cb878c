"""The append-only file: whole lines or an error, whatever happens to disk, file and folder."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import timeit
from pathlib import Path

import pytest

from parclose.audit import ocsf
from parclose.audit.sinks.jsonl import FOLLOW_S, JsonlFile, SinkError
from parclose.testing import Ticker
from tests.audit.walks import allowed, full_walk


def test_lines_are_there_at_once_and_private(tmp_path: Path) -> None:
    """Without a flush, in a folder that was made for it, for nobody else to read."""
    path = tmp_path / "deep" / "audit" / "decisions.jsonl"
    with JsonlFile(str(path)) as file:
        file.write(b"1\n")
        assert path.read_bytes() == b"1\n"
        file.write(b"2\n")
        assert path.read_bytes() == b"1\n2\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_what_was_there_is_appended_to(tmp_path: Path) -> None:
    """A start never empties a ledger."""
    path = tmp_path / "a"
    path.write_bytes(b"old\n")
    with JsonlFile(str(path)) as file:
        file.write(b"new\n")
    assert path.read_bytes() == b"old\nnew\n"


def test_a_line_that_was_cut_when_the_process_died_spoils_no_other(tmp_path: Path) -> None:
    """It is ended first; the next line stands alone."""
    path = tmp_path / "a"
    path.write_bytes(b'whole\n{"cut')
    with JsonlFile(str(path)) as file:
        file.write(b"next\n")
        file.write(b"more\n")
    assert path.read_bytes() == b'whole\n{"cut\nnext\nmore\n'


def test_a_full_disk_is_an_error_and_not_an_accident() -> None:
    """Told as what it is, each time."""
    with JsonlFile("/dev/full") as file:
        for _ in range(2):
            with pytest.raises(SinkError, match="audit file `/dev/full`: no space left on device"):
                file.write(b"x\n")


def test_a_line_that_was_written_in_part_is_an_error_and_healed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk takes half a line: told; when it has room again the half stands alone."""
    path, write = tmp_path / "a", os.write
    with JsonlFile(str(path)) as file:
        monkeypatch.setattr(os, "write", lambda handle, line: write(handle, line[:3]))
        with pytest.raises(SinkError, match="only 3 of 7 bytes"):
            file.write(b"first!\n")
        monkeypatch.setattr(os, "write", write)
        file.write(b"second\n")
    assert path.read_bytes() == b"fir\nsecond\n"


@pytest.mark.parametrize("change", ["moved", "deleted", "folder deleted"])
def test_a_file_that_went_is_opened_again(tmp_path: Path, change: str) -> None:
    """Within a second of its going lines are where they are looked for; those before are where the file went."""
    ticker, path = Ticker(), tmp_path / "audit" / "a"
    with JsonlFile(str(path), timer=ticker) as file:
        file.write(b"1\n")
        if change == "moved":
            path.rename(tmp_path / "moved")
        else:
            path.unlink()
            if change == "folder deleted":
                path.parent.rmdir()
        ticker.tick(FOLLOW_S)
        file.write(b"2\n")
    assert path.read_bytes() == b"2\n"
    if change == "moved":
        assert (tmp_path / "moved").read_bytes() == b"1\n"


@pytest.mark.parametrize(
    ("lines", "files"),
    [(4, ["a"]), (5, ["a"]), (6, ["a", "a.1"]), (11, ["a", "a.1", "a.2"])],
    ids=["below", "at", "above", "twice"],
)
def test_a_file_that_is_full_is_moved_aside(tmp_path: Path, lines: int, files: list[str]) -> None:
    """At ten bytes there is room for five lines of two; the next goes to a new file, and no line is lost."""
    path = tmp_path / "a"
    with JsonlFile(str(path), rotate_bytes=10) as file:
        for number in range(lines):
            file.write(f"{number % 10}\n".encode())
    assert sorted(os.listdir(tmp_path)) == files
    assert sum(len((tmp_path / name).read_bytes().splitlines()) for name in files) == lines


def test_numbers_of_moved_files_go_on(tmp_path: Path) -> None:
    """Nothing that was moved aside is ever overwritten, and a foreign name is no number."""
    (tmp_path / "a.41").write_bytes(b"old\n")
    (tmp_path / "a.gz").touch()
    with JsonlFile(str(tmp_path / "a"), rotate_bytes=1) as file:
        file.write(b"1\n")
        file.write(b"2\n")
    assert (tmp_path / "a.41").read_bytes() == b"old\n"
    assert (tmp_path / "a.42").read_bytes() == b"1\n"


def test_a_line_larger_than_the_file_may_be_is_kept(tmp_path: Path) -> None:
    """Alone in its file, rather than not at all."""
    with JsonlFile(str(tmp_path / "a"), rotate_bytes=4) as file:
        file.write(b"much too long\n")
        file.write(b"also too long\n")
    assert (tmp_path / "a.1").read_bytes() == b"much too long\n"


def test_two_writers_lose_nothing_when_the_file_is_moved(tmp_path: Path) -> None:
    """Each follows the other to the new file: every line is somewhere, once."""
    path = tmp_path / "a"
    one, two = (JsonlFile(str(path), rotate_bytes=40, timer=Ticker()) for _ in range(2))
    for number in range(100):
        (one if number % 3 else two).write(f"{number:03}\n".encode())
    one.close()
    two.close()
    found = sorted(line for name in os.listdir(tmp_path) for line in (tmp_path / name).read_text().splitlines())
    assert found == [f"{number:03}" for number in range(100)]


def test_durability_disk_asks_the_disk_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`process` does not; a disk that fails is an error."""
    asked: list[int] = []
    monkeypatch.setattr(os, "fdatasync", asked.append)
    with JsonlFile(str(tmp_path / "p")) as file:
        file.write(b"1\n")
    assert asked == []
    with JsonlFile(str(tmp_path / "d"), durability="disk") as file:
        file.write(b"1\n")
        file.write(b"2\n")
        assert len(asked) == 2

        def fail(handle: int) -> None:
            raise OSError(5, "Input/output error")

        monkeypatch.setattr(os, "fdatasync", fail)
        with pytest.raises(SinkError, match="input/output error"):
            file.write(b"3\n")


def test_closing_twice_does_nothing_and_writing_opens_again(tmp_path: Path) -> None:
    """A record that comes after the end of everything is still kept."""
    file = JsonlFile(str(tmp_path / "a"))
    file.close()
    file.close()
    file.flush()
    file.write(b"late\n")
    file.close()
    assert (tmp_path / "a").read_bytes() == b"late\n"


@pytest.mark.parametrize("path", ["/proc/nope/a", "folder"], ids=["no folder", "a folder"])
def test_what_cannot_be_opened_is_said(tmp_path: Path, path: str) -> None:
    """At start, by name."""
    (tmp_path / "folder").mkdir()
    with pytest.raises(SinkError, match="audit file `"):
        JsonlFile(str(tmp_path / path) if path == "folder" else path)


def test_kill_9_loses_no_line_that_was_written(tmp_path: Path) -> None:
    """A process writes, says so, and is killed at once: what it said it wrote is there."""
    script = (
        "import os, signal, sys\n"
        "from parclose.audit.sinks.jsonl import JsonlFile\n"
        "file = JsonlFile(sys.argv[1])\n"
        "for number in range(500):\n"
        "    file.write(b'%d\\n' % number)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[3] / "addons"
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "a")], env=os.environ | {"PYTHONPATH": str(root)}, check=False
    )
    assert done.returncode == -9
    assert len((tmp_path / "a").read_bytes().splitlines()) == 500


@pytest.mark.bench
def test_a_decision_is_kept_within_its_budget(tmp_path: Path) -> None:
    """Made, written as text, handed to the kernel: 15 us by the design, twice that for a busy machine."""
    walk = full_walk()
    verdict = allowed(walk)
    with JsonlFile(str(tmp_path / "a")) as file:
        best = min(timeit.repeat(lambda: file.write(ocsf.decision(walk, verdict)), number=1000, repeat=7)) / 1000
    print(f"audit: {best * 1e6:.1f} us a decision")
    assert best < 30e-6
