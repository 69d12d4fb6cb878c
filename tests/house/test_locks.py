"""The locks hold every dependency once for each Python, with hashes, and say nothing of where they came from.

If these fail, two machines install different things, or a lock works only where it was made.
"""

from __future__ import annotations

import re
import tomllib

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.house.tree import ROOT

RUN, DEV = "requirements.lock", "requirements-dev.lock"
PIN = re.compile(r"^(?P<name>[a-z0-9-]+)==(?P<version>[^ ;]+)(?: ; (?P<marker>[^\\]+?))? \\$")
HASH = re.compile(r"^    --hash=sha256:[0-9a-f]{64}(?: \\)?$")
PYTHONS = ("3.12.0", "3.13.0", "3.14.0")


def lines(lock: str) -> list[str]:
    """Return the lines of one lock."""
    return (ROOT / lock).read_text(encoding="utf-8").splitlines()


def environment(python: str) -> dict[str, str]:
    """Return the marker values of one Python on Linux."""
    return {
        "python_version": python.rpartition(".")[0],
        "python_full_version": python,
        "sys_platform": "linux",
        "os_name": "posix",
        "platform_system": "Linux",
        "platform_machine": "x86_64",
        "implementation_name": "cpython",
        "platform_python_implementation": "CPython",
        "extra": "",
    }


def pins(lock: str, python: str) -> dict[str, list[Version]]:
    """Return what one lock installs under one Python: versions by name."""
    found: dict[str, list[Version]] = {}
    for line in lines(lock):
        if (pin := PIN.match(line)) and (
            pin["marker"] is None or Marker(pin["marker"]).evaluate({**environment(python)})
        ):
            found.setdefault(pin["name"], []).append(Version(pin["version"]))
    return found


def wanted(lock: str) -> list[Requirement]:
    """Return what the project asks of one lock, the build backend of the editable install included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    texts = [*project["build-system"]["requires"], *project["project"]["dependencies"]]
    if lock == DEV:
        texts += [text for extra in project["project"]["optional-dependencies"].values() for text in extra]
    return [Requirement(text) for text in texts]


@pytest.mark.parametrize("lock", [RUN, DEV])
def test_a_lock_is_pins_and_hashes(lock: str) -> None:
    """Each line is a pinned distribution or one of its hashes: no index, no address, no comment, no path."""
    assert [line for line in lines(lock) if not PIN.match(line) and not HASH.match(line)] == []
    text = "\n".join(lines(lock))
    assert [word for word in ("://", "index-url", "find-links", "file:") if word in text] == []


@pytest.mark.parametrize("lock", [RUN, DEV])
@pytest.mark.parametrize("python", PYTHONS)
def test_a_lock_fits_the_project(lock: str, python: str) -> None:
    """Under each Python every dependency of the project is pinned once, in a version that it accepts."""
    found = pins(lock, python)
    assert [name for name, versions in found.items() if len(versions) > 1] == []
    misfits = [
        str(wish)
        for wish in wanted(lock)
        if (wish.marker is None or wish.marker.evaluate({**environment(python)}))
        and not any(wish.specifier.contains(version) for version in found.get(canonicalize_name(wish.name), []))
    ]
    assert misfits == []


@pytest.mark.parametrize("python", PYTHONS)
def test_what_runs_is_what_was_developed(python: str) -> None:
    """The lock for developing holds all of the lock for running, in the same versions."""
    developed = pins(DEV, python)
    assert {name: versions for name, versions in pins(RUN, python).items() if developed.get(name) != versions} == {}
