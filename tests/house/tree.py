"""The source tree as the house tests see it: files, the imports they make, the part of the package they belong to."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE_ROOT = ROOT / "addons"
PACKAGE = SOURCE_ROOT / "parclose"
TESTS = ROOT / "tests"


def sources() -> list[Path]:
    """Return every Python file of the package."""
    return sorted(PACKAGE.rglob("*.py"))


def label(path: Path) -> str:
    """Return a path as people write it: relative to the root of the project."""
    return path.relative_to(ROOT).as_posix()


def parse(path: Path) -> ast.Module:
    """Return the syntax tree of one file."""
    return ast.parse(path.read_text(encoding="utf-8"), filename=label(path))


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield line and full dotted name of everything a module imports, inside functions and for types too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from ((node.lineno, f"{dots}{node.module or ''}.{alias.name}") for alias in node.names)


def part_of(path: Path) -> str:
    """Return the folder or the module at the top of the package that a file belongs to; the package itself is ``."""
    top = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if top == "__init__" else top


def part_named(dotted: str) -> str:
    """Return the part of the package that an imported name such as `parclose.policy.model.Policy` lies in."""
    top = dotted.split(".")[1] if "." in dotted else ""
    exists = (PACKAGE / top).is_dir() or (PACKAGE / f"{top}.py").is_file()
    return top if exists else ""
