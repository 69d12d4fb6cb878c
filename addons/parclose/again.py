"""Judging again: whether what was admitted and goes on (a WebSocket, an event stream, a tunnel) still holds.

The same stages over the same facts at another instant, under the policy that is in force by then, and with whatever the
world says now: a token may have expired, a key been revoked, a route gone. Limits are left out, and nothing is charged
or counted: this is no new request. What was shown once for the whole connection stays shown: a DPoP proof is as old as
its request, and a name's addresses are those that are connected to.
"""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from typing import Final, cast

from parclose.engine import STAGES, advance, begin, drive, verdict_of
from parclose.facts import Proof
from parclose.policy.model import Policy
from parclose.ports import Answer, Ask, AskAddresses, AskBlocked, AskFailure, AskOnce, AskProof, AskTake, Taken, World
from parclose.stages.walk import Walk
from parclose.verdict import Charged, Verdict

LIMITS: Final = next(place for place, stage in enumerate(STAGES) if stage.name == "rate")
# What has no end of its own is looked at all the same: zones, countries and answers of others change without a word.
LONGEST_S: Final = 60.0
SOON_S: Final = 1.0


@dataclass(slots=True)
class Again:
    """A walk under way for the second time, and what answers it."""

    first: Walk
    walk: Walk
    world: World

    def answer(self, ask: Ask) -> Answer | Awaitable[Answer]:
        """Return what the world says now, but for what was settled at the beginning."""
        match ask:
            case AskTake(at=at):
                return Taken((), Charged(0, at))
            case AskFailure(at=at):
                return Charged(0, at)
            case AskBlocked():
                return 0.0
            case AskOnce():
                return True
            case AskAddresses() if self.first.resolved is not None:
                return self.first.resolved
            case AskProof():
                proof = self.world.answer(ask)
                return self._still(proof) if isinstance(proof, Proof) else self._later(cast("Awaitable[Proof]", proof))
        return self.world.answer(ask)

    def _still(self, proof: Proof) -> Proof:
        """Let the proof of possession that came with a token be one of now."""
        shown = proof.possession
        return proof if shown is None else replace(proof, possession=replace(shown, iat=self.walk.facts.at, fresh=True))

    async def _later(self, proof: Awaitable[Proof]) -> Proof:
        """Do the same once the world has answered."""
        return self._still(await proof)

    def judge(self) -> Awaitable[None] | None:
        """Take the walk up to the limits; None when done, or what is left where the world must wait."""
        return drive(advance(self.walk, STAGES[:LIMITS]), self)

    def refusal(self) -> Verdict | None:
        """Return why it does not hold any more, None when it does; to be asked when all is judged."""
        return None if self.walk.denial is None and self.walk.next_stage == LIMITS else verdict_of(self.walk)

    def due(self) -> float:
        """Return when to look again at what holds (epoch seconds): when something in it ends, at most in a minute."""
        walk, now = self.walk, self.walk.facts.at
        ends = [now + LONGEST_S, *(cut for cut in walk.policy.zones.cuts if cut > now)]
        principal = walk.principal
        if principal is not None:
            if principal.expires_at is not None:
                ends.append(principal.expires_at)
            issuer = walk.policy.issuers.get(principal.issuer)
            if issuer is not None and issuer.introspection is not None:
                ends.append(now + issuer.introspection.cache_s)
            oldest = walk.segment.authn.max_token_age_s if walk.segment is not None else None
            if oldest is not None and principal.issued_at is not None:
                ends.append(principal.issued_at + oldest)
        return max(min(ends), now + SOON_S)


def begin_again(first: Walk, policy: Policy, world: World, at: float) -> Again:
    """Begin to judge again what `first` admitted, by `policy` at `at` (epoch seconds); `world` is the policy's own."""
    return Again(first, begin(policy, replace(first.facts, at=at)), world)
