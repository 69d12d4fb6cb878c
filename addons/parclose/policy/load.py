"""The one way in: a path, and a way to read, to a policy; or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace

from parclose.policy.compile import compile_policy
from parclose.policy.desk import Desk
from parclose.policy.errors import Finding
from parclose.policy.fence import check_fences
from parclose.policy.include import gather
from parclose.policy.lint.allowed import look_at_allowances
from parclose.policy.lint.bench import Bench, Witness
from parclose.policy.lint.run import look
from parclose.policy.model import Policy
from parclose.policy.nodes import Mark
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.source import ListFiles, Source, TooMuchToSay
from parclose.policy.tree_cache import TreeCache

# What secrets look like wherever they stand: JSON web tokens, PEM private keys, and the prefixes of common services.
_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}|\bsk_live_[A-Za-z0-9]{16,}"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """What is to be said of a policy: `policy` is None where an error is among the findings."""

    policy: Policy | None
    findings: tuple[Finding, ...]
    desk: Desk | None = None


def examine(
    path: str,
    read: Callable[[str], bytes],
    *,
    now: float | None = None,
    list_files: ListFiles | None = None,
    cache: TreeCache | None = None,
    witness: Witness | None = None,
    made_at: Callable[[str], float | None] | None = None,
) -> Examined:
    """Return the policy of the file at `path` with everything that can be said about it, warnings and advice too.

    `now` is epoch seconds; without it nothing is said about dates. `made_at` tells when a file was written, or a
    database built; without it nothing is said of their age. The others are as for `load`.
    """
    source = Source(path=path, read=read, list_files=list_files, cache=cache)
    bench = _bench(source, now=now, blocking_only=False, witness=witness, made_at=made_at)
    taken = bench is not None and not source.blocked
    return Examined(
        policy=bench.policy if bench is not None and taken else None,
        findings=source.placed(),
        desk=bench.desk if bench is not None and taken else None,
    )


def load(
    path: str,
    read: Callable[[str], bytes],
    *,
    list_files: ListFiles | None = None,
    cache: TreeCache | None = None,
    witness: Witness | None = None,
) -> Policy:
    """Return the policy of the file at `path`, read through `read`, as is everything that it names.

    `read` raises OSError for what cannot be read. Names of files are relative to the policy's folder. `list_files` is
    handed the policy's folder and a pattern and returns the names of the files that it means; without it a policy
    can include files by name only. With `cache` a file that has not changed since is not parsed again. `witness` shows
    for a guardrail that does not hold a request that gets in all the same (`lint/bench.py`).

    Raises:
        PolicyError: the author's mistakes, all that one pass can see.
    """
    source = Source(path=path, read=read, list_files=list_files, cache=cache)
    bench = _bench(source, now=None, blocking_only=True, witness=witness)
    if bench is None or source.blocked:
        raise source.error()
    return bench.policy


def _bench(
    source: Source, *, now: float | None, blocking_only: bool, witness: Witness | None,
    made_at: Callable[[str], float | None] | None = None,
) -> Bench | None:  # fmt: skip
    """Return what was compiled, as far as one gets; what is wrong is in the source."""
    bench = None
    with suppress(TooMuchToSay):
        gathered = gather(source)
        spec = None if gathered is None else decode(PolicySpec, gathered.root, source)
        if gathered is not None and gathered.whole and spec is not None:
            desk = Desk(spec=spec, source=source, includes=gathered.by_file)
            included = tuple(str(source.folder / file) for file in sorted(desk.includes))
            policy = replace(compile_policy(desk), included=included)
            bench = Bench(desk=desk, policy=policy, now=now, witness=witness, made_at=made_at)
            check_fences(desk, (policy.shadow or policy).segments)
        _look_for_secrets(source)
        if bench is not None and not source.blocked:
            look(bench, blocking_only=blocking_only)
            if not blocking_only:
                look_at_allowances(source, dated=now is not None)
    if source.cache is not None and not source.blocked:
        source.cache.keep_only(source.trees)
    return bench


def _look_for_secrets(source: Source) -> None:
    for file, lines in source.texts.items():
        for number, line in enumerate(lines, 1):
            match = _SECRET.search(line)
            if match:
                source.report(
                    "KEY001", Mark(file, number, match.start() + 1), "this looks like a secret in clear text",
                    fix="write `{env: NAME}` or `{file: path}`, and replace the secret: it has been written down",
                )  # fmt: skip
