"""Zones: one look answers every zone, as naive membership would, at any time and in any spelling."""

from __future__ import annotations

import time
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from random import Random
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
        ("::ffff:0:5db8:d822", ("internal",)),
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
    assert index.inside([mask(["a"])], mask(["c"])) == IPv4Address("10.0.0.0")
    assert index.inside([mask(["a"])], mask(["b"])) is None
    assert index.inside([mask(["private"]), mask(["a", "c"])], mask(["a"])) == IPv4Address("10.0.1.0")
    assert list(index.ranges(mask(["c"]))) == [(IPv4Address("10.0.1.0"), IPv4Address("10.0.1.255"))]
    assert {IPv4Address("10.0.0.0"), IPv4Address("10.0.1.0"), IPv4Address("10.0.2.0")} <= set(index.starts())


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


UNTIL = st.sampled_from([None, None, 100.0, 200.0])
ENTRIES = st.builds(lambda text, until: (text, until), CIDRS, UNTIL)


@st.composite
def zones(draw: st.DrawFn) -> list[tuple[Zone, list[tuple[str, float | None]]]]:
    """Some zones, each of prefixes, of zones before it, and without zones before it."""
    made: list[tuple[Zone, list[tuple[str, float | None]]]] = []
    for at in range(draw(st.integers(1, 6))):
        before = st.lists(st.sampled_from([zone.name for zone, _ in made] or ["private"]), max_size=2, unique=True)
        written = draw(st.lists(ENTRIES, max_size=3))
        entries = tuple(Entry(prefix=prefix(text), until=until) for text, until in written)
        zone = Zone(name=f"z{at}", entries=entries, union=tuple(draw(before)), without=tuple(draw(before)))
        made.append((zone, written))
    return made


def naive(made: list[tuple[Zone, list[tuple[str, float | None]]]], name: str, address: str, at: float) -> bool:
    """Whether a zone holds an address, by asking the standard library for each prefix."""
    found = ip_address(address)
    plain = (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found
    if name == "private":
        return any(plain in ip_network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"))
    zone, written = next((zone, written) for zone, written in made if zone.name == name)
    own = any(
        plain in ip_network(text if text != "::ffff:0:0/96" else "0.0.0.0/0")
        for text, until in written
        if until is None or at < until
    )
    taken_in = own or any(naive(made, other, address, at) for other in zone.union)
    return taken_in and not any(naive(made, other, address, at) for other in zone.without)


@settings(max_examples=300, deadline=None)
@given(
    zones(),
    st.lists(ADDRESSES, min_size=1, max_size=4),
    st.sampled_from([float("-inf"), 0.0, 99.9, 100.0, 100.1, 199.9, 200.0, 200.1, float("inf")]),
    st.randoms(use_true_random=False),
)
def test_union_except_and_until_are_naive_membership(
    made: list[tuple[Zone, list[tuple[str, float | None]]]], addresses: list[str], at: float, order: Random
) -> None:
    """For any zones made of each other, written in any order, at any time: what asking each prefix would say."""
    written = [zone for zone, _ in made]
    order.shuffle(written)
    index = build_zones(written)
    for address in addresses:
        mask = index.mask(ip_address(address), at)
        for zone, _ in made:
            assert bool(mask & index.mask_of([zone.name])) == naive(made, zone.name, address, at), (zone, address)


@pytest.mark.parametrize("until", [None, 100.0])
def test_a_long_chain_of_zones_is_no_deep_one(until: float | None) -> None:
    """Zones made of zones thousands of times over are followed without recursion, and quickly."""
    length = 5_000
    end = Zone(name="z0", entries=(Entry(prefix=prefix("192.0.2.0/24"), until=until),))
    started = time.process_time()
    index = build_zones([*(zone(f"z{at}", union=(f"z{at - 1}",)) for at in range(length, 0, -1)), end])
    assert time.process_time() - started < 5
    mask = index.mask(ip_address("192.0.2.1"), 0.0)
    assert mask & index.mask_of([f"z{length}"])
    assert bool(index.mask(ip_address("192.0.2.1"), 100.0) & index.mask_of([f"z{length}"])) == (until is None)


def test_a_hundred_thousand_prefixes_are_one_look() -> None:
    """Answering for all zones at once takes less than 2 microseconds, whatever their number."""
    entries = tuple(Entry(prefix=Prefix(4, at * 768, at * 768 + 255)) for at in range(100_000))
    index = build_zones([Zone(name="a", entries=entries[::2]), Zone(name="b", entries=entries[1::2], union=("a",))])
    address = ip_address("4.5.6.7")
    best = min(timeit(lambda: index.mask(address, 0.0), number=2000) / 2000 for _ in range(5))
    assert best < 2e-6
