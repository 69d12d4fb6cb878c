"""What a decision asks of the world, and the protocols that the world's drivers fill.

A stage yields an *ask* and receives its *answer*; who fetches it (an async driver live, an in-memory one in replay and
tests) is not its business.
"""

from __future__ import annotations

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

from parclose.facts import Place, Presented, Proof
from parclose.policy.segment import Limit
from parclose.value import value
from parclose.verdict import Charged, Reading


@value(frozen=True, slots=True)
class AskPlace:
    """Where does this address (canonical text, IPv4-mapped folded) lie? Answer: `Place`."""

    address: str


@value(frozen=True, slots=True)
class AskProof:
    """What does checking this credential show? `index` is its place in `Facts.presented`. Answer: `Proof`.

    `issuers` are those whose tokens would be taken, empty for any: nobody else need be asked about it.
    """

    index: int
    presented: Presented
    issuers: frozenset[str] = frozenset()


@value(frozen=True, slots=True)
class AskCached:
    """Is this credential already verified in the cache? Answer: bool. Changes nothing."""

    index: int
    presented: Presented


@value(frozen=True, slots=True)
class AskOnce:
    """Is this the first time that `name` is shown? Remembered until `until` (epoch seconds). Answer: bool.

    A store that is full says no: what was shown must never be forgotten while it could be shown again.
    """

    name: str
    until: float
    at: float


@value(frozen=True, slots=True)
class Hit:
    """`cost` units of `limit`, for one caller `key`."""

    limit: Limit
    key: str
    cost: int = 1


@value(frozen=True, slots=True)
class AskTake:
    """Look at all counters, then charge all, or none if any refuses. Answer: `Taken`.

    `at` is the request's own time; the store's time is never before the last it has seen. `dry` charges nothing.
    A slot (`concurrent`) is held from here until `AskRelease`, and is one whatever the hit costs.
    """

    hits: tuple[Hit, ...]
    at: float
    dry: bool = False


@value(frozen=True, slots=True)
class AskRelease:
    """Give back the concurrency slots of a request that has ended. Answer: True. Never has to be waited for."""

    hits: tuple[Hit, ...]


class Taken(NamedTuple):
    """What the counters said, in the order of the hits, and the charging's place in the order."""

    readings: tuple[Reading, ...]
    charged: Charged

    @property
    def passed(self) -> bool:
        """Whether every counter let the hit through, and so all were charged."""
        for reading in self.readings:  # a loop, since this is asked twice for every request  # noqa: SIM110
            if not reading.passed:
                return False
        return True


@value(frozen=True, slots=True)
class AskFailure:
    """Count one failed authentication; when that is over the rate, block the key for `block_s`. Answer: `Charged`."""

    hit: Hit
    block_s: float
    at: float


@value(frozen=True, slots=True)
class AskBlocked:
    """How many more seconds is this key blocked at `at`? Answer: float, 0.0 when it is not."""

    limit: Limit
    key: str
    at: float


@value(frozen=True, slots=True)
class AskAddresses:
    """Which addresses does this name have? Answer: tuple of canonical addresses, empty when it has none."""

    host: str
    port: int


type Ask = AskPlace | AskProof | AskCached | AskOnce | AskTake | AskRelease | AskFailure | AskBlocked | AskAddresses
type Answer = Place | Proof | bool | Taken | Charged | float | tuple[str, ...]


class Counter(Protocol):
    """A store of counters. One call is atomic: nothing comes between the look and the charge."""

    def take(self, ask: AskTake) -> Taken | Awaitable[Taken]:
        """Look at all counters of `ask`, then charge all, or none."""
        ...

    def release(self, ask: AskRelease) -> bool:
        """Give slots back, once for each take of them; a store that must wait for it does so behind the caller."""
        ...

    def fail(self, ask: AskFailure) -> Charged | Awaitable[Charged]:
        """Count a failed authentication and block the key when that is over the rate."""
        ...

    def blocked(self, ask: AskBlocked) -> float | Awaitable[float]:
        """Return the seconds for which a key is still blocked."""
        ...


class Once(Protocol):
    """Remembers what was shown, so that nothing counts twice."""

    def first(self, ask: AskOnce) -> bool | Awaitable[bool]:
        """Return whether this is the first time."""
        ...


class Verifier(Protocol):
    """Checks credentials against keys: signatures and hashes only, never time."""

    def prove(self, ask: AskProof) -> Proof | Awaitable[Proof]:
        """Return what checking the credential shows; never raises for anything a caller can send."""
        ...

    def cached(self, ask: AskCached) -> bool:
        """Return whether the credential was proven before and is still in the cache."""
        ...


class Atlas(Protocol):
    """Knows where addresses lie."""

    def locate(self, address: str) -> Place:
        """Return where `address` lies; unknown parts are None."""
        ...


class Resolver(Protocol):
    """Knows the addresses of names."""

    def resolve(self, host: str, port: int) -> Awaitable[tuple[str, ...]] | tuple[str, ...]:
        """Return every address of `host`, in canonical form; empty when there is none."""
        ...


class World(Protocol):
    """Answers every ask: the one thing a driver hands to the engine."""

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:
        """Return the answer, or an awaitable of it."""
        ...
