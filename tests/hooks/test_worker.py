"""What would be believed if these failed: that the process beside the proxy answers as the proxy itself would."""

from __future__ import annotations

import io
from pathlib import Path

from parclose.hooks.frames import read_answer
from parclose.hooks.gate import approve
from parclose.hooks.parcels import Unpacker
from parclose.hooks.worker import answer_to
from parclose.policy.model import Policy
from parclose.policy.tree_cache import TreeCache
from tests.hooks.ground import POLICY


def test_a_good_policy_is_sent(tmp_path: Path) -> None:
    """With what was read for it, and nothing found; asked again, the same."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    trees = TreeCache()
    for _ in range(2):
        answer = read_answer(answer_to(str(path), trees))
        unpacker = Unpacker()
        for piece in answer.pieces:
            unpacker.load(piece)
        assert isinstance(unpacker.last, Policy)
        assert unpacker.last.revision == approve(str(path)).revision
        assert answer.findings == ()
        looks, contents, _ = answer.watched
        assert str(path) in looks
        assert str(path) in contents


def test_a_bad_policy_is_findings_alone(tmp_path: Path) -> None:
    """What was read is watched all the same, so that mending it is seen; what is not there too."""
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY + "bogus: 1\n")
    answer = read_answer(answer_to(str(path), TreeCache()))
    assert (len(answer.findings), answer.pieces) == (1, ())
    assert "bogus" in answer.findings[0]
    path.unlink()
    answer = read_answer(answer_to(str(path), TreeCache()))
    assert answer.findings
    assert str(path) in answer.watched[0]


def test_an_edit_is_seen(tmp_path: Path) -> None:
    """What was parsed before is not taken for what stands there now."""
    path, trees = tmp_path / "policy.yaml", TreeCache()
    path.write_text(POLICY)
    first = answer_to(str(path), trees)
    path.write_text(POLICY.replace("name: ground", "name: other"))
    last = read_answer(answer_to(str(path), trees))
    assert last.pieces != read_answer(first).pieces
    assert io.BytesIO(b"".join(bytes(piece) for piece in last.pieces)).read().count(b"other")
