"""`parclose diff`: if these fail, a review sees lines and not what they let in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import TESTS, folder, run

# Anybody with a credential may order; the policy's own test of that goes with it.
LOOSER = (
    ('"POST /orders": orders:write', '"POST /orders": authenticated'),
    ('      "POST http://api.test/orders": 403 scope_missing @shop\n', ""),
)


def two(path: Path, *changes: tuple[str, str]) -> tuple[str, str]:
    """Write a policy twice, the second changed."""
    for name in ("old", "new"):
        (path / name).mkdir()
    return folder(path / "old"), folder(path / "new", TESTS, *changes)


def test_a_grant_is_shown_and_gates(tmp_path: Path) -> None:
    """Sign, segment, route, what changed; the request below; the code is 4."""
    ran = run("diff", *two(tmp_path, *LOOSER))
    assert ran.code == 4
    assert " + GRANTS   shop" in ran.out
    assert "403 scope_missing @shop -> allow @shop" in ran.out
    assert ran.out.splitlines()[-1] == "1 grant"


def test_nothing_differs(tmp_path: Path) -> None:
    """The code is 0."""
    ran = run("diff", *two(tmp_path))
    assert ran.code == 0
    assert "no difference" in ran.out


def test_machines_get_the_same(tmp_path: Path) -> None:
    """Differences as objects, and both policies."""
    ran = run("diff", *two(tmp_path, *LOOSER), "--format", "json")
    said = json.loads(ran.out)
    assert [(each["kind"], each["route"]) for each in said["diff"]] == [("GRANTS", "POST /orders")]
    assert (said["exit"], said["policy"]["revision"] == said["base"]["revision"]) == (4, False)


def test_a_pull_request_is_annotated(tmp_path: Path) -> None:
    """One line at the line of the rule, for each difference; nothing where there is none."""
    old, new = two(tmp_path, *LOOSER)
    (line,) = run("diff", old, new, "--format", "github").out.splitlines()
    assert line.startswith("::notice file=policy.yaml,line=")
    assert ",title=GRANTS::shop POST /orders: " in line
    assert not run("diff", old, old, "--format", "github").out.strip()


@pytest.mark.parametrize("side", [0, 1])
def test_a_policy_that_cannot_be_compiled(side: int, tmp_path: Path) -> None:
    """Whichever it is, its findings are told and the code is 3."""
    pair = list(two(tmp_path))
    Path(pair[side]).write_text("version: 7\n")
    ran = run("diff", *pair)
    assert ran.code == 3
    assert "TYP" in ran.err
