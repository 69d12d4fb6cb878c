"""One thing, one word: files are named after what they hold, stay small, and follow the table of concerns.

If these fail, a reader who knows the word for a thing no longer finds it everywhere under that word.
"""

from __future__ import annotations

import ast
import importlib
import sys
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

from parclose.engine import CONCERNS, STAGES, Concern, Stage
from parclose.reasons import Reason
from tests.house.tree import PACKAGE, ROOT, SOURCE_ROOT, TESTS, label, parse, sources

MAX_FILE_LINES = 300
# Counted without the docstring.
MAX_FUNCTION_LINES = 40
EMPTY_NAMES = {"util", "utils", "helper", "helpers", "common", "manager", "data", "misc", "base", "core"}
# Who answers when no stage does: the proxy itself, before or around the walk.
OUTSIDE_THE_STAGES = {"proxy"}
CONCERN_NAMES = ("segment", "network", "authn", "scope", "rate", "audit")


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Return how many lines a function takes, from `def` to its end, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function, clean=False) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def test_no_name_says_nothing() -> None:
    """No module or folder has a name that would fit any content."""
    names = [(path, part.removesuffix(".py")) for path in sources() for part in path.relative_to(PACKAGE).parts]
    assert sorted({label(path) for path, name in names if name in EMPTY_NAMES}) == []


def test_the_source_root_shadows_nothing() -> None:
    """What lies at the source root, which mitmdump puts on the path, is named like no other top-level module."""
    ours = {path.stem for path in SOURCE_ROOT.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()}
    theirs = {name for name, dists in packages_distributions().items() if set(dists) != {"parclose"}}
    assert ours & (theirs | sys.stdlib_module_names) == set()
    assert "parclose" in ours


@pytest.mark.parametrize("path", sources(), ids=label)
def test_files_and_functions_stay_small(path: Path) -> None:
    """A file holds one thought and a function fits a screen."""
    assert len(path.read_text(encoding="utf-8").splitlines()) <= MAX_FILE_LINES
    long = [
        f"{label(path)}:{node.lineno} `{node.name}` takes {lines_of(node)} lines"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and lines_of(node) > MAX_FUNCTION_LINES
    ]
    assert long == []


@pytest.mark.parametrize("stage", STAGES, ids=lambda stage: stage.name)
def test_a_stage_has_its_file_its_test_and_its_concern(stage: Stage) -> None:
    """The name of a stage is the name of its file and of its test, and its concern claims it."""
    assert (PACKAGE / "stages" / f"{stage.name}.py").is_file()
    assert (TESTS / "stages" / f"test_{stage.name}.py").is_file()
    assert [concern.name for concern in CONCERNS if stage.name in concern.stages] == [stage.concern]


@pytest.mark.parametrize("concern", CONCERNS, ids=lambda concern: concern.name)
def test_a_concern_has_its_addon_and_its_keys(concern: Concern) -> None:
    """The addon of a concern is the file of its name, its stages exist, and its keys are keys of the policy."""
    assert (PACKAGE / "hooks" / f"{concern.addon}.py").is_file()
    assert set(concern.stages) <= {stage.name for stage in STAGES}
    assert sorted(set(concern.policy_keys) - policy_keys()) == []


def test_the_concerns_are_the_six() -> None:
    """The table of concerns names each of the six once, in their usual order."""
    assert tuple(concern.name for concern in CONCERNS) == CONCERN_NAMES


def test_no_stage_is_named_twice() -> None:
    """One name, one stage: order and trail go by it."""
    names = [stage.name for stage in STAGES]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_a_reason_names_who_gives_it(reason: Reason) -> None:
    """The stage of a reason is a stage, or the proxy itself."""
    assert reason.stage in {stage.name for stage in STAGES} | OUTSIDE_THE_STAGES


@pytest.mark.parametrize("reason", Reason, ids=lambda reason: reason.value)
def test_a_reason_is_produced_by_a_test(reason: Reason) -> None:
    """Some test of a behaviour speaks of each reason, by its code or by its name."""
    spoken: tuple[str, ...] = (
        f'"{reason.value}"',
        f"'{reason.value}'",
        f"Reason.{reason.name}",
        f"reason: {reason.value}",
    )
    spoken += (f"{reason.status} {reason.value}",)  # as a policy's own tests write what they expect
    texts = (path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py") if path.parent.name != "house")
    assert any(word in text for text in texts for word in spoken)


def policy_keys() -> set[str]:
    """Return the keys at the top of a policy, as its schema writes them."""
    schema = importlib.import_module("parclose.policy.schema")
    models: list[dict[str, Any]] = [getattr(model, "model_fields", {}) for model in vars(schema).values()]
    tops = [
        {field.alias or name for name, field in fields.items()}
        for fields in models
        if {"version", "segments"} <= fields.keys()
    ]
    assert len(tops) == 1, "one model of the schema is the whole policy"
    return tops[0]


def test_nothing_else_lies_at_the_top() -> None:
    """The top level of the project holds what a newcomer expects and nothing that needs an explanation."""
    known = {"addons", "policies", "scripts", "tests", "pyproject.toml", "README.md", "LICENSE"}
    found = {path.name for path in ROOT.iterdir() if not path.name.startswith(".") and path.suffix != ".lock"}
    made = {"dist", "build", "htmlcov", "__pycache__", "audit", "bench-results"}
    assert {
        name for name in found - known - made if not name.endswith((".egg-info", ".log", ".flows", ".jsonl"))
    } == set()
