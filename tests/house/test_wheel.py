"""The wheel holds the package, whole, and nothing beside it.

If these fail, an installation lacks a file that the checkout has, or drops a module called `loader` or `tests` among
everybody's packages.
"""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import parclose
from tests.house.tree import PACKAGE, ROOT

BUILD = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
# Settings and caches of the tools, which mean nothing in an installation.
LEFT_OUT = {"ruff.toml", "__pycache__", ".ruff_cache", ".mypy_cache"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel with the installed backend, so that nothing is looked up anywhere."""
    folder = tmp_path_factory.mktemp("wheel")
    done = subprocess.run(
        [sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    return folder / done.stdout.split()[-1]


def test_it_holds_the_package_and_its_metadata_alone(wheel: Path) -> None:
    """At the top lie `parclose` and its dist-info: no loader, no tests, no scripts."""
    tops = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert tops == {"parclose", f"parclose-{parclose.__version__}.dist-info"}


def test_it_holds_every_file_of_the_package(wheel: Path) -> None:
    """Modules, the mark of typing, Lua and JSON beside them: what the checkout has, the wheel has."""
    there = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("parclose/")}
    here = {
        path.relative_to(PACKAGE.parent).as_posix()
        for path in PACKAGE.rglob("*")
        if path.is_file() and not LEFT_OUT.intersection(path.parts)
    }
    assert there == here
    assert "parclose/py.typed" in there


def test_its_metadata_says_what_it_is(wheel: Path) -> None:
    """Version, the oldest Python, the program and the licence are in the metadata."""
    archive = zipfile.ZipFile(wheel)
    inside = f"parclose-{parclose.__version__}.dist-info"
    metadata = archive.read(f"{inside}/METADATA").decode()
    assert f"\nVersion: {parclose.__version__}\n" in metadata
    assert "\nRequires-Python: >=3.12\n" in metadata
    assert "\nRequires-Dist: mitmproxy<12.3,>=12.2.3\n" in metadata
    assert "parclose = parclose.cli.app:main" in archive.read(f"{inside}/entry_points.txt").decode()
    assert f"{inside}/licenses/LICENSE" in archive.namelist()
