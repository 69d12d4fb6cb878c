"""`parclose key list`: if these fail, a key that is good is not seen, or one that has ended is taken for good."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from parclose.cli.key_list import state
from parclose.policy.identity import KeyRecord
from tests.cli.kit import run

POLICY = """
version: 1
name: keys
scopes: {orders:read: {}}
roles: {admin: {}}
api_keys:
  partners:
    header: X-Key
    keys:
      - {id: a, hash: "sha256:ONE", client: hub, tenant: t, scopes: [orders:read], roles: [admin], expires: 2999-01-31}
      - {id: old-1, hash: "sha256:TWO", expires: 2020-01-31T10:30:00Z}
      - {id: new, hash: "sha256:THREE", not_before: 2998-01-31, expires: never}
  hooks: {query: key, keys: [{id: q, hash: "sha256:FOUR", expires: never}]}
clients: {partner: [{api_key: {store: partners}}, {api_key: {store: hooks}}]}
segments: {all: {match: {clients: [partner]}, routes: {"GET /x": authenticated}}}
"""
for _word, _digit in (("ONE", "1"), ("TWO", "2"), ("THREE", "3"), ("FOUR", "4")):
    POLICY = POLICY.replace(_word, _digit * 64)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return the path of a policy with keys of every kind."""
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


def test_every_key_by_store(path: str) -> None:
    """Whose it is, what it carries, and when it ends; never its hash."""
    ran = run("key", "list", path)
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "partners  3 keys  header x-key  policy.yaml:7",
        "  a      until 2999-01-31",
        "         client hub, tenant t, orders:read, role admin",
        "  old-1  EXPIRED 2020-01-31T10:30",
        "  new    from 2998-01-31, never ends",
        "",
        "hooks  1 key  query key  policy.yaml:13",
        "  q  never ends",
    ]
    assert run("key", "list", path, "--store", "hooks").out.startswith("hooks  1 key")
    assert run("key", "list", path, "--store", "hook").code == 2


def test_for_machines(path: str) -> None:
    """Each with its state."""
    keys = json.loads(run("key", "list", path, "--format", "json").out)["keys"]
    assert [(key["id"], key["state"]) for key in keys] == [
        ("a", "good"), ("old-1", "expired"), ("new", "not_yet"), ("q", "good"),
    ]  # fmt: skip
    assert keys[0]["expires"] == "2999-01-31T00:00:00+00:00"
    assert "1111" not in json.dumps(keys)


@pytest.mark.parametrize(
    ("now", "wanted"), [(9.9, "not_yet"), (10.0, "good"), (19.9, "good"), (20.0, "expired"), (30.0, "expired")]
)
def test_the_boundaries(now: float, wanted: str) -> None:
    """Good from `not_before` on, and no longer at `expires`."""
    record = KeyRecord(id="a", algorithm="sha256", digest=bytes(32), not_before=10.0, expires=20.0)
    assert state(record, now) == wanted
