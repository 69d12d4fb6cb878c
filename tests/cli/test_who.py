"""`parclose who`: if these fail, nobody can say how far a credential reaches without trying it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.kit import folder, run


def test_everyone_who_can(tmp_path: Path) -> None:
    """Segment, route, line, what is asked; and that nobody else can."""
    ran = run("who", "POST http://api.test/orders", "--policy", folder(tmp_path))
    lines = ran.out.splitlines()
    assert ran.code == 0
    assert lines[0].startswith("segment shop   route POST /orders")
    assert any(line.split()[:2] == ["must", "be"] for line in lines)
    assert lines[-1] == "nobody else: no other segment has this surface"


@pytest.mark.parametrize(
    ("asked", "last"),
    [
        ("GET https://elsewhere.test/", "nobody: no segment stands where `GET https://elsewhere.test/` goes"),
        ("PUT http://api.test/orders", "nobody: `shop` stands there, and takes none of these requests"),
    ],
)
def test_nobody_can(asked: str, last: str, tmp_path: Path) -> None:
    """No segment at all is told from one without such a route."""
    assert run("who", asked, "--policy", folder(tmp_path)).out.splitlines()[-1] == last


def test_what_a_persona_can(tmp_path: Path) -> None:
    """Each route with allow or the reason."""
    ran = run("who", "--as", "reader", "--policy", folder(tmp_path))
    assert ran.out.splitlines()[0].startswith("reader can ")
    assert "403 scope_missing" in ran.out
    assert "needs `orders:write`" in ran.out


def test_machines_get_the_same(tmp_path: Path) -> None:
    """Routes as objects, for a request and for a persona."""
    path = folder(tmp_path)
    asked = json.loads(run("who", "POST http://api.test/orders?x=1", "--policy", path, "--format", "json").out)
    assert [each["route"] for each in asked["who"]["routes"]] == ["POST /orders"]
    held = json.loads(run("who", "--as", "reader", "--policy", path, "--format", "json").out)
    assert {each["outcome"] for each in held["who"]["routes"]} >= {"allow", "403 scope_missing"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "give a request"),
        (("GET /orders",), "no set of requests"),
        (("--as", "nobody"), "persona `nobody` is not in the policy"),
    ],
)
def test_what_cannot_be_asked(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    """A slip is told, with the code for bad usage."""
    ran = run("who", *words, "--policy", folder(tmp_path))
    assert ran.code == 2
    assert said in " ".join(ran.err.replace("│", " ").split())
