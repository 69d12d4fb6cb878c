"""Which files are a policy's own text: if these fail, `fmt` leaves a team's file out, or rewrites a key set."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from parclose.policy.errors import PolicyError
from parclose.policy.nodes import Entries
from parclose.policy.yaml_files import whole_tree, yaml_files

MAIN = """\
version: 1
include:
  - {file: teams/web.yaml, owner: web}
api_keys:
  partners: {header: X-Key, file: keys/partners.keys.yaml}
issuers:
  login: {issuer: x, audience: [a], jwks_file: keys.json}
"""
WEB = 'segments:\n  web:\n    match: {clients: [anonymous]}\n    routes: {"GET /": public}\n'


def reader(**files: str) -> Callable[[str], bytes]:
    """Return a reader of the policy's files."""
    held = {"/p/policy.yaml": MAIN, "/p/teams/web.yaml": WEB, **files}

    def read(path: str) -> bytes:
        if path not in held:
            raise FileNotFoundError(2, "No such file or directory", path)
        return held[path].encode()

    return read


def test_the_files_that_people_write() -> None:
    """The policy, what it includes, files of keys; no key sets, no lists of prefixes."""
    files = yaml_files("/p/policy.yaml", reader(), None)
    assert files == ("policy.yaml", "keys/partners.keys.yaml", "teams/web.yaml")


def test_the_tree_is_that_of_all_files() -> None:
    """Names of an included file are names of the policy."""
    root = whole_tree("/p/policy.yaml", reader(), None)
    assert isinstance(root, Entries)
    assert "segments" in root


@pytest.mark.parametrize("files", [{"/p/teams/web.yaml": "a: [1"}, {"/p/policy.yaml": "a: [1"}])
def test_what_cannot_be_read_is_said(files: dict[str, str]) -> None:
    """Half a policy is none."""
    with pytest.raises(PolicyError):
        yaml_files("/p/policy.yaml", reader(**files), None)
