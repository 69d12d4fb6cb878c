"""What would be believed if these failed: a message that was cut, damaged, or is none at all."""

from __future__ import annotations

import io
import pickle
from collections.abc import Callable

import pytest

from parclose.hooks.frames import (
    DIGEST_BYTES,
    LENGTH_BYTES,
    MOST_BYTES,
    Answer,
    Broken,
    frame,
    read_answer,
    unframe,
    write_answer,
)

HEAD = LENGTH_BYTES + DIGEST_BYTES


def taking(message: bytes) -> Callable[[int], bytes]:
    """Return what reads a message."""
    return io.BytesIO(message).read


@pytest.mark.parametrize("content", [b"", b"x", bytes(range(256)) * 300])
def test_a_message_arrives(content: bytes) -> None:
    """Also an empty one, and what follows it is left."""
    read = taking(frame(content) + frame(b"next"))
    assert (unframe(read), unframe(read)) == (content, b"next")


@pytest.mark.parametrize("kept", [0, 1, LENGTH_BYTES, HEAD - 1, HEAD, HEAD + 4])
def test_a_cut_message_is_none(kept: int) -> None:
    """Wherever the process was killed."""
    with pytest.raises(Broken, match=r"ended without|cut short"):
        unframe(taking(frame(b"hello")[:kept]))


def test_every_flipped_bit_is_seen() -> None:
    """In the length, the digest, and the content."""
    whole = frame(b"hello")
    for place in range(len(whole) * 8):
        spoilt = bytearray(whole)
        spoilt[place // 8] ^= 1 << place % 8
        with pytest.raises(Broken):
            unframe(taking(bytes(spoilt)))


def test_an_endless_message_is_not_waited_for() -> None:
    """A length beyond the largest is no length; nothing of it is read."""
    head = (MOST_BYTES + 1).to_bytes(LENGTH_BYTES) + bytes(DIGEST_BYTES)
    with pytest.raises(Broken, match="no message"):
        unframe(taking(head))


def test_an_answer_arrives() -> None:
    """Findings, what was watched, and the pieces in order."""
    sent = Answer(findings=("a", "b"), watched=({"p": None}, {}, {}), pieces=(b"one", b"", b"three"))
    got = read_answer(write_answer(sent))
    assert (got.findings, got.watched) == (sent.findings, sent.watched)
    assert [bytes(piece) for piece in got.pieces] == [b"one", b"", b"three"]


class Foreign:
    """Stands for a class that nobody sends."""


@pytest.mark.parametrize(
    "summary",
    [b"", b"garbage", pickle.dumps(7), pickle.dumps((1,)), pickle.dumps((Foreign(), ())), pickle.dumps((1, 2))],
    ids=["empty", "no pickle", "a number", "too few", "a class", "no collections"],
)
def test_what_is_no_answer_is_refused(summary: bytes) -> None:
    """Nothing but texts, numbers and collections is made of it."""
    with pytest.raises(Broken, match="no message"):
        read_answer(len(summary).to_bytes(LENGTH_BYTES) + summary)


def test_an_answer_without_parts_is_none() -> None:
    """It has at least a summary."""
    with pytest.raises(Broken):
        read_answer(b"")
