"""Messages over a pipe: a length, then so many bytes; and the answer of the process that compiles policies.

An answer is a summary, which says how the policy fared and what was read for it, then the policy in pieces. Both ends
are ours, but one may be killed at any byte, so nothing that is received is believed before its digest is.
"""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

LENGTH_BYTES = 8
DIGEST_BYTES = 32
# A policy of 1,000 segments with 50 routes each has 17 MB.
MOST_BYTES = 1 << 30

# What loading a damaged pickle raises; of one that names no class.
DAMAGE = (
    pickle.UnpicklingError, EOFError, TypeError, ValueError, LookupError, AttributeError, OverflowError, MemoryError,
)  # fmt: skip


class Broken(Exception):
    """What was received is no message: cut short, too long, or damaged; says which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How a policy fared. `findings` empty means well; `watched` is what was read and looked at, to be watched on."""

    findings: tuple[str, ...] = ()
    watched: tuple[dict[Any, Any], ...] = ()
    pieces: tuple[bytes | memoryview, ...] = field(default=(), repr=False)


def frame(content: bytes) -> bytes:
    """Return one message."""
    return len(content).to_bytes(LENGTH_BYTES) + sha256(content).digest() + content


def unframe(take: Callable[[int], bytes | memoryview]) -> bytes | memoryview:
    """Return the content of the next message; `take` returns so many bytes, fewer only at the end.

    Raises:
        Broken: there is none, or not a whole one.
    """
    head = take(LENGTH_BYTES + DIGEST_BYTES)
    if len(head) < LENGTH_BYTES + DIGEST_BYTES:
        raise Broken("it ended without an answer")
    length, digest = int.from_bytes(head[:LENGTH_BYTES]), head[LENGTH_BYTES:]
    if length > MOST_BYTES:
        raise Broken("its answer is no message")
    content = take(length)
    if len(content) < length:
        raise Broken("its answer was cut short")
    if sha256(content).digest() != digest:
        raise Broken("its answer is damaged")
    return content


def write_answer(answer: Answer) -> bytes:
    """Return an answer as the content of a message."""
    summary = pickle.dumps((answer.findings, answer.watched), 5)
    parts = [summary, *answer.pieces]
    return b"".join(part for content in parts for part in (len(content).to_bytes(LENGTH_BYTES), content))


def read_answer(content: bytes | memoryview) -> Answer:
    """Return the answer that a message holds; its pieces are not looked into.

    Raises:
        Broken: it is none.
    """
    parts = list(_parts(memoryview(content)))
    try:
        findings, watched = _Plain(io.BytesIO(parts[0])).load()
        return Answer(findings=tuple(map(str, findings)), watched=tuple(watched), pieces=tuple(parts[1:]))
    except DAMAGE as wrong:
        raise Broken("its answer is no message") from wrong


def _parts(content: memoryview) -> Iterator[memoryview]:
    at = 0
    while at < len(content):
        length = int.from_bytes(content[at : at + LENGTH_BYTES])
        at += LENGTH_BYTES
        yield content[at : at + length]
        at += length


class _Plain(pickle.Unpickler):
    """Reads texts, numbers and collections of them, nothing else."""

    def find_class(self, module: str, name: str) -> object:
        """Refuse every class.

        Raises:
            UnpicklingError: always.
        """
        raise pickle.UnpicklingError(f"`{module}.{name}` is not plain")
