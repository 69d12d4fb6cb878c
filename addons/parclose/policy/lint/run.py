"""All looks, in the order of the catalogue's families; on a load only those that can block it."""

from __future__ import annotations

from parclose.policy.lint.bench import Bench, Look

LOOKS: tuple[Look, ...] = ()


def look(bench: Bench, *, blocking_only: bool) -> None:
    """Report what there is to find; with `blocking_only` only what may be an error, as each load does."""
    for each in LOOKS:
        if not blocking_only or each.blocks:
            each.at(bench)
