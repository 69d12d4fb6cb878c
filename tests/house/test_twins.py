"""Every source file has its test file, and every test file its source.

If these fail, something in the house is not proven, or a proof has outlived what it was about.
"""

from __future__ import annotations

from pathlib import Path

from tests.house.tree import PACKAGE, SOURCE_ROOT, TESTS, label, sources

# Tests about the whole, which mirror no file.
FREE_FOLDERS = ("house", "live", "flows", "bench", "fuzz")


def twin_of(source: Path) -> Path:
    """Return where the test of a source file lies."""
    inside = source.relative_to(PACKAGE)
    return TESTS / inside.parent / f"test_{inside.name}"


def test_every_source_has_its_test() -> None:
    """No file of the package is without a test file of its name."""
    missing = [
        f"{label(source)} has no {label(twin_of(source))}"
        for source in sources()
        if source.name != "__init__.py" and not twin_of(source).is_file()
    ]
    assert missing == []


def test_every_test_has_its_source() -> None:
    """No test file mirrors a source that is gone or never was."""
    known = {twin_of(source) for source in sources()} | {
        TESTS / f"test_{path.name}" for path in SOURCE_ROOT.glob("*.py")
    }
    orphans = [
        label(test)
        for test in sorted(TESTS.rglob("test_*.py"))
        if test.relative_to(TESTS).parts[0] not in FREE_FOLDERS and test not in known
    ]
    assert orphans == []


def test_every_folder_is_a_package() -> None:
    """Each folder of the package and of the tests has its `__init__.py`, so that one file has one name everywhere."""
    folders = {path.parent for top in (PACKAGE, TESTS) for path in top.rglob("*.py")}
    assert [label(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []
