"""Our own key set: if these fail, upstreams refuse good callers after a rotation, or believe an old key for ever."""

from __future__ import annotations

import json

from parclose.hooks.published_keys import KEPT_S, PublishedKeys
from parclose.stores.assertion import AssertionSigner
from parclose.testing import Ticker
from tests.stores.test_assertion import ASSERTION, pem


def shown(keys: PublishedKeys) -> list[str]:
    """Return the ids of the keys that are shown."""
    return [key["kid"] for key in json.loads(keys.document())["keys"]]


def test_a_key_is_shown_while_it_is_used_and_a_while_longer() -> None:
    """What it signed last must still be checked; then it is gone, and back only when it is used again."""
    clock = Ticker()
    keys = PublishedKeys(clock)
    assert shown(keys) == []
    old, new = (AssertionSigner(ASSERTION, pem(), "acme") for _ in range(2))
    keys.publish([old])
    clock.tick(10 * KEPT_S)
    assert shown(keys) == [old.kid]
    keys.publish([new, new])
    clock.tick(KEPT_S - 1)
    assert shown(keys) == [old.kid, new.kid]
    keys.publish([new])
    clock.tick(1)
    assert shown(keys) == [new.kid]
    keys.publish([old])
    assert set(shown(keys)) == {old.kid, new.kid}
