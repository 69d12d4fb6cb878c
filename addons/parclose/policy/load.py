"""The one way in: a path, and a way to read, to a policy; or everything that is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Callable

from parclose.policy.compile import compile_policy
from parclose.policy.model import Policy
from parclose.policy.nodes import Mark
from parclose.policy.schema import PolicySpec, decode
from parclose.policy.source import Source, TooMuchToSay

# What secrets look like wherever they stand: JSON web tokens, PEM private keys, and the prefixes of common services.
_SECRET = re.compile(
    r"eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----|\bgh[pousr]_[A-Za-z0-9]{36}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{20,}|\bsk_live_[A-Za-z0-9]{16,}"
)


def load(path: str, read: Callable[[str], bytes]) -> Policy:
    """Return the policy of the file at `path`, read through `read`, as is everything that it names.

    `read` raises OSError for what cannot be read. Names of files are relative to the policy's folder.

    Raises:
        PolicyError: the author's mistakes, all that one pass can see.
    """
    source = Source(path=path, read=read)
    policy = None
    try:
        policy = _load(source)
        _look_for_secrets(source)
    except TooMuchToSay:
        pass
    if source.findings or policy is None:
        raise source.error()
    return policy


def _load(source: Source) -> Policy | None:
    node = source.open()
    if node is None:
        return None
    spec = decode(PolicySpec, node, source)
    return None if spec is None else compile_policy(spec, source)


def _look_for_secrets(source: Source) -> None:
    for file, lines in source.texts.items():
        for number, line in enumerate(lines, 1):
            match = _SECRET.search(line)
            if match:
                source.report(
                    "KEY001", Mark(file, number, match.start() + 1), "this looks like a secret in clear text",
                    fix="write `{env: NAME}` or `{file: path}`, and replace the secret: it has been written down",
                )  # fmt: skip
