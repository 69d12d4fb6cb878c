"""`parclose schema`: if these fail, an editor has no schema, or one of another policy."""

from __future__ import annotations

import json
from pathlib import Path

from parclose.policy.schema import json_schema
from tests.cli.kit import folder, run


def test_the_general_one() -> None:
    """What the code says, for any policy."""
    ran = run("schema")
    assert ran.code == 0
    assert json.loads(ran.out) == json.loads(json.dumps(json_schema()))


def test_one_with_the_names_of_a_policy(tmp_path: Path) -> None:
    """Also of one with a slip in it: there it is needed most."""
    path = folder(tmp_path, "", ("segments:", "frobnicate: {}\nsegments:"))
    out = tmp_path / ".parclose" / "policy.schema.json"
    assert run("schema", "--for", path, "--out", str(out)).code == 0
    made = json.loads(out.read_text())
    assert "orders:read" in made["$defs"]["RouteSpec"]["anyOf"][0]["enum"]
    assert list(out.parent.iterdir()) == [out]


def test_what_cannot_be_read_or_written_is_said(tmp_path: Path) -> None:
    """Codes 3 and 2."""
    broken = folder(tmp_path, "", ("version: 1", "version: [1"))
    assert run("schema", "--for", broken).code == 3
    (tmp_path / "file").write_text("")
    assert run("schema", "--out", str(tmp_path / "file" / "schema.json")).code == 2
