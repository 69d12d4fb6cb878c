"""Doors: if these fail, strangers reach any host through this proxy, or a rule is in force that nobody holds."""

from collections.abc import Iterator

import pytest
from mitmproxy import connection
from mitmproxy.addons.block import Block
from mitmproxy.addons.proxyserver import Proxyserver
from mitmproxy.options import Options
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons

from parclose.hooks.doors import Door, doors_of, unfit_at
from parclose.hooks.options_baseline import apply
from parclose.testing import policy_from

POLICY = """
    version: 1
    name: doors
    settings:
      listeners: {edge: {port: 8080, kind: reverse}, out: {port: 3128, kind: forward}}
    zones: {office: [198.51.100.0/24]}
    geo: {country_db: country.mmdb}
    api_keys: {robots: {header: x-key, keys: [{id: a, hash: "sha256:%s", expires: never}]}}
    clients: {robot: [{api_key: {store: robots}}]}
    segments:
      out: {match: {listeners: [out], MATCH}, NETWORK routes: {ROUTES}}
"""


def said(door: Door, match: str, network: str = "", routes: str = '"any /**": public') -> list[str]:
    """Return what is wrong with one segment at a door, up to the semicolon."""
    text = POLICY.replace("MATCH", match).replace("NETWORK", f"network: {network}," if network else "")
    policy = policy_from(text.replace("ROUTES", routes) % ("a" * 64), files={"country.mmdb": b""})
    return [sentence.partition("  segment `out`: ")[2].partition(";")[0] for sentence in unfit_at([door], policy)]


def out(host: str = "127.0.0.1", *, port: int = 3128, parent: bool = False, spec: str = "regular") -> Door:
    """Return a forward door."""
    return Door(spec=spec, kind="forward", host=host, port=port, parent=parent)


NAMED, ALL = "hosts: [a.example], clients: [anonymous]", 'hosts: ["*"], clients: [anonymous]'
NO_LIMIT = "{destinations: {deny: []}}"


@pytest.mark.parametrize(
    ("network", "route", "found"),
    [
        ("", "", ["destinations"]),
        ("{destinations: {deny: [office]}}", "", ["destinations"]),
        ("{destinations: {deny: [], allow: [office]}}", "", ["destinations"]),
        (NO_LIMIT, "", []),
        (NO_LIMIT, "{destinations: {deny: [office]}}", ["destinations"]),
        ("{destinations: {deny: []}, passthrough: [a.example]}", "", ["passthrough"]),
        ("{passthrough: [a.example]}", "", ["destinations", "passthrough"]),
    ],
)
def test_what_a_parent_cannot_hold_is_refused(network: str, route: str, found: list[str]) -> None:
    """A parent resolves names: rules on addresses are refused, and nowhere else."""
    match = "hosts: [a.example], clients: [robot]"
    routes = f'"any /**": {{scopes: none, network: {route}}}' if route else '"any /**": authenticated'
    parent = out(parent=True, spec="upstream:http://parent:3128")
    sentences = said(parent, match, network, routes)
    assert [sentence.split("`")[1].removeprefix("network.") for sentence in sentences] == found
    assert said(out(), match, network, routes) == []
    assert said(out(parent=True, port=9999), match, network, routes) == []


@pytest.mark.parametrize(
    ("match", "network", "routes", "is_open"),
    [
        (ALL, "", '"any /**": public', True),
        (ALL, "", '"any /**": open', True),
        (ALL, "{deny: [office]}", '"any /**": public', True),
        ('hosts: ["a.example", "*"], clients: [robot, anonymous]', "", '"read /**": public', True),
        (ALL, "{allow: [office]}", '"any /**": public', False),
        (ALL, "{allow_geo: [NO]}", '"any /**": public', False),
        ('hosts: ["*"], clients: [anonymous], zones: [office]', "", '"any /**": public', False),
        ('hosts: ["*"], clients: [anonymous], geo: [NO]', "", '"any /**": public', False),
        ('hosts: ["*"], clients: [robot]', "", '"any /**": authenticated', False),
        (NAMED, "", '"any /**": public', False),
        ('hosts: ["*.example"], clients: [anonymous]', "", '"any /**": public', False),
    ],
)
def test_no_stranger_reaches_any_host(match: str, network: str, routes: str, is_open: bool) -> None:
    """Anybody, from anywhere, to anywhere: refused where more than this machine can knock."""
    for host in ("", "0.0.0.0", "::", "203.0.113.5", "10.0.0.5", "proxy.example"):
        found = said(out(host), match, network, routes)
        assert [sentence.partition(" could")[0] for sentence in found] == (["anybody"] if is_open else [])
    for host in ("127.0.0.1", "127.9.9.9", "::1", "localhost"):
        assert said(out(host), match, network, routes) == []


def test_an_api_may_be_public() -> None:
    """A reverse door is never an open proxy: it leads where it leads."""
    text = POLICY.replace("listeners: [out], MATCH", ALL).replace("NETWORK", "").replace("ROUTES", '"any /**": public')
    policy = policy_from(text % ("a" * 64), files={"country.mmdb": b""})
    assert unfit_at([Door(spec="reverse:http://x", kind="reverse", host="", port=8080)], policy) == ()


@pytest.fixture
def options() -> Iterator[Options]:
    """The options of listeners, and of the addon that blocks addresses."""
    with taddons.context(Block(), Proxyserver()) as context:
        yield context.options


def test_doors_are_read_from_the_options(options: Options) -> None:
    """Each mode with its own host and port, or those that hold for all, or its default."""
    modes = ["regular", "upstream:http://p:1@0.0.0.0:81", "socks5", "reverse:http://x@8443"]
    options.update(mode=modes, listen_host="10.0.0.5")
    assert [(door.kind, door.host, door.port, door.parent) for door in doors_of(options)] == [
        ("forward", "10.0.0.5", 8080, False),
        ("forward", "0.0.0.0", 81, True),
        ("forward", "10.0.0.5", 1080, False),
        ("reverse", "10.0.0.5", 8443, False),
    ]
    options.update(listen_port=9000)
    assert [door.port for door in doors_of(options)] == [9000, 81, 9000, 8443]


@pytest.mark.parametrize("mode", ["regular", "socks5", "upstream:http://p:1", "reverse:http://x"])
@pytest.mark.parametrize("address", ["93.184.216.34", "2606:2800:220:1::1", "::ffff:93.184.216.34", "10.0.0.9"])
def test_a_public_address_may_enter(mode: str, address: str) -> None:
    """With the options as Parclose sets them mitmproxy's own block lets every address in; left alone, no public one."""
    block = Block()
    with taddons.context(block) as context:
        for applied in (False, True):
            if applied:
                apply(context.options)
            client = connection.Client(peername=(address, 1), sockname=("", 2), timestamp_start=0.0)
            client.proxy_mode = ProxyMode.parse(mode)
            block.client_connected(client)
            assert (client.error is None) is (applied or address == "10.0.0.9")
