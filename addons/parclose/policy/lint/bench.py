"""What a look at a policy has before it: the policy as written and as used, and today's date where it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.guardrails import Breach
from parclose.policy.model import Policy
from parclose.policy.schema import PolicySpec

type Witness = Callable[[Policy, Breach], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One policy, compiled without a finding. `now` is epoch seconds; None: nothing is said about dates.

    `made_at` tells when a file was written or a database was built, in epoch seconds, or None where it cannot.
    `witness` returns in words a request that a guardrail forbids and that the engine lets in, or "". It comes from
    above, for nothing here can decide; without it a guardrail's failure is told without one.
    """

    desk: Desk
    policy: Policy
    now: float | None = None
    witness: Witness | None = None
    made_at: Callable[[str], float | None] | None = None

    @property
    def spec(self) -> PolicySpec:
        """The policy as it is written."""
        return self.desk.spec


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look: the ids it may report (through `bench.desk.report`), and how it looks.

    `blocks` looks may report an error, and are taken on each load; the others only for people.
    """

    ids: tuple[str, ...]
    at: Callable[[Bench], None]
    blocks: bool = False
