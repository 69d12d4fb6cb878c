"""What answers a decision's asks: live from the stores, offline from what was kept with the facts.

Both are dispatched by the type of the ask. `LiveWorld` is built for each policy revision around shared parts;
`OfflineWorld` serves tests, cases and replay, starts with empty counters, and never waits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any, Self

from parclose.facts import Facts, Kept, Place, Proof
from parclose.ports import (
    Answer,
    Ask,
    AskAddresses,
    AskBlocked,
    AskCached,
    AskFailure,
    AskOnce,
    AskPlace,
    AskProof,
    AskRelease,
    AskTake,
    Atlas,
    Counter,
    Once,
    Resolver,
    Verifier,
)
from parclose.stores.memory import MemoryCounter
from parclose.stores.once import MemoryOnce
from parclose.stores.resolver import canonical
from parclose.verdict import Charged

# `Any`: each method takes its own kind of ask, which a mapping by type cannot say.
type _Answering = Callable[[Any], Answer | Awaitable[Answer]]


class NotKept(LookupError):
    """A recording does not hold what this decision asks for: the outcome can only be guessed. `what` names it."""

    def __init__(self, what: str) -> None:
        super().__init__(f"{what} was not kept with the request")
        self.what = what


class LiveWorld:
    """The stores behind the ports, for one policy revision."""

    def __init__(
        self, *, counter: Counter, verifier: Verifier, atlas: Atlas, resolver: Resolver, once: Once | None = None
    ) -> None:
        self._answering: Mapping[type, _Answering] = {
            AskOnce: (once or MemoryOnce()).first,
            AskPlace: lambda ask: atlas.locate(ask.address),
            AskProof: verifier.prove,
            AskCached: verifier.cached,
            AskTake: counter.take,
            AskRelease: counter.release,
            AskFailure: counter.fail,
            AskBlocked: counter.blocked,
            AskAddresses: lambda ask: resolver.resolve(ask.host, ask.port),
        }

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:
        """Return the answer, or an awaitable of it."""
        return self._answering[type(ask)](ask)


class OfflineWorld:
    """Answers at once: first from `Facts.kept`, then from the parts it was given; never from anywhere else.

    Say `of(facts)` before each decision. With `charged_at` (the `limit_at` of a recording, in order) the counters see
    the instants at which the recorded charges were made, not the request's own.
    """

    def __init__(
        self,
        *,
        counter: Counter | None = None,
        verifier: Verifier | None = None,
        atlas: Atlas | None = None,
        resolver: Resolver | None = None,
    ) -> None:
        self._counter: Counter = counter or MemoryCounter()
        self._verifier = verifier
        self._atlas = atlas
        self._resolver = resolver
        self._kept = Kept()
        self._charged_at: list[float] = []
        self._answering: Mapping[type, _Answering] = {
            AskOnce: MemoryOnce().first,
            AskPlace: self._place,
            AskProof: self._proof,
            AskCached: self._cached,
            AskTake: self._take,
            AskRelease: self._counter.release,
            AskFailure: self._fail,
            AskBlocked: self._counter.blocked,
            AskAddresses: self._addresses,
        }

    def of(self, facts: Facts, charged_at: Iterable[float] = ()) -> Self:
        """Turn to another request; the counters go on."""
        self._kept = facts.kept or Kept()
        self._charged_at = list(charged_at)[::-1]
        return self

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:
        """Return the answer.

        Raises:
            NotKept: it was not kept, and there is no part to ask.
        """
        return self._answering[type(ask)](ask)

    def _place(self, ask: AskPlace) -> Place:
        """Return where an address lay."""
        if self._kept.place is not None:
            return self._kept.place
        if self._atlas is None:
            raise NotKept("country")
        return self._atlas.locate(ask.address)

    def _kept_proof(self, index: int) -> Proof | None:
        """Return the kept outcome of one credential."""
        proofs = self._kept.proofs
        return proofs[index] if index < len(proofs) else None

    def _proof(self, ask: AskProof) -> Answer | Awaitable[Answer]:
        """Return what checking a credential showed, or check it, where its text is still there."""
        proof = self._kept_proof(ask.index)
        if proof is not None:
            return proof
        if self._verifier is None or not ask.presented.text:
            raise NotKept("credential")
        return self._verifier.prove(ask)

    def _cached(self, ask: AskCached) -> bool:
        """Return whether a credential was known already; where neither that nor an outcome was kept: no."""
        proof = self._kept_proof(ask.index)
        if proof is not None or ask.index in self._kept.known:
            return proof is None or proof.cached
        return self._verifier is not None and bool(ask.presented.text) and self._verifier.cached(ask)

    def _take(self, ask: AskTake) -> Answer | Awaitable[Answer]:
        """Charge the counters of this world, at the recorded instant where there is one."""
        if self._charged_at and not ask.dry:
            ask = replace(ask, at=self._charged_at.pop())
        return self._counter.take(ask)

    def _fail(self, ask: AskFailure) -> Charged | Awaitable[Charged]:
        """Count a failure, at the recorded instant where there is one."""
        if self._charged_at:
            ask = replace(ask, at=self._charged_at.pop())
        return self._counter.fail(ask)

    def _addresses(self, ask: AskAddresses) -> Answer | Awaitable[Answer]:
        """Return what a name resolved to."""
        if self._kept.addresses is not None:
            return self._kept.addresses
        literal = canonical(ask.host)
        if literal:
            return (literal,)
        if self._resolver is None:
            raise NotKept("address resolution")
        return self._resolver.resolve(ask.host, ask.port)
