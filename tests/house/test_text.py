"""What is committed holds no secret, no trace of one machine, and no more words than it needs.

If these fail, a key has been published, or a file works only where it was written.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from tests.house.tree import ROOT, label

MAX_README_LINES = 300
# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a private key": re.compile("-----BEGIN (?:[A-Z0-9]+ )*PRIVATE" + " KEY-----"),
    "a path of one machine": re.compile(r"(?<![\w.])/(?:ro" + r"ot|ho" + r"me/\w+|Us" + r"ers/\w+|wo" + r"rk/\w+)/"),
    "the host of a package registry": re.compile(
        r"\b(?:py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|deb\.deb" + r"ian\.org|crates\.io)\b"
    ),
}


def tracked() -> list[Path]:
    """Return every text file that git tracks, or would with the next commit."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=True,
        timeout=60,
    )
    paths = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file() and b"\0" not in path.read_bytes()[:8192]]


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_holds(what: str) -> None:
    """No tracked file holds a private key, a path of one machine, or the host of a package registry."""
    pattern = FORBIDDEN[what]
    found = [
        f"{label(path)}:{number}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "line"),
    [
        ("a private key", "-----BEGIN RSA PRIVATE" + " KEY-----"),
        ("a private key", "-----BEGIN PRIVATE" + " KEY-----"),
        ("a path of one machine", "cd /ho" + "me/someone/parclose"),
        ("the host of a package registry", "https://py" + "pi.org/simple"),
    ],
)
def test_the_patterns_find(what: str, line: str) -> None:
    """Each pattern finds what it is for."""
    assert FORBIDDEN[what].search(line)


def test_the_readme_stays_short() -> None:
    """The README can be read in one sitting."""
    assert len((ROOT / "README.md").read_text(encoding="utf-8").splitlines()) < MAX_README_LINES


def test_scripts_can_be_typed() -> None:
    """Everything in `scripts/` is a program one can start, or is sourced by one and says so."""
    found = [path for path in (ROOT / "scripts").iterdir() if path.is_file() and path.name != "environment"]
    wrong = [
        label(path)
        for path in [*found, ROOT / ".ci" / "run"]
        if not path.stat().st_mode & 0o111 or not path.read_bytes().startswith(b"#!/usr/bin/env ")
    ]
    assert wrong == []
