"""All looks, in the order of the catalogue's families; on a load only those that can block it."""

from __future__ import annotations

from parclose.policy.lint import (
    audit,
    budget,
    clients,
    forward,
    geo,
    guardrails,
    handshakes,
    identity,
    keys,
    limits,
    modes,
    network,
    reach,
    routes,
    scopes,
    segments,
    spellings,
    surfaces,
    unused,
)
from parclose.policy.lint.bench import Bench, Look

LOOKS: tuple[Look, ...] = (
    *reach.LOOKS,
    *surfaces.LOOKS,
    *segments.LOOKS,
    *routes.LOOKS,
    *spellings.LOOKS,
    *budget.LOOKS,
    *clients.LOOKS,
    *scopes.LOOKS,
    *guardrails.LOOKS,
    *network.LOOKS,
    *geo.LOOKS,
    *handshakes.LOOKS,
    *identity.LOOKS,
    *keys.LOOKS,
    *limits.LOOKS,
    *modes.LOOKS,
    *forward.LOOKS,
    *audit.LOOKS,
    *unused.LOOKS,
)


def look(bench: Bench, *, blocking_only: bool) -> None:
    """Report what there is to find; with `blocking_only` only what may be an error, as each load does.

    What may be an error comes first: warnings are not looked for without end, and must not use up the room for it.
    """
    for each in sorted(LOOKS, key=lambda one: not one.blocks):
        if not blocking_only or each.blocks:
            each.at(bench)
