"""Where a store keeps its keys: if these fail, a record is written into the wrong file, or over somebody's text."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from parclose.cli.key_store import chosen_store, file_of, keep_record
from parclose.policy.load import load
from parclose.stores.files import read

HASH = "sha256:" + "0" * 64
POLICY = """
version: 1
name: keys
api_keys:
  inside: {query: k, keys: [{id: a, hash: "sha256:%s", expires: never}]}
  beside: {header: X-Key, file: keys/beside.yaml}
clients: {partner: [{api_key: {store: beside}}]}
segments: {all: {match: {clients: [partner]}, routes: {"GET /x": authenticated}}}
""" % ("1" * 64)


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Return the path of a policy with two stores."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "beside.yaml").write_text(f'- {{id: a, hash: "{HASH}", expires: never}}\n')
    (tmp_path / "policy.yaml").write_text(POLICY)
    return str(tmp_path / "policy.yaml")


def test_the_file_is_the_one_that_the_policy_names(path: str) -> None:
    """From the policy's folder; a store in the policy itself has none."""
    assert file_of(path, "beside") == str(Path(path).parent / "keys" / "beside.yaml")
    assert file_of(path, "inside") is None
    assert file_of(path, "none") is None


def test_a_store_is_found_by_its_name(path: str) -> None:
    """Another name is bad usage, and the nearest is named."""
    policy = load(path, read)
    assert chosen_store(policy, "beside").name == "beside"
    with pytest.raises(typer.BadParameter, match="did you mean `beside`"):
        chosen_store(policy, "besides")
    with pytest.raises(typer.BadParameter, match="there are: `inside`, `beside`"):
        chosen_store(policy, "zzz")


def test_a_record_that_cannot_be_written_is_said(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No key is made then."""

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("parclose.cli.key_store.replace_file", full)
    with pytest.raises(typer.Exit) as caught:
        keep_record(path, "beside", "b", '- {id: b, hash: "sha256:%s", expires: never}' % ("2" * 64))
    assert caught.value.exit_code == 2
