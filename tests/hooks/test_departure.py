"""What would be believed if these failed: that bytes go only where a verdict sent them."""

from pathlib import Path

import pytest
from mitmproxy import connection, http
from mitmproxy.proxy import server_hooks

from parclose.facts import Facts
from parclose.hooks import departure as module
from parclose.hooks.bodies import Meter
from parclose.hooks.departure import Departure, authority_of, is_admin
from parclose.hooks.exchange import Exchange
from parclose.hooks.facts_of import facts_of
from parclose.hooks.mount import stage_addons
from parclose.hooks.service import Service
from parclose.reasons import Reason
from parclose.testing import flow
from parclose.verdict import Reading
from tests.hooks.ground import POLICY, World, exchange, forward, live, policy, service


def judged_exchange(house: Service, judged: http.HTTPFlow, about: Facts | None = None) -> Exchange:
    """Take a flow through all stages, as if it had just come in."""
    assert house.edition is not None
    tunnel = house.tunnels.of(judged.client_conn.id)
    facts = about or facts_of(judged, house.edition.policy, decision="D1", tunnel=tunnel)
    under_way = exchange(house, facts, judged)
    for addon in stage_addons(house.exchanges):
        assert addon.requestheaders(judged) is None
    return under_way


def test_a_reverse_request_goes_to_its_listeners_target(tmp_path: Path) -> None:
    """That address is approved for that client alone, and TLS asks for its name."""
    house, judged = service(tmp_path), live()
    judged.request.data.host, judged.request.data.port = "origin.internal", 9
    judged_exchange(house, judged)
    departure = Departure(house)
    departure.requestheaders(judged)
    client = judged.client_conn.id
    assert house.verdicts.is_approved(client, ("origin.internal", 9))
    assert not house.verdicts.is_approved(client, ("elsewhere", 9))
    data = server_hooks.ServerConnectionHookData(connection.Server(address=("origin.internal", 9)), judged.client_conn)
    departure.server_connect(data)
    assert data.server.sni == "origin.internal"
    departure.client_disconnected(judged.client_conn)
    other = server_hooks.ServerConnectionHookData(connection.Server(address=("origin.internal", 9)), judged.client_conn)
    departure.server_connect(other)
    assert other.server.sni is None


def test_a_segments_upstream(tmp_path: Path) -> None:
    """Scheme, host, port and, where the policy says so, the Host header are the upstream's."""
    house, judged = service(tmp_path), live("GET http://api.test/billing/1")
    judged_exchange(house, judged)
    Departure(house).requestheaders(judged)
    data = judged.request.data
    assert (data.scheme, data.host, data.port) == (b"https", "billing.internal", 8443)
    assert judged.request.headers["host"] == "billing.internal:8443"
    assert house.verdicts.is_approved(judged.client_conn.id, ("billing.internal", 8443))


@pytest.mark.parametrize("host", ["www.example.org", "93.184.216.35"])
def test_a_forward_request_is_pinned(tmp_path: Path, host: str) -> None:
    """The address that was judged is connected to, and an address already pinned stays; the Host header is kept."""
    world = World(addresses={"www.example.org": ("93.184.216.34", "93.184.216.35")})
    house, judged = service(tmp_path, world=world), forward("GET http://www.example.org/")
    judged.request.data.authority = b""
    assert house.edition is not None
    facts = facts_of(judged, house.edition.policy, decision="D1")
    judged.request.data.host = host
    under_way = judged_exchange(house, judged, facts)
    assert under_way.conclude().reason is None
    Departure(house).requestheaders(judged)
    assert judged.request.data.host == ("93.184.216.35" if host == "93.184.216.35" else "93.184.216.34")
    assert judged.request.headers["host"] == "www.example.org"
    assert not house.verdicts.is_approved(judged.client_conn.id, ("www.example.org", 80))


def test_a_tunnel_is_remembered_with_its_identity(tmp_path: Path) -> None:
    """CONNECT is pinned, its credential removed, and the requests inside find who opened it."""
    world = World(addresses={"www.example.org": ("93.184.216.34",)})
    house, judged = service(tmp_path, world=world), forward("CONNECT http://x/", {"Host": "www.example.org:443"})
    judged.request.data.host, judged.request.data.port = "www.example.org", 443
    judged_exchange(house, judged)
    judged.request.headers["Proxy-Authorization"] = "Bearer a"
    Departure(house).http_connect(judged)
    tunnel = house.tunnels.of(judged.client_conn.id)
    assert tunnel is not None
    assert (tunnel.host, tunnel.port, judged.request.data.host) == ("www.example.org", 443, "93.184.216.34")
    assert "proxy-authorization" not in judged.request.headers


