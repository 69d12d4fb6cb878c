"""What answers a decision's asks, live and offline."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.facts import Facts, Kept, Place, Possession, Presented, Proof
from parclose.ports import (
    AskAddresses,
    AskBlocked,
    AskCached,
    AskFailure,
    AskOnce,
    AskPlace,
    AskProof,
    AskTake,
    Hit,
    Taken,
)
from parclose.stores.memory import MemoryCounter
from parclose.stores.world import LiveWorld, NotKept, OfflineWorld
from tests.stores.contract_counter import AT, limit

RATE = limit(count=1)
TOKEN = Presented(kind="token", place="authorization", text="secret")
BARE = Presented(kind="token", place="authorization")
PROOF = Proof(kind="token", state="ok", issuer="login", cached=True)


class Parts:
    """Verifier, atlas and resolver that answer in a way one can tell."""

    def prove(self, ask: AskProof) -> Proof:
        """Return a proof that names the credential."""
        return Proof(kind="token", state="ok", key_id=str(ask.index))

    def cached(self, ask: AskCached) -> bool:
        """Return that it is."""
        return True

    def locate(self, address: str) -> Place:
        """Return a country."""
        return Place(country="DE")

    def resolve(self, host: str, port: int) -> tuple[str, ...]:
        """Return an address."""
        return ("203.0.113.7",)


def facts(kept: Kept | None = None) -> Facts:
    """Return a request."""
    return Facts(
        at=AT, decision="d", listener="edge", kind="reverse", method="GET", host="h", target="/", peer="", kept=kept
    )


def worlds() -> list[LiveWorld | OfflineWorld]:
    """Return worlds that have every part."""
    parts = Parts()
    return [
        LiveWorld(counter=MemoryCounter(), verifier=parts, atlas=parts, resolver=parts),
        OfflineWorld(verifier=parts, atlas=parts, resolver=parts),
    ]


@pytest.mark.parametrize("world", worlds(), ids=["live", "offline"])
def test_each_ask_reaches_its_part(world: LiveWorld | OfflineWorld) -> None:
    """By type; the answers are those of the parts."""
    asks: list[tuple[Any, object]] = [
        (AskPlace("203.0.113.7"), Place(country="DE")),
        (AskProof(3, TOKEN), Proof(kind="token", state="ok", key_id="3")),
        (AskCached(0, TOKEN), True),
        (AskAddresses("api.example", 443), ("203.0.113.7",)),
        (AskBlocked(RATE, "k", AT), 0.0),
    ]
    for ask, answer in asks:
        assert world.answer(ask) == answer
    taken = world.answer(AskTake((Hit(RATE, "k"),), AT))
    assert isinstance(taken, Taken)
    assert taken.passed
    assert world.answer(AskFailure(Hit(RATE, "z"), 1.0, AT)) == (2, AT)


def test_what_was_kept_comes_first() -> None:
    """A recording is decided by what was known then, not by what the parts would say now."""
    kept = Kept(proofs=(None, PROOF), place=Place(), addresses=())
    parts = Parts()
    world = OfflineWorld(verifier=parts, atlas=parts, resolver=parts).of(facts(kept))
    assert world.answer(AskPlace("203.0.113.7")) == Place()
    assert world.answer(AskProof(1, BARE)) is PROOF
    assert world.answer(AskCached(1, BARE)) is True
    assert world.answer(AskAddresses("api.example", 443)) == ()


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (AskPlace("203.0.113.7"), "country"),
        (AskProof(0, TOKEN), "credential"),
        (AskAddresses("api.example", 443), "address resolution"),
    ],
)
def test_what_was_not_kept_is_said(ask: Any, what: str) -> None:
    """Never guessed: whoever asks hears what is missing."""
    with pytest.raises(NotKept, match=f"{what} was not kept") as caught:
        OfflineWorld().of(facts()).answer(ask)
    assert caught.value.what == what


def test_a_copy_is_told_from_a_first_showing() -> None:
    """As it was kept; of a recording that holds the proofs themselves, as they come; else nobody guesses."""
    once = AskOnce("a", AT + 60, AT)
    world = OfflineWorld()
    assert [world.of(facts()).answer(once) for _ in range(2)] == [True, False]
    for first in (True, False):
        assert world.of(facts(Kept(first=first))).answer(once) is first
    shown = Proof(kind="token", state="ok", possession=Possession(state="ok"))
    with pytest.raises(NotKept):
        world.of(facts(Kept(proofs=(None, shown)))).answer(once)


def test_a_credential_without_its_text_is_never_tried() -> None:
    """A recording holds no tokens: an empty one is not a bad one."""
    world = OfflineWorld(verifier=Parts()).of(facts(Kept(proofs=(None,))))
    with pytest.raises(NotKept):
        world.answer(AskProof(0, BARE))
    assert world.answer(AskCached(0, BARE)) is False


def test_an_address_is_its_own_resolution() -> None:
    """No resolver is needed for one."""
    assert OfflineWorld().answer(AskAddresses("::ffff:10.0.0.1", 80)) == ("10.0.0.1",)


def test_counters_go_on_from_request_to_request() -> None:
    """One world is one set of counters, on the clock of the requests."""
    world = OfflineWorld()
    passed = []
    for at in (AT, AT + 0.5, AT + 1):
        taken = world.of(facts()).answer(AskTake((Hit(RATE, "k"),), at))
        assert isinstance(taken, Taken)
        passed.append(taken.passed)
    assert passed == [True, False, True]


def test_recorded_instants_of_charging_are_followed() -> None:
    """In order, one for each charge; a dry look uses none, and after the last the request's own time counts."""
    world = OfflineWorld().of(facts(), charged_at=(AT + 1, AT + 2))
    for ask, at in (
        (AskTake((Hit(RATE, "k"),), AT, dry=True), AT),
        (AskTake((Hit(RATE, "k"),), AT), AT + 1),
        (AskFailure(Hit(RATE, "k"), 1.0, AT), AT + 2),
        (AskTake((Hit(RATE, "k"),), AT + 3), AT + 3),
    ):
        answer = world.answer(ask)
        charged = answer.charged if isinstance(answer, Taken) else answer
        assert getattr(charged, "at", None) == at
