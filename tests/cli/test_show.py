"""`parclose show`: if these fail, nobody learns which policy actually applies."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import Ran, run
from tests.policy.showing import FILES

EFFECTIVE = """\
segment app                                                         team.yaml:14
  about                   The app, folded                           team.yaml:15
  owner                   team-web                     policy.yaml:5 via include
"""
LONG = """\
  limits.day              daily = {key: subject|ip, rate: 100/h}
                                  policy.yaml:22 via default, policy.yaml:18
"""
ROUTES = """\
routes
  read /v1/x/**                     a:read                  team.yaml:4 via mine
                                    roles any of staff, admin
                                                       policy.yaml:26 via office
                                    cost 2                          team.yaml:10
"""


def shown(folder: Path, *words: str) -> Ran:
    """Run the command on the policy of two files."""
    for name, text in FILES.items():
        (folder / name).write_text(text)
    return run("show", *words, "--policy", str(folder))


def test_everything_that_holds(tmp_path: Path) -> None:
    """Each value with its origin at the right edge, or on the line below; nothing wider than 80 columns."""
    ran = shown(tmp_path, "app", "--effective")
    assert ran.code == 0
    assert ran.out.startswith(EFFECTIVE)
    assert ROUTES in ran.out
    assert LONG in ran.out.replace("    policy.yaml:22", "policy.yaml:22")
    assert max(map(len, ran.out.splitlines())) == 80


def test_as_it_is_written(tmp_path: Path) -> None:
    """Every thing of that name, with its place and its lines."""
    ran = shown(tmp_path, "office")
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].split() == ["profile", "office", "policy.yaml:24"]
    assert lines[1:4] == [
        "  office:",
        "    network: {allow: [office], deny_as: 404}",
        "    roles: {any: [staff, admin]}",
    ]
    assert [line.split() for line in lines if line.startswith("zone")] == [["zone", "office", "policy.yaml:16"]]


def test_what_is_no_segment_is_shown_as_written(tmp_path: Path) -> None:
    """Only a segment has values that hold; a route set is its own lines."""
    assert shown(tmp_path, "pages", "--effective").out == shown(tmp_path, "pages").out


def test_another_thing_of_that_name_is_mentioned(tmp_path: Path) -> None:
    """Whoever asks for the segment learns of the scope beside it."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text.replace("lab: [203", "app: [203").replace("lab]", "app]"))
    ran = run("show", "app", "--effective", "--policy", str(tmp_path))
    assert ran.out.splitlines()[-1].split() == ["also", "called", "`app`:", "a", "zone", "policy.yaml:16"]


@pytest.mark.parametrize(("name", "hint"), [("ofice", "did you mean `office`?"), ("qqqq", "parclose check")])
def test_nothing_has_this_name(tmp_path: Path, name: str, hint: str) -> None:
    """Bad usage, with the nearest name."""
    ran = shown(tmp_path, name)
    assert ran.code == 2
    assert hint in " ".join(ran.err.replace("│", " ").split())


def test_a_policy_that_cannot_be_compiled(tmp_path: Path) -> None:
    """Every mistake is said, and the code is 3."""
    shown(tmp_path, "app")
    (tmp_path / "team.yaml").write_text("segments: [\n")
    ran = run("show", "app", "--policy", str(tmp_path))
    assert ran.code == 3
    assert "team.yaml:1:11  YML001" in ran.err


def test_json(tmp_path: Path) -> None:
    """Machines get the same values, origins and routes; what is no segment as lines."""
    report = json.loads(shown(tmp_path, "app", "--effective", "--format", "json").out)
    (app,) = report["shown"]
    assert (app["kind"], app["name"], app["where"]) == ("segment", "app", "team.yaml:14")
    assert {"key": "network.allow", "value": "[office, lab]", "origin": "team.yaml:20"} in app["effective"]
    assert app["routes"][0]["effective"][0] == {"key": "scopes", "value": "a:read", "origin": "team.yaml:4 via mine"}
    assert report["policy"]["files"] == [str(tmp_path / "policy.yaml"), str(tmp_path / "team.yaml")]
    (daily,) = json.loads(shown(tmp_path, "daily", "--format", "json").out)["shown"]
    assert daily["written"] == ["daily: {key: subject|ip, rate: 100/h}"]
