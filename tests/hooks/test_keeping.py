"""What would be believed if these failed: that the policy in force can be had back, and is not harmed by being kept."""

from __future__ import annotations

import asyncio
import hashlib
import logging
from pathlib import Path

import pytest

from parclose.hooks.gate import approve
from parclose.hooks.keeping import Keeper
from parclose.policy.model import Policy
from parclose.stores.history import History, contents_of
from tests.hooks.ground import POLICY


def approved(folder: Path) -> tuple[Policy, dict[str, bytes]]:
    """Return a policy of a folder, and what its files held."""
    (folder / "policy.yaml").write_text(POLICY)
    policy = approve(str(folder / "policy.yaml"))
    return policy, {path: hashlib.sha256(Path(path).read_bytes()).digest() for path in policy.files}


async def test_a_policy_is_kept(tmp_path: Path) -> None:
    """As it was read, off the loop."""
    policy, digests = approved(tmp_path)
    keeper = Keeper()
    keeper.begin(policy, digests, 5.0)
    await asyncio.gather(*keeper._tasks)
    (kept,) = History(policy.path).kept()
    assert (kept.revision, kept.at, kept.segments) == (policy.revision, 5.0, tuple(policy.segments))
    assert contents_of(kept)["policy.yaml"] == POLICY.encode()


def test_what_was_written_since_is_not_kept_for_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Another content under the name of this revision would be a lie."""
    policy, digests = approved(tmp_path)
    (tmp_path / "policy.yaml").write_text(POLICY + "# edited\n")
    with caplog.at_level(logging.WARNING):
        Keeper().keep(policy, digests, 5.0)
    assert History(policy.path).kept() == ()
    assert "changed since" in caplog.text


def test_what_cannot_be_kept_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """And nothing is raised: the policy is in force all the same."""
    policy, digests = approved(tmp_path)
    (tmp_path / ".parclose").write_text("in the way")
    with caplog.at_level(logging.WARNING):
        Keeper().keep(policy, digests, 5.0)
    (tmp_path / "policy.yaml").unlink()
    Keeper().keep(policy, digests, 5.0)
    assert caplog.text.count("is not kept") == 2