CLOSED = POLICY.replace(
    '"*.example.org"], clients: [anonymous]}',
    '"*.example.org"], clients: [anonymous]}\n    network: {passthrough: [www.example.org]}',
)


@pytest.mark.parametrize(
    ("mode", "host", "granted", "reason"),
    [
        ("regular", "www.example.org", True, None),
        ("socks5", "www.example.org", True, None),
        ("regular", "api.example.org", False, None),
        ("upstream:http://parent.test:3128", "www.example.org", False, Reason.PROTOCOL_DENIED),
    ],
)
def test_tls_stays_closed_to_the_approved_address(
    tmp_path: Path, mode: str, host: str, granted: bool, reason: Reason | None
) -> None:
    """The pinned address and no other; where a parent resolves the name there is none, so there is no tunnel."""
    house = service(tmp_path, text=CLOSED, world=World(addresses={host: ("93.184.216.34", "93.184.216.35")}))
    judged = flow("CONNECT http://x/", {"Host": f"{host}:443"}, live=True, mode=mode, port=8081)
    judged.request.data.host, judged.request.data.port = host, 443
    under_way = judged_exchange(house, judged)
    Departure(house).http_connect(judged)
    passage, tunnel = house.passages.of(judged.client_conn.id), house.tunnels.of(judged.client_conn.id)
    assert under_way.conclude().reason is reason
    assert under_way.passage is passage
    assert (passage is not None) is granted
    assert (tunnel is not None) is (reason is None)
    if passage is not None and tunnel is not None:
        assert (passage.host, passage.address) == (host, ("93.184.216.34", 443))
        assert house.verdicts.is_approved(judged.client_conn.id, passage.address)
        assert tunnel.unopened


def test_a_denied_request_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is approved for it."""
    house, judged = service(tmp_path), live("GET http://api.test/nowhere")
    judged_exchange(house, judged)
    before = judged.request.data.host
    Departure(house).requestheaders(judged)
    assert judged.request.data.host == before
    assert not house.verdicts.is_approved(judged.client_conn.id, (before, 80))


@pytest.mark.parametrize(("size", "reason"), [(1023, None), (1024, None), (1025, Reason.BODY_TOO_LARGE)])
def test_declared_bodies(tmp_path: Path, size: int, reason: Reason | None) -> None:
    """A body of exactly the limit passes."""
    house, judged = service(tmp_path), live("POST http://api.test/shop/1", {"Content-Length": str(size)})
    under_way = judged_exchange(house, judged)
    Departure(house).requestheaders(judged)
    assert under_way.conclude().reason is reason


def test_a_streamed_body_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that grows too large costs the verdict and the connection."""
    cut: list[object] = []
    monkeypatch.setattr(module, "close_client", cut.append)
    house, judged = service(tmp_path), live("POST http://api.test/shop/1", {"Transfer-Encoding": "chunked"})
    under_way = judged_exchange(house, judged)
    Departure(house).requestheaders(judged)
    meter = judged.request.stream
    assert isinstance(meter, Meter)
    assert meter(b"x" * 1024) == b"x" * 1024
    assert meter(b"x") == []
    assert under_way.conclude().reason is Reason.BODY_TOO_LARGE
    assert house.verdicts.is_denied(judged)
    assert cut == [judged.client_conn]


def test_an_admitted_caller_is_told_what_is_left(tmp_path: Path) -> None:
    """Limits stand on the answer; an invitation to another protocol does not."""
    house, judged = service(tmp_path), live()
    under_way = judged_exchange(house, judged)
    reading = Reading(name="a", limit="s/a", passed=True, quota=2, window_s=1, remaining=1, reset_s=0.5)
    under_way.walk.readings = (reading,)
    judged.response = http.Response.make(200, b"", {"Alt-Svc": "h3"})
    Departure(house).responseheaders(judged)
    assert judged.response.headers["ratelimit"] == '"a";r=1;t=1'
    assert "alt-svc" not in judged.response.headers


@pytest.mark.parametrize(
    ("host", "port", "expected"),
    [
        ("127.0.0.1", 9464, True),
        ("127.0.0.9", 9464, True),
        ("::1", 9464, True),
        ("0.0.0.0", 9464, True),
        ("LOCALHOST.", 9464, True),
        ("127.0.0.1", 9465, False),
        ("93.184.216.34", 9464, False),
        ("example.org", 9464, False),
    ],
)
def test_the_admin_port_is_out_of_reach(host: str, port: int, expected: bool) -> None:
    """Whatever it is called."""
    assert is_admin(policy(), host, port) is expected


def test_authorities() -> None:
    """The scheme's own port is left out, IPv6 stands in brackets."""
    assert [authority_of("https", "a", 443), authority_of("http", "a", 443), authority_of("http", "::1", 80)] == [
        "a",
        "a:443",
        "[::1]",
    ]
