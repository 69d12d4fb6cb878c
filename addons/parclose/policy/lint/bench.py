"""What a look at a policy has before it: the policy as written and as used, and today's date where it is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.model import Policy
from parclose.policy.schema import PolicySpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """One policy, compiled without a finding. `now` is epoch seconds; None: nothing is said about dates."""

    desk: Desk
    policy: Policy
    now: float | None = None

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
