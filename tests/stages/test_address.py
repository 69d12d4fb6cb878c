"""Addresses in the spellings of headers, people and attackers."""

from __future__ import annotations

from ipaddress import IPv6Address, ip_address

import pytest

from parclose.stages.address import embedded, read_address, read_forwarded, read_hop, read_literal


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:DB8::1", "2001:db8::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("::ffff:c000:201", "192.0.2.1"),
        ("", None),
        ("unknown", None),
        ("192.0.2.1/32", None),
        ("192.0.2.256", None),
        ("192.0.2.01", None),
        ("192.0.2", None),
        ("0x7f.1", None),
        ("1.2.3.4.5", None),
        ("\uff1192.0.2.1", None),
        (" 192.0.2.1", None),
        (":::", None),
    ],
)
def test_an_address_has_one_ordinary_spelling(text: str, expected: str | None) -> None:
    """Mapped addresses are IPv4 everywhere; anything odd is no address."""
    assert (ip_address(expected) if expected else None) == read_address(text)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("192.0.2.1", "192.0.2.1"),
        (" 192.0.2.1\t", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("[2001:db8::1]", "2001:db8::1"),
        ("[2001:db8::1]:4711", "2001:db8::1"),
        ('"[2001:db8::1]:4711"', "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("", None),
        ("192.0.2.1:", None),
        ("192.0.2.1:x", None),
        ("192.0.2.1:123456", None),
        ("[192.0.2.1]", None),
        ("[2001:db8::1", None),
        ("[2001:db8::1]x", None),
        ("[2001:db8::1]:", None),
        ("unknown", None),
        ("_hidden", None),
        ("192.0.2.1 192.0.2.2", None),
        ('"', None),
    ],
)
def test_a_hop_may_have_brackets_quotes_and_port(element: str, expected: str | None) -> None:
    """What proxies write is read; what they do not is never half read."""
    assert (ip_address(expected) if expected else None) == read_hop(element)


@pytest.mark.parametrize(
    ("element", "expected"),
    [
        ("for=192.0.2.1", "192.0.2.1"),
        ("For=192.0.2.1;proto=https;by=10.0.0.1", "192.0.2.1"),
        ('proto=https; for="[2001:db8::1]:4711"', "2001:db8::1"),
        ("192.0.2.1", "192.0.2.1"),
        ("for=unknown", None),
        ("for=_hidden", None),
        ("proto=https", None),
        ("for=192.0.2.1;for=192.0.2.2", None),
    ],
)
def test_a_forwarded_element_names_one_address(element: str, expected: str | None) -> None:
    """RFC 7239: `for` is one node; two of them, or a hidden one, name nobody."""
    assert (ip_address(expected) if expected else None) == read_forwarded(element)


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("127.0.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0X7F.1", "127.0.0.1"),
        ("0177.0.0.01", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("0x", "0.0.0.0"),
        ("10.65535", "10.0.255.255"),
        ("10.16777215", "10.255.255.255"),
        ("169.254.43518", "169.254.169.254"),
        ("[::1]", "::1"),
        ("::1", "::1"),
        ("[::ffff:127.0.0.1]", "127.0.0.1"),
        ("fe80::1%25eth0", "fe80::1"),
        ("api.example", None),
        ("1.example", None),
        ("08.0.0.1", None),
        ("256.0.0.1", None),
        ("10.16777216", None),
        ("4294967296", None),
        ("1.2.3.4.5", None),
        ("", None),
        ("1..2", None),
        ("-1", None),
    ],
)
def test_a_literal_host_means_what_a_resolver_takes_it_for(host: str, expected: str | None) -> None:
    """SSRF: loopback has many spellings, and each is the same address."""
    assert (ip_address(expected) if expected else None) == read_literal(host)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("2001:db8::1", []),
        ("2002:7f00:1::", ["127.0.0.1"]),
        ("::ffff:0:7f00:1", ["127.0.0.1"]),
        ("64:ff9b::7f00:1", ["127.0.0.1"]),
        ("64:ff9b:1::a9fe:a9fe", ["169.254.169.254"]),
        ("::7f00:1", ["127.0.0.1"]),
        ("2001:0:4136:e378:8000:63bf:80ff:fffe", ["65.54.227.120", "127.0.0.1"]),
    ],
)
def test_wrapped_addresses_are_unwrapped(address: str, expected: list[str]) -> None:
    """A translator or tunnel would deliver to the IPv4 inside, so that one counts too."""
    assert expected == [str(inner) for inner in embedded(IPv6Address(address))]
