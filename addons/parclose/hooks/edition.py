"""An edition: one policy in force, with the world that answers it and the secrets it forwards. Swapped whole."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from OpenSSL import SSL

from parclose.audit.journal import Journal
from parclose.audit.redact import Redactor
from parclose.hooks.client_tls import Asks
from parclose.policy.model import Policy
from parclose.ports import World
from parclose.stores.assertion import AssertionSigner


@dataclass(frozen=True, slots=True, kw_only=True)
class Edition:
    """Everything that one revision of the policy needs to judge and forward; immutable once it serves.

    `secrets` holds what `forward.set` names, by segment and header; `signers` what signs for upstreams, by segment;
    `trust` the CAs of upstreams that name their own, by host and port; `asks` what listeners ask of handshakes.
    `shadow` answers second verdicts, with counters and proven tokens of its own; None where nothing is on trial.
    `since` is epoch seconds of the swap.
    """

    policy: Policy
    world: World
    journal: Journal
    redactor: Redactor
    since: float
    shadow: World | None = None
    trust: Mapping[tuple[str, int], SSL.Context] = field(default_factory=dict, repr=False)
    asks: Asks = field(default_factory=dict, repr=False)
    secrets: Mapping[tuple[str, str], str] = field(default_factory=dict, repr=False)
    signers: Mapping[str, AssertionSigner] = field(default_factory=dict, repr=False)
