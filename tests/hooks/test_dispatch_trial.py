"""What would be believed if these failed: that a start compares the two dispatches when it does not."""

import pytest
from mitmproxy import addonmanager

from parclose.hooks import dispatch
from parclose.hooks.dispatch_trial import calls_of, self_test


def test_both_dispatches_make_the_same_calls() -> None:
    """The trial finds no difference in the version tested, and leaves mitmproxy's logger as it was."""
    assert self_test() == ""
    assert addonmanager.logger.disabled is False


def test_the_trial_covers_nesting_raising_awaiting_and_halting() -> None:
    """The trial's calls show each feature, so that it cannot pass by calling nothing."""
    calls = calls_of(indexed=False)
    assert calls[:6] == ["a", "b", "b1", "b1 awaited", "b2", "c"]
    assert calls[6:13] == ["end", "a", "b", "b3", "late", "c", "end"]
    assert calls[13:] == ["a", "b", "b3", "late", "c", "halt", "end", "end"]


def test_a_difference_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatch that forgets an entry is found out."""
    monkeypatch.setattr(dispatch.Index, "entries", lambda self, name: tuple(self._entries[:2]))
    assert "the index calls" in self_test()
