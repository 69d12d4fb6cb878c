"""Destinations: every address is asked about, however it is spelt, before anything connects."""

from __future__ import annotations

import pytest

from parclose.ports import AskAddresses
from tests.stages.kit import Table, a_token, judged, outcome, policy, presenting, request

FORWARD = "listeners: {forward: {port: 3128, kind: forward}}"
OUT = """
out:
  match: {listeners: [forward], hosts: ["*"], clients: [web]}
  %s
  routes: {"any /**": authenticated}
"""
CALL = request("GET https://a.example/x", kind="forward")
PUBLIC = "93.184.216.34"


def to(host: str, *addresses: str, network: str = "", connect: bool = False) -> str:
    """Return what comes of a request to `host`, which has these addresses."""
    line = f"CONNECT https://{host}" if connect else f"GET https://{host}/x"
    facts = request(line, kind="forward", connect=connect)
    return judged(policy(OUT % network, FORWARD), facts, a_token(), world=Table(addresses=addresses))


@pytest.mark.parametrize("connect", [False, True])
@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ((PUBLIC,), "allow @out"),
        (("2606:2800:21f:cb07:6820:80da:af6b:8b2c",), "allow @out"),
        ((PUBLIC, "8.8.8.8"), "allow @out"),
        ((), "403 destination_denied:unresolved @out"),
        (("127.0.0.1",), "403 destination_denied @out"),
        (("10.0.0.1",), "403 destination_denied @out"),
        (("169.254.169.254",), "403 destination_denied @out"),
        (("::1",), "403 destination_denied @out"),
        (("fd00:ec2::254",), "403 destination_denied @out"),
        (("::ffff:127.0.0.1",), "403 destination_denied @out"),
        (("64:ff9b::7f00:1",), "403 destination_denied @out"),
        (("2002:7f00:1::",), "403 destination_denied @out"),
        (("224.0.0.1",), "403 destination_denied @out"),
        (("0.0.0.0",), "403 destination_denied @out"),
        ((PUBLIC, "127.0.0.1"), "403 destination_denied @out"),
        (("127.0.0.1", PUBLIC), "403 destination_denied @out"),
        (("garbage",), "403 destination_denied @out"),
    ],
)
def test_ssrf_by_name_is_refused(connect: bool, addresses: tuple[str, ...], expected: str) -> None:
    """A name that points inside, or also inside, is refused before a tunnel exists."""
    assert expected == to("far.example", *addresses, connect=connect)


@pytest.mark.parametrize("connect", [False, True])
@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::]",
        "0x7f.1",
    ],
)
def test_ssrf_by_spelling_is_refused(connect: bool, host: str) -> None:
    """Loopback in any spelling is loopback, and is not even resolved."""
    assert to(host, PUBLIC, connect=connect) == "403 destination_denied @out"


def test_a_literal_is_not_resolved() -> None:
    """An address is itself; asking a resolver would only be a leak."""
    world = Table(addresses=("127.0.0.1",))
    facts = request(f"GET https://{PUBLIC}/x", kind="forward")
    walk = presenting(policy(OUT % "", FORWARD), facts, a_token(), world=world)
    assert (outcome(walk), walk.addresses, world.asked_for(AskAddresses)) == ("allow @out", (PUBLIC,), 0)


def test_what_was_approved_is_what_may_be_connected_to() -> None:
    """DNS rebinding: the verdict names the addresses, and only those count."""
    world = Table(addresses=(PUBLIC, "8.8.8.8"))
    walk = presenting(policy(OUT % "", FORWARD), CALL, a_token(), world=world)
    assert walk.addresses == (PUBLIC, "8.8.8.8")


@pytest.mark.parametrize(
    ("rule", "address", "expected"),
    [
        ("{allow: [vpn], deny: []}", "10.20.0.1", "allow @out"),
        ("{allow: [vpn], deny: []}", "10.21.0.1", "403 destination_denied @out"),
        ("{allow: [vpn]}", "10.20.0.1", "403 destination_denied @out"),
        ("{deny: [office]}", "198.51.100.1", "403 destination_denied @out"),
        ("{deny: [office]}", "127.0.0.1", "allow @out"),
    ],
)
def test_the_policy_may_say_otherwise(rule: str, address: str, expected: str) -> None:
    """Deny beats allow; what is written replaces the built-in denial."""
    assert expected == to("far.example", address, network=f"network: {{destinations: {rule}}}")


def test_a_parent_proxy_resolves() -> None:
    """With nothing to ask about destinations nothing is resolved."""
    world = Table(addresses=("127.0.0.1",))
    rules = policy(OUT % "network: {destinations: {deny: []}}", FORWARD)
    assert judged(rules, CALL, a_token(), world=world) == "allow @out"
    assert world.asked_for(AskAddresses) == 0


def test_a_denied_call_costs_no_lookup() -> None:
    """DNS comes after everything that may still refuse."""
    world = Table()
    rules = policy(OUT % "", FORWARD)
    assert judged(rules, CALL, world=world) == "407 credential_missing @out"
    assert world.asked_for(AskAddresses) == 0


def test_a_reverse_listener_has_no_destinations() -> None:
    """Where a request goes there is the policy's own word."""
    rules = policy("""
    shop:
      match: {clients: [anonymous]}
      routes: {"any /**": public}
    """)
    world = Table(addresses=())
    assert judged(rules, request("GET http://127.0.0.1/"), world=world) == "allow @shop"
    assert world.asked_for(AskAddresses) == 0


def test_a_tunnel_goes_where_one_of_its_segments_may_go() -> None:
    """Any segment that the tunnel could be for may approve; what is inside is judged again."""
    rules = policy(
        """
        first:
          match: {listeners: [forward], hosts: [a.example], paths: [/a/**], clients: [web]}
          routes: {"any /a/**": authenticated}
        second:
          match: {listeners: [forward], hosts: [a.example], paths: [/b/**], clients: [web]}
          network: {destinations: {allow: [vpn], deny: []}}
          routes: {"any /b/**": authenticated}
        """,
        FORWARD,
    )
    facts = request("CONNECT https://a.example", kind="forward", connect=True)
    for address, expected in (("10.20.0.1", "allow @second"), (PUBLIC, "allow @first")):
        assert expected == judged(rules, facts, a_token(), world=Table(addresses=(address,)))
    assert judged(rules, facts, a_token(), world=Table(addresses=("127.0.0.1",))) == "403 destination_denied @first"
