"""Who must begin with a PROXY header, and what is remembered of it: if these fail, an address is anybody's word."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
from mitmproxy.proxy.mode_specs import ProxyMode
from mitmproxy.test import taddons, tflow

from parclose.hooks import proxy_protocol
from parclose.hooks.edition import Edition
from parclose.hooks.proxy_protocol import Claims, HeaderGate, is_asked_by, self_test
from tests.hooks.ground import edition

POLICY = """
version: 1
name: shop
settings:
  listeners:
    edge: {port: 22, kind: reverse, client_ip: {from: proxy-protocol, trusted_proxies: [balancer]}}
    plain: {port: 23, kind: reverse}
zones: {balancer: [127.0.0.1/32, "::1/128"]}
segments:
  all:
    match: {clients: [anonymous]}
    routes: {any /**: public}
"""


@pytest.fixture
def asks(tmp_path: Path) -> Edition:
    """A policy with a listener that asks, and one that does not."""
    return edition(tmp_path, text=POLICY)


@pytest.mark.parametrize(
    ("port", "peer", "asked"),
    [
        (22, ("127.0.0.1", 5), True),
        (22, ("::1", 5, 0, 0), True),
        (22, ("::ffff:127.0.0.1", 5, 0, 0), True),
        (22, ("127.0.0.2", 5), False),
        (22, ("", 5), False),
        (23, ("127.0.0.1", 5), None),
        (23, ("127.0.0.2", 5), None),
    ],
)
def test_who_is_asked(asks: Edition, port: int, peer: tuple[object, ...], asked: bool | None) -> None:
    """A listener asks everybody; only trusted proxies may answer."""
    client = tflow.tclient_conn()
    client.sockname, client.peername = ("127.0.0.1", port), peer  # type: ignore[assignment]
    client.proxy_mode = ProxyMode.parse("reverse:http://x")
    assert is_asked_by(asks, client) is asked


def test_nobody_is_asked_before_there_is_a_policy() -> None:
    """Nothing is served then."""
    assert is_asked_by(None, tflow.tclient_conn()) is None


def test_a_refused_connection_is_ended_and_told_once() -> None:
    """With the detail that metrics and audit know; others are left alone."""
    told: list[str] = []
    claims = Claims()
    gate = HeaderGate(SimpleNamespace(claims=claims, on_refused=lambda _, detail: told.append(detail)))
    good, bad = tflow.tclient_conn(), tflow.tclient_conn()
    claims.say(good.id, "192.0.2.1")
    claims.refuse(bad.id, "no PROXY header")
    with taddons.context(gate):
        gate.client_connected(good)
        gate.client_connected(bad)
    assert (good.error, bad.error, told) == (None, "no PROXY header", [proxy_protocol.DETAIL])
    assert (claims.of(good.id), claims.of(bad.id)) == ("192.0.2.1", "")
    for client in (good, bad):
        gate.client_disconnected(client)
    assert (claims.of(good.id), claims.fault_of(bad.id)) == ("", "")


def test_the_override_is_as_expected() -> None:
    """It begins every connection, and reads nothing of what follows a header."""
    proxy_protocol.install(lambda _: None, Claims())
    assert self_test() == ""
