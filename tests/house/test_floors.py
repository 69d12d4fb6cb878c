"""The floors of the house: a file imports from lower floors or its own folder, and each library has its place.

If these fail, the core has begun to depend on what drives it, and can no longer be decided, replayed or tested alone.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.house.tree import PACKAGE, ROOT, SOURCE_ROOT, imports, label, parse, part_named, part_of, sources

# The package itself holds the version and nothing else, so it lies under all floors.
FLOORS: dict[str, float] = {
    "": -1,
    "reasons": 0,
    "facts": 0,
    "value": -0.5,
    "policy": 0,
    "verdict": 1,
    "ports": 1,
    "stages": 2,
    "engine": 3,
    "shadow": 3,
    "again": 3,
    "explain": 4,
    "trial": 4,
    "audit": 4,
    "stores": 4,
    # Between: a policy's own tests run over the offline world of the stores.
    "cases": 4.5,
    # Above: what is said of a policy as a whole is shown by callers as its own tests have them.
    "analysis": 4.6,
    "hooks": 5,
    "replay": 6,
    "testing": 6,
    # Between: the demonstration signs with the test kit, and the command line starts it.
    "demo": 6.5,
    "cli": 7,
}

# Where a library may be imported: files, or folders that end in a slash. A library not named here is free.
PLACES = {
    "mitmproxy": ("hooks/", "replay/flows.py", "testing.py"),
    "pydantic": ("policy/",),
    "yaml": ("policy/",),
    "jose": ("stages/authn.py", "stores/"),
    "redis": ("stores/",),
    "geoip2": ("stores/",),
    "maxminddb": ("stores/",),
    "httpx": ("stores/",),
    "prometheus_client": ("hooks/metrics.py",),
    "typer": ("cli/",),
}


def stranger(tree: ast.Module, part: str) -> list[str]:
    """Return a sentence for each import of the package that does not come from below or from the same part."""
    found = []
    for line, name in imports(tree):
        if name.split(".")[0] != "parclose":
            continue
        other = part_named(name)
        siblings = not (PACKAGE / part).is_dir() and not (PACKAGE / other).is_dir() and part and other
        if other == part or FLOORS[other] < FLOORS[part] or (siblings and FLOORS[other] == FLOORS[part]):
            continue
        found.append(f"line {line}: `{name}` lies on floor {FLOORS[other]}, this file on floor {FLOORS[part]}")
    return found


def misplaced(tree: ast.Module, inside: str) -> list[str]:
    """Return a sentence for each library that the file at `inside` the package may not know."""
    return [
        f"line {line}: `{name}` belongs to {', '.join(PLACES[library])}"
        for line, name in imports(tree)
        if (library := name.split(".")[0]) in PLACES
        and not any(inside == place or (place.endswith("/") and inside.startswith(place)) for place in PLACES[library])
    ]


def test_every_part_has_a_floor() -> None:
    """A new folder or module at the top of the package says on which floor it lies."""
    assert sorted({part_of(path) for path in sources()} - FLOORS.keys()) == []


@pytest.mark.parametrize("path", sources(), ids=label)
def test_imports_come_from_below(path: Path) -> None:
    """No file imports from its own floor in another folder, or from above."""
    assert stranger(parse(path), part_of(path)) == []


@pytest.mark.parametrize("path", sources(), ids=label)
def test_libraries_stay_in_their_place(path: Path) -> None:
    """No file imports a library that belongs to another one."""
    assert misplaced(parse(path), path.relative_to(PACKAGE).as_posix()) == []


def test_the_package_is_imported_by_its_own_name() -> None:
    """Nothing imports `addons.parclose`, which would be a second copy of the package."""
    found = [
        f"{label(path)}:{line}"
        for folder in (SOURCE_ROOT, ROOT / "tests")
        for path in sorted(folder.rglob("*.py"))
        for line, name in imports(parse(path))
        if name.split(".")[0] == "addons" or name.startswith(".")
    ]
    assert found == []


def test_the_package_imports_nothing() -> None:
    """`import parclose` is free: it loads no proxy and no library."""
    names = [name for _, name in imports(parse(PACKAGE / "__init__.py"))]
    assert [name for name in names if not name.startswith(("__future__.", "parclose."))] == []


@pytest.mark.parametrize(
    ("part", "line", "allowed"),
    [
        ("stages", "from parclose.policy.model import Policy", True),
        ("stages", "from parclose.stages.walk import Walk", True),
        ("stages", "from parclose.engine import decide", False),
        ("stages", "from parclose import engine", False),
        ("stages", "from parclose import __version__", True),
        ("policy", "from parclose.facts import Facts", False),
        ("stores", "from parclose.audit import record", False),
        ("verdict", "from parclose.ports import Ask", True),
        ("cli", "from parclose.hooks import stage", True),
    ],
)
def test_the_floor_test_can_fail(part: str, line: str, allowed: bool) -> None:
    """The reader of imports tells below and beside from above."""
    assert (stranger(ast.parse(line), part) == []) is allowed


@pytest.mark.parametrize(
    ("inside", "line", "allowed"),
    [
        ("stages/authn.py", "from jose import jws", True),
        ("stages/scope.py", "from jose import jws", False),
        ("hooks/stage.py", "import mitmproxy.http", True),
        ("replay/flows.py", "from mitmproxy.io import FlowReader", True),
        ("replay/drift.py", "from mitmproxy.io import FlowReader", False),
        ("engine.py", "from yaml import load", False),
    ],
)
def test_the_place_test_can_fail(inside: str, line: str, allowed: bool) -> None:
    """A library is found wherever it is imported, and only there it may not be."""
    assert (misplaced(ast.parse(line), inside) == []) is allowed
