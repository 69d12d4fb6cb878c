"""One spelling: what could be written in two ways is refused."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.stores import base64url


@given(st.binary())
def test_what_is_spelt_in_the_one_way_is_read(raw: bytes) -> None:
    """Each byte string has a spelling, and it is the unpadded one."""
    assert base64url.decode(base64.urlsafe_b64encode(raw).rstrip(b"=").decode()) == raw


@pytest.mark.parametrize(
    "text",
    ["YQ==", "YR", "Y Q", "Y\nQ", "YQ=", "a", "ab+c", "ab/c", "YWJj!", "YW=Jj", "=", "YWJjZA=="],
    ids=["padded", "loose bits", "blank", "line end", "half padded", "one character", "plus", "slash", "foreign",
         "padding inside", "padding alone", "padded again"],
)  # fmt: skip
def test_any_other_spelling_is_refused(text: str) -> None:
    """Two texts are never one token."""
    assert base64url.decode(text) is None


@given(st.text(alphabet=st.characters(max_codepoint=127)))
def test_no_text_raises_and_none_has_two_meanings(text: str) -> None:
    """Whatever ASCII comes: None, or bytes whose spelling is that text."""
    raw = base64url.decode(text)
    assert raw is None or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == text
