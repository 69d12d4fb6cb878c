"""What was proven before: bound to its keys, never beyond expiry, and truthful about the first sight."""

from __future__ import annotations

import pytest

from parclose.facts import Proof
from parclose.stores.token_cache import ENTRY_BYTES, MAX_LIFE_S, TokenCache, digest_of
from tests.stores.signing import AT


class Clock:
    """A time that stands where it is put."""

    def __init__(self) -> None:
        self.at = AT

    def __call__(self) -> float:
        """Return the time."""
        return self.at


def proven(**claims: object) -> Proof:
    """Return a good proof."""
    return Proof(kind="token", state="ok", issuer="login", claims=claims, memo=(1, 2))


BOUND = {"login": "keys-1"}
DIGEST = digest_of("token", "", "text")


@pytest.mark.parametrize(
    ("exp", "until"),
    [(AT + 60, AT + 60), (AT + 60.5, AT + 60.5), (AT + 10 * MAX_LIFE_S, AT + MAX_LIFE_S), (1e300, AT + MAX_LIFE_S)],
)
def test_an_entry_ends_with_the_token_or_after_an_hour(exp: float, until: float) -> None:
    """Just before it is there; at `exp` it is not, whatever leeway the judge would grant."""
    clock = Clock()
    cache = TokenCache(timer=clock)
    cache.put(DIGEST, proven(exp=exp), "keys-1")
    clock.at = until - 0.001
    assert cache.get(DIGEST, BOUND) is not None
    clock.at = until
    assert cache.get(DIGEST, BOUND) is None


@pytest.mark.parametrize("exp", [AT, AT - 1, None, "1780315260", True, [AT + 60]])
def test_a_token_without_a_time_to_come_is_not_kept(exp: object) -> None:
    """Expired, missing, text, or no number: looked at each time."""
    cache = TokenCache(timer=Clock())
    cache.put(DIGEST, proven(exp=exp), "keys-1")
    assert cache.get(DIGEST, BOUND) is None


def test_the_shared_proof_says_cached_and_the_first_does_not() -> None:
    """The first request's record stays true; later ones share one object and so the memo of the principal."""
    cache, first = TokenCache(timer=Clock()), proven(exp=AT + 60)
    cache.put(DIGEST, first, "keys-1")
    shared = cache.get(DIGEST, BOUND)
    assert shared is not None
    assert (first.cached, shared.cached, shared.memo) == (False, True, None)
    assert cache.get(DIGEST, BOUND) is shared


@pytest.mark.parametrize("bindings", [{}, {"login": "keys-2"}, {"other": "keys-1"}])
def test_an_entry_counts_only_for_what_proved_it(bindings: dict[str, str]) -> None:
    """Other keys, other algorithms, no such issuer any more: looked at anew."""
    cache = TokenCache(timer=Clock())
    cache.put(DIGEST, proven(exp=AT + 60), "keys-1")
    assert cache.get(DIGEST, bindings) is None


def test_it_is_bounded() -> None:
    """However many tokens come, it holds no more than its size."""
    cache = TokenCache(maxsize=10 * ENTRY_BYTES, timer=Clock())
    for number in range(100):
        cache.put(digest_of("token", "", str(number)), proven(exp=AT + 60), "keys-1")
    kept = [cache.get(digest_of("token", "", str(number)), BOUND) for number in range(100)]
    assert sum(proof is not None for proof in kept) == 10


def test_large_tokens_take_more_room() -> None:
    """What is bounded is memory: a few tokens of 16 KiB count as much as many of 1 KiB."""
    cache = TokenCache(maxsize=10 * ENTRY_BYTES, timer=Clock())
    for number in range(100):
        cache.put(digest_of("token", "", str(number)), proven(exp=AT + 60), "keys-1", ENTRY_BYTES)
    kept = [cache.get(digest_of("token", "", str(number)), BOUND) for number in range(100)]
    assert sum(proof is not None for proof in kept) == 2


def test_digests_keep_kinds_and_stores_apart() -> None:
    """The same text as a token, as a key, and in two stores, are four names; odd characters have one too."""
    names = {
        digest_of(*parts)
        for parts in [("token", "", "x"), ("api_key", "", "x"), ("api_key", "a", "x"), ("a", "b", "\ud800")]
    }
    assert len(names) == 4
