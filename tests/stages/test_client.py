"""Whose address it is: the peer's, unless a trusted proxy says otherwise, rightmost first."""

from __future__ import annotations

import pytest

from tests.stages.kit import policy, request, walked

OPEN = """
all:
  match: {clients: [anonymous]}
  routes: {"any /**": public}
"""
XFF = "client_ip: {from: x-forwarded-for, trusted_proxies: [balancers]}"
FORWARDED = "client_ip: {from: forwarded, trusted_proxies: [balancers]}"


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("203.0.113.9", (), "203.0.113.9"),
        ("10.0.0.1", ("198.51.100.7",), "198.51.100.7"),
        # Spoofing: the peer is not trusted, so its header says nothing.
        ("203.0.113.9", ("198.51.100.7",), "203.0.113.9"),
        # Spoofing: what stands left of the first untrusted address is the caller's own word.
        ("10.0.0.1", ("10.20.0.1", "203.0.113.66"), "203.0.113.66"),
        ("10.0.0.1", ("10.20.0.1", "203.0.113.66", "10.0.0.2"), "203.0.113.66"),
        # Unreadable: stop there and use the peer, never something further left.
        ("10.0.0.1", ("198.51.100.7", "unknown"), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.7", "garbage", "10.0.0.2"), "10.0.0.1"),
        ("10.0.0.1", ("198.51.100.7", ""), "10.0.0.1"),
        ("10.0.0.1", ("garbage", "198.51.100.7"), "198.51.100.7"),
        # All trusted: a proxy's own request.
        ("10.0.0.1", ("10.0.0.3", "10.0.0.2"), "10.0.0.3"),
        # Spellings.
        ("10.0.0.1", ("198.51.100.7:4711",), "198.51.100.7"),
        ("10.0.0.1", ("[2001:db8:77::1]:4711",), "2001:db8:77::1"),
        ("10.0.0.1", ("::ffff:198.51.100.7",), "198.51.100.7"),
        ("::ffff:10.0.0.1", ("198.51.100.7",), "198.51.100.7"),
        ("2001:db8:1b::1%eth0", ("198.51.100.7",), "198.51.100.7"),
        ("fe80::1%eth0", (), "fe80::1"),
    ],
)
def test_the_rightmost_untrusted_address_counts(peer: str, forwarded: tuple[str, ...], expected: str) -> None:
    """X-Forwarded-For is believed as far as trusted proxies have written it, and no further."""
    assert expected == walked(policy(OPEN, XFF), request(peer=peer, forwarded=forwarded)).client_ip


@pytest.mark.parametrize(
    ("forwarded", "expected"),
    [
        (("for=198.51.100.7;proto=https",), "198.51.100.7"),
        (('for="[2001:db8:77::1]:4711"',), "2001:db8:77::1"),
        (("for=198.51.100.7", "for=10.0.0.2"), "198.51.100.7"),
        (("for=198.51.100.7", "for=_hidden"), "10.0.0.1"),
        (("for=198.51.100.7", "proto=https"), "10.0.0.1"),
    ],
)
def test_forwarded_elements_are_read(forwarded: tuple[str, ...], expected: str) -> None:
    """The standard header follows the same rule."""
    assert expected == walked(policy(OPEN, FORWARDED), request(peer="10.0.0.1", forwarded=forwarded)).client_ip


def test_headers_count_for_nothing_unless_the_policy_says_so() -> None:
    """The default is the peer, trusted or not."""
    assert walked(policy(OPEN), request(peer="10.0.0.1", forwarded=("198.51.100.7",))).client_ip == "10.0.0.1"


def test_the_zones_are_those_of_the_effective_address() -> None:
    """A rule about zones is about the caller, not about the balancer."""
    rules = policy(OPEN, XFF)
    walk = walked(rules, request(peer="10.0.0.1", forwarded=("198.51.100.7",)))
    assert "office" in rules.zones.names(walk.zones)
    assert "balancers" not in rules.zones.names(walk.zones)


@pytest.mark.parametrize("peer", ["", "unix:", "999.1.1.1"])
def test_an_unreadable_peer_is_nobody_and_nowhere(peer: str) -> None:
    """A client replay has no address: it is in no zone, and no header gives it one."""
    walk = walked(policy(OPEN, XFF), request(peer=peer, forwarded=("198.51.100.7",)))
    assert (walk.address, walk.client_ip, walk.zones) == (None, "", 0)


def test_another_listener_has_its_own_rule() -> None:
    """`client_ip` of a listener replaces that of the policy."""
    settings = """
    client_ip: {from: x-forwarded-for, trusted_proxies: [balancers]}
    listeners:
      edge: {port: 8080, kind: reverse}
      direct: {port: 8081, kind: reverse, client_ip: {from: peer}}
    """
    rules = policy(OPEN, settings)
    for listener, expected in (("edge", "198.51.100.7"), ("direct", "10.0.0.1")):
        facts = request(peer="10.0.0.1", forwarded=("198.51.100.7",), listener=listener)
        assert expected == walked(rules, facts).client_ip
