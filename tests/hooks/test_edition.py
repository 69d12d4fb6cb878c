"""What would be believed if these failed: that a policy in force cannot be changed in part, nor its secrets printed."""

import dataclasses
from pathlib import Path

import pytest

from tests.hooks.ground import edition


def test_an_edition_is_whole(tmp_path: Path) -> None:
    """No field can be set, and the secrets are not in what is printed."""
    made = dataclasses.replace(edition(tmp_path), secrets={("shop", "X-Key"): "s3cret"})
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.since = 1.0  # type: ignore[misc]  # which is the point
    assert "s3cret" not in repr(made)
