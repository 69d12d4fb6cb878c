"""What would be believed if these failed: that speed was bought by letting a field of another type into a message."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mitmproxy import http

from parclose.hooks import message_types
from parclose.hooks.message_types import expected

REQUEST = http.Request.make("GET", "http://example.com/").data
RESPONSE = http.Response.make(200).data
VALUES: st.SearchStrategy[Any] = st.sampled_from((None, b"x", "x", 1, 1.5, True, (), [], http.Headers(), {}, object))


@pytest.fixture(autouse=True, scope="module")
def installed() -> Iterator[None]:
    """Look at plain values first, and put mitmproxy's own back."""
    message_types.install()
    yield
    message_types.uninstall()


def outcome(look: Any, message: http.MessageData) -> str:
    """Return what a look at a message says."""
    try:
        look(message)
    except TypeError as error:
        return str(error)
    return "taken"


@pytest.mark.parametrize("message", [REQUEST, RESPONSE], ids=["request", "response"])
@given(data=st.data())
def test_every_message_is_judged_as_by_mitmproxy(message: http.MessageData, data: st.DataObject) -> None:
    """Whatever the fields hold, the same messages are taken, and refused with the same words."""
    types = http.MessageData.__post_init__.parclose  # type: ignore[attr-defined]
    changed = object.__new__(type(message))
    vars(changed).update(vars(message))
    name = data.draw(st.sampled_from(sorted(vars(message))))
    vars(changed)[name] = data.draw(VALUES)
    assert outcome(types.look, changed) == outcome(types.stock, changed)


def test_a_wrong_type_is_still_refused() -> None:
    """The installed look refuses, through the dataclass itself."""
    with pytest.raises(TypeError, match="status_code"):
        replace(RESPONSE, status_code="200")  # type: ignore[arg-type]


def test_only_what_is_plain_is_taken_without_mitmproxy() -> None:
    """A type expression that is not a plain class, or a choice of them, is left to mitmproxy."""
    assert expected(bytes | None) == {bytes, type(None)}
    assert expected(float) == {float}
    assert expected(Any) == frozenset()


def test_installing_twice_changes_nothing() -> None:
    """The look is not stacked on itself, and comes off in one go."""
    message_types.install()
    stock = http.MessageData.__post_init__.parclose.stock  # type: ignore[attr-defined]
    assert not hasattr(stock, "parclose")
