"""Prefixes and countries: read exactly, and refused with what was meant."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.policy.addresses import Prefix, country, prefix
from parclose.policy.errors import ScalarError


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("10.0.0.0/8", Prefix(4, 10 << 24, (11 << 24) - 1)),
        ("192.0.2.1", Prefix(4, 0xC0000201, 0xC0000201)),
        ("0.0.0.0/0", Prefix(4, 0, 2**32 - 1)),
        ("::1", Prefix(6, 1, 1)),
        ("::/0", Prefix(6, 0, 2**128 - 1)),
        ("::ffff:10.0.0.0/104", Prefix(4, 10 << 24, (11 << 24) - 1)),
        ("::ffff:192.0.2.1", Prefix(4, 0xC0000201, 0xC0000201)),
    ],
)
def test_prefixes(text: str, found: Prefix) -> None:
    """Both families, bare addresses, and IPv4 by its IPv6 name."""
    assert prefix(text) == found


@pytest.mark.parametrize(
    ("text", "id_", "fix"),
    [
        ("10.1.2.3/16", "NET006", "did you mean `10.1.0.0/16`?"),
        ("2001:db8::1/32", "NET006", "did you mean `2001:db8::/32`?"),
        ("10.0.0.0/33", "TYP002", "write a prefix such as `10.1.0.0/16` or `2001:db8::/32`"),
        ("10.0/16", "TYP002", "write all four numbers of an IPv4 address"),
        ("[::1]/128", "TYP002", "write it without brackets: `::1/128`"),
        ("10.0.0.0/255.0.0.0", "TYP002", "write a prefix such as `10.1.0.0/16` or `2001:db8::/32`"),
        ("fe80::1%eth0", "TYP002", "write `fe80::1`"),
        ("010.0.0.1", "TYP002", "write a prefix such as `10.1.0.0/16` or `2001:db8::/32`"),
        ("office", "TYP002", "write a prefix such as `10.1.0.0/16` or `2001:db8::/32`"),
    ],
)
def test_what_is_no_prefix(text: str, id_: str, fix: str) -> None:
    """Host bits have an id of their own; each slip says what to write."""
    with pytest.raises(ScalarError) as caught:
        prefix(text)
    assert (caught.value.id, caught.value.fix) == (id_, fix)


@given(st.integers(0, 2**32 - 1), st.integers(0, 32))
def test_prefixes_round_trip(number: int, length: int) -> None:
    """A prefix printed and read again is the same."""
    size = 1 << (32 - length)
    first = number // size * size
    found = Prefix(4, first, first + size - 1)
    assert prefix(str(found)) == found


@pytest.mark.parametrize(("text", "meant"), [("UK", "GB"), ("EL", "GR"), ("de", "DE"), ("USA", "US")])
def test_countries_that_are_none(text: str, meant: str) -> None:
    """What people write for a country is shown as its code."""
    with pytest.raises(ScalarError) as caught:
        country(text)
    assert (caught.value.id, caught.value.fix) == ("GEO003", f"did you mean `{meant}`?")


def test_norway_is_a_country() -> None:
    """`NO` is Norway: scalars are typed by the field."""
    assert country("NO") == "NO"
