"""What counts once: if these fail, a stolen proof counts again, or honest clients are taken for thieves."""

from __future__ import annotations

from parclose.ports import AskOnce
from parclose.stores.once import MemoryOnce
from tests.stores.contract_once import OnceContract


class TestMemoryOnce(OnceContract):
    """The contract, over this store."""

    def make(self) -> MemoryOnce:
        """Return an empty store."""
        return MemoryOnce()


def test_a_full_store_takes_nothing_new() -> None:
    """It forgets nothing, either: what was shown stays shown."""
    store = MemoryOnce(3)
    assert [store.first(AskOnce(name, 10.0, 0.0)) for name in "abcda"] == [True, True, True, None, False]
    assert store.first(AskOnce("d", 30.0, 10.0))
    assert store.first(AskOnce("e", 40.0, 20.0))


def test_it_holds_what_can_still_be_shown_and_little_more() -> None:
    """Names that are over go, however long the proxy serves: at most those of two lives are held."""
    store, life = MemoryOnce(250), 100.0
    assert all(store.first(AskOnce(str(at), at + life, float(at))) for at in range(1_000))
