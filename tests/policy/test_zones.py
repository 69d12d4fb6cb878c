"""Zones: one look answers every zone, as naive membership would, at any time and in any spelling."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from timeit import timeit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from parclose.policy.addresses import Prefix, prefix
from parclose.policy.zones import Entry, Zone, ZoneIndex, build_zones


def zone(name: str, *cidrs: str, union: tuple[str, ...] = (), without: tuple[str, ...] = ()) -> Zone:
    """Return a zone of prefixes that hold for ever."""
    return Zone(name=name, entries=tuple(Entry(prefix=prefix(each)) for each in cidrs), union=union, without=without)


def held(index: ZoneIndex, address: str, at: float = 0.0) -> tuple[str, ...]:
    """Return the names of the zones of an address."""
    return index.names(index.mask(ip_address(address), at))


@pytest.mark.parametrize(
    ("address", "zones"),
    [
        ("8.8.8.8", ("any",)),
        ("10.0.0.1", ("private", "internal")),
        ("::ffff:10.0.0.1", ("private", "internal")),
        ("127.0.0.1", ("loopback", "internal")),
        ("::1", ("loopback", "internal")),
        ("169.254.169.254", ("internal",)),
        ("168.63.129.16", ("internal",)),
        ("100.64.0.1", ("internal",)),
        ("fd00:ec2::254", ("private", "internal")),
        ("224.0.0.1", ("internal",)),
        ("255.255.255.255", ("internal",)),
        ("0.0.0.0", ("internal",)),
        ("64:ff9b::a00:1", ("internal",)),
        ("64:ff9b::808:808", ("any",)),
        ("2002:a00:1::", ("internal",)),
        ("::a00:1", ("internal",)),
        ("ff02::1", ("internal",)),
        ("fe80::1", ("internal",)),
        ("2600::1", ("any",)),
    ],
)
def test_the_built_in_zones(address: str, zones: tuple[str, ...]) -> None:
    """Internal is every address that is not a public destination, in both families and every spelling."""
    assert held(build_zones(()), address) == zones


def test_union_and_except() -> None:
    """A zone takes in others and leaves out others, whatever the order they are written in."""
    index = build_zones(
        [zone("staff", union=("vpn",), without=("guests",)), zone("guests", "10.0.5.0/24"), zone("vpn", "10.0.0.0/16")]
    )
    assert held(index, "10.0.4.1") == ("private", "internal", "staff", "vpn")
    assert held(index, "10.0.5.1") == ("private", "internal", "guests", "vpn")


@pytest.mark.parametrize(("at", "there"), [(99.9, True), (100.0, False), (100.1, False)])
def test_an_entry_holds_until_its_instant(at: float, there: bool) -> None:
    """Before `until` it holds, at it no longer; what is built on it follows, and what excludes it turns round."""
    timed = Zone(name="timed", entries=(Entry(prefix=prefix("192.0.2.0/24"), until=100.0),))
    index = build_zones([timed, zone("above", union=("timed",)), zone("rest", "192.0.2.0/23", without=("timed",))])
    names = set(held(index, "192.0.2.7", at))
    assert ("timed" in names, "above" in names, "rest" in names) == (there, there, not there)
    assert "rest" in held(index, "192.0.3.7", at)


def test_sets_of_zones_compare() -> None:
    """Covering, common addresses and everybody are exact over intervals."""
    index = build_zones([zone("a", "10.0.0.0/24"), zone("b", "10.0.0.0/25", "10.0.0.128/25"), zone("c", "10.0.1.0/24"),
                         zone("halves", "0.0.0.0/1", "128.0.0.0/1")])  # fmt: skip
    mask = index.mask_of
    assert index.covers(mask(["a"]), mask(["b"]))
    assert index.covers(mask(["b"]), mask(["a"]))
    assert not index.covers(mask(["a"]), mask(["c"]))
    assert index.common(mask(["a"]), mask(["c"])) is None
    assert index.common(mask(["a"]), mask(["private"])) == IPv4Address("10.0.0.0")
    assert index.is_all(mask(["halves"]))
    assert index.is_all(mask(["any"]))
    assert not index.is_all(mask(["private"]))


CIDRS = st.sampled_from(
    [
        "10.0.0.0/8",
        "10.1.0.0/16",
        "10.1.2.0/24",
        "10.1.2.3/32",
        "0.0.0.0/0",
        "::/0",
        "2001:db8::/32",
        "2001:db8:1::/48",
        "::ffff:0:0/96",
    ]
)
ADDRESSES = st.one_of(
    st.sampled_from(
        ["10.1.2.3", "10.1.2.4", "10.255.255.255", "11.0.0.0", "2001:db8:1::5", "::ffff:10.1.2.3", "2001:db9::"]
    ),
    st.integers(0, 2**32 - 1).map(lambda number: str(IPv4Address(number))),
    st.integers(0, 2**128 - 1).map(lambda number: str(IPv6Address(number))),
)


@settings(max_examples=200)
@given(st.lists(st.lists(CIDRS, max_size=4), min_size=1, max_size=5), st.lists(ADDRESSES, min_size=1, max_size=5))
def test_the_mask_is_naive_membership(written: list[list[str]], addresses: list[str]) -> None:
    """For any prefixes and addresses the mask says what the standard library says."""
    index = build_zones([zone(f"z{at}", *cidrs) for at, cidrs in enumerate(written)])
    for text in addresses:
        address = ip_address(text)
        plain = (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
        found = index.names(index.mask(address, 0.0))
        for at, cidrs in enumerate(written):
            networks = [ip_network(cidr) if cidr != "::ffff:0:0/96" else ip_network("0.0.0.0/0") for cidr in cidrs]
            assert (f"z{at}" in found) == any(plain in network for network in networks), (text, cidrs)


def test_a_hundred_thousand_prefixes_are_one_look() -> None:
    """Answering for all zones at once takes less than 2 microseconds, whatever their number."""
    entries = tuple(Entry(prefix=Prefix(4, at * 768, at * 768 + 255)) for at in range(100_000))
    index = build_zones([Zone(name="a", entries=entries[::2]), Zone(name="b", entries=entries[1::2], union=("a",))])
    address = ip_address("4.5.6.7")
    best = min(timeit(lambda: index.mask(address, 0.0), number=2000) / 2000 for _ in range(5))
    assert best < 2e-6
