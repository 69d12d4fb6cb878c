"""JSON from strangers: what is taken, and each class of what is not."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.stores.strict_json import MAX_DEPTH, MAX_DIGITS, NotStrict, read_object


def nested(depth: int) -> bytes:
    """Return an object that is nested `depth` deep."""
    return b'{"a":' * depth + b"1" + b"}" * depth


@pytest.mark.parametrize(
    "raw",
    [
        b"{}",
        b' {"a": [1, 2.5, null, true, "x"]} ',
        '{"a":"\u00e9\\u00e9"}'.encode(),
        b'{"a":"\\ud83d\\ude00"}',
        nested(MAX_DEPTH),
        b'{"a":"' + b"{[" * 100 + b'"}',
        b'{"a":"\\"{{{{{{{{{{{{{{{{{{{{"}',
        b'{"a":' + b"9" * MAX_DIGITS + b"}",
    ],
)
def test_honest_json_is_read(raw: bytes) -> None:
    """Brackets in text do not count, escapes are honoured."""
    assert read_object(raw) == json.loads(raw)


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"1",
        b'"x"',
        b"null",
        b"{",
        b"{}x",
        b'{"a":1,"a":2}',
        b'{"x":{"a":1,"a":1}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * (MAX_DIGITS + 1) + b"}",
        b'{"a":"\x00"}',
        b'{"a":"\\ud800"}',
        b'{"\\udfff":1}',
        b"\xff{}",
        b"\xef\xbb\xbf{}",
        '{"a":1}'.encode("utf-16"),
        nested(MAX_DEPTH + 1),
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"{'a':1}",
        b'{"a":1,}',
    ],
    ids=lambda raw: repr(raw[:24]),
)
def test_the_rest_is_refused(raw: bytes) -> None:
    """Duplicates, NaN, huge numbers, broken text, depth: each is `NotStrict` and nothing else."""
    with pytest.raises(NotStrict):
        read_object(raw)


@given(st.binary() | st.text().map(str.encode) | st.text(alphabet='{}[]":,\\u0d8').map(str.encode))
def test_nothing_else_is_ever_raised(raw: bytes) -> None:
    """Whatever bytes come, the answer is an object or `NotStrict`."""
    with suppress(NotStrict):
        assert isinstance(read_object(raw), dict)
