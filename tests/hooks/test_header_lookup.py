"""What would be believed if these failed: that a header is seen, or missed, where mitmproxy itself says otherwise."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from parclose.hooks import header_lookup

LOOKS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "get": (http.Headers.get, header_lookup.get),
    "get_all": (http.Headers.get_all, header_lookup.get_all),
    "in": (http.Headers.__contains__, header_lookup.contains),
    "[]": (http.Headers.__getitem__, header_lookup.getitem),
}
KEYS = st.sampled_from((b"Host", b"host", b"HOST", b"x-\xff", b"X-\xc3\x89", b""))
ASKED = st.one_of(KEYS, KEYS.map(lambda key: key.decode("utf-8", "surrogateescape")), st.sampled_from((1, None)))


def outcome(look: Callable[..., Any], headers: http.Headers, name: object) -> object:
    """Return what a look says, or what it raises."""
    try:
        return look(headers, name)
    except (AttributeError, KeyError, TypeError) as error:
        return type(error), str(error)


@pytest.mark.parametrize("kind", LOOKS)
@given(fields=st.lists(st.tuples(KEYS, st.binary(max_size=6)), max_size=4), name=ASKED)
def test_each_look_says_what_mitmproxy_says(kind: str, fields: list[tuple[bytes, bytes]], name: object) -> None:
    """Whatever the fields and the name, with repeated headers, odd bytes and wrong types."""
    stock, ours = LOOKS[kind]
    headers = http.Headers(fields)
    assert outcome(ours, headers, name) == outcome(stock, headers, name)


def test_a_default_is_given_back() -> None:
    """A missing header gives the default, a present empty one does not."""
    assert header_lookup.get(http.Headers(), "x", "none") == "none"
    assert not header_lookup.get(http.Headers([(b"x", b"")]), "x", "none")


def test_what_is_installed_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The four looks of the class are ours."""
    for name in header_lookup.NAMES:
        monkeypatch.setattr(http.Headers, name, getattr(http.Headers, name))
    header_lookup.install()
    headers = http.Headers([(b"A", b"1"), (b"a", b"2")])
    assert (headers["a"], headers.get("A"), "b" in headers, headers.get_all("a")) == ("1, 2", "1, 2", False, ["1", "2"])
