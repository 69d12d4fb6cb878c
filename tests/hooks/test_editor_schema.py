"""The schema beside the policy: if these fail, an editor completes the names of yesterday, or a proxy stops for it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path

import pytest

from parclose.hooks.editor_schema import PLACE, EditorSchema, environment, is_wanted
from tests.cli.kit import folder

MODELINE = "# yaml-language-server: $schema=./.parclose/policy.schema.json\n"


@pytest.mark.parametrize(
    ("head", "wanted"),
    [
        ("", False),
        (MODELINE, True),
        (MODELINE.replace("./", ""), True),
        (f"# ours\n{MODELINE}", True),
        ("# yaml-language-server: $schema=https://elsewhere.example/x.json\n", False),
        (f"{'#' * 5000}\n{MODELINE}", False),
    ],
)
def test_who_names_it_wants_it(tmp_path: Path, head: str, wanted: bool) -> None:
    """In the first lines, by the place that is kept."""
    path = tmp_path / "policy.yaml"
    path.write_text(f"{head}version: 1\n")
    assert is_wanted(str(path)) is wanted


def test_one_that_lies_there_is_a_wish_too(tmp_path: Path) -> None:
    """And a policy that is gone has none."""
    assert not is_wanted(str(tmp_path / "policy.yaml"))
    (tmp_path / PLACE).parent.mkdir()
    assert not is_wanted(str(tmp_path / "policy.yaml"))
    (tmp_path / PLACE).write_text("{}")
    assert is_wanted(str(tmp_path / "policy.yaml"))


async def test_it_is_made_with_the_names_of_the_policy(tmp_path: Path) -> None:
    """By the program that people run, in a process of its own."""
    path = folder(tmp_path, "")
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text("{}")
    schema = EditorSchema()
    schema.refresh(path)
    await asyncio.gather(*schema._tasks)
    made = json.loads((tmp_path / PLACE).read_text())
    assert "orders:read" in made["$defs"]["RouteSpec"]["anyOf"][0]["enum"]


def test_where_nobody_wants_it_nothing_is_made(tmp_path: Path) -> None:
    """Not even a folder."""
    EditorSchema().write(folder(tmp_path, ""))
    assert not (tmp_path / ".parclose").exists()


@pytest.mark.parametrize("command", [("/nowhere/program",), (sys.executable, "-c", "import sys; sys.exit('no room')")])
def test_a_failure_is_a_line_in_the_log(
    tmp_path: Path, command: tuple[str, ...], caplog: pytest.LogCaptureFixture
) -> None:
    """And nothing else: the policy serves."""
    (tmp_path / PLACE).parent.mkdir()
    (tmp_path / PLACE).write_text("{}")
    with caplog.at_level(logging.WARNING):
        EditorSchema(command).write(folder(tmp_path, ""))
    assert "could not be made" in caplog.text


def test_secrets_stay_here() -> None:
    """What the policy takes from the environment is none of the program's business."""
    assert environment({"PATH": "/bin", "UPSTREAM_KEY": "s"}).keys() == {"PATH", "PYTHONPATH"}
