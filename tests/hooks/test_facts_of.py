"""What would be believed if these failed: that a request which two servers may read differently is seen as such."""

from typing import Any

import pytest
from mitmproxy import flow as mitmflow

from parclose.hooks.facts_of import MAX_FORWARDED, facts_of, with_claim
from parclose.hooks.tunnels import Tunnel
from parclose.policy.scenario import DEFAULT_AT
from parclose.testing import flow
from tests.hooks.ground import POLICY as TEXT
from tests.hooks.ground import forward, policy

POLICY = policy()
WEBSOCKET = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}


def test_an_honest_request() -> None:
    """Everything a decision looks at is there, in its one form."""
    judged = flow(
        "GET http://API.Test.:8080/shop/1?b=2&a", {"User-Agent": "x", "Origin": "o", "X-Forwarded-For": "1, 2"}
    )
    facts = facts_of(judged, POLICY, decision="d")
    assert (facts.at, facts.decision, facts.listener, facts.kind) == (DEFAULT_AT, "d", "edge", "reverse")
    assert (facts.method, facts.host, facts.port, facts.target) == ("GET", "api.test", 8080, "/shop/1")
    assert (facts.peer, facts.forwarded, facts.query_keys) == ("203.0.113.10", ("1", "2"), ("b", "a"))
    assert (facts.user_agent, facts.origin, facts.uri_bytes, facts.body_bytes) == ("x", "o", 13, 0)
    assert (facts.faults, facts.upgrade, facts.preflight, facts.presented) == ((), "none", "", ())


def change(judged: Any, what: dict[str, Any]) -> None:
    """Change the request as it came over the wire; `fields` are added, `peer` and `alpn` are the client's."""
    data = judged.request.data
    for name, value in what.items():
        if name == "fields":
            judged.request.headers.fields += tuple(value)
        elif name == "alpn":
            judged.client_conn.alpn = value
        else:
            setattr(data, name, value)


@pytest.mark.parametrize(
    ("what", "faults"),
    [
        ({"method": b"get"}, ("request_malformed:method",)),
        ({"method": b"GET /admin"}, ("request_malformed:method",)),
        ({"method": b"\xffGET"}, ("request_malformed:method",)),
        ({"method": b"M-SEARCH"}, ()),
        ({"http_version": b"HTTP/1.0"}, ()),
        ({"http_version": b"HTTP/9.9"}, ("request_malformed:version",)),
        ({"http_version": b"HTTP/2.0", "authority": b"api.test"}, ("request_malformed:version",)),
        ({"http_version": b"HTTP/2.0", "authority": b"api.test", "alpn": b"h2"}, ()),
        (
            {"http_version": b"HTTP/2.0", "authority": b"other.test", "alpn": b"h2"},
            ("request_malformed:authority",),
        ),
        ({"authority": b"other.test"}, ("request_malformed:absolute_form",)),
        ({"fields": [(b"Host", b"api.test")]}, ("request_malformed:host", "request_malformed:host")),
        ({"fields": [(b"X", b"a\rb")]}, ("request_malformed:header_value",)),
        ({"fields": [(b"X", b"a\0b")]}, ("request_malformed:header_value",)),
        ({"fields": [(b"Trailer", b"x")]}, ("request_malformed:trailer",)),
        ({"fields": [(b"Content-Length", b"9" * 18)]}, ()),
        ({"fields": [(b"Content-Length", b"9" * 19)]}, ("request_malformed:content_length",)),
        ({"fields": [(b"Content-Length", b"+5")]}, ("request_malformed:content_length",)),
        ({"fields": [(b"Content-Length", b"5_0")]}, ("request_malformed:content_length",)),
        ({"fields": [(b"Content-Length", b"")]}, ("request_malformed:content_length",)),
        ({"fields": [(b"Content-Length", b"5")] * 2}, ("request_malformed:content_length",)),
        ({"fields": [(b"X", b"\xff\xfe")]}, ()),
        ({"path": b"/shop/1?a b"}, ("path_ambiguous:query",)),
        ({"path": b"/shop/1?a\x00"}, ("path_ambiguous:query",)),
        ({"path": b"/shop/1?a\x7f"}, ("path_ambiguous:query",)),
        ({"path": b"/shop/1?a#b"}, ("path_ambiguous:query",)),
        ({"path": b"/shop/1?a=%00%23/../\\;\xc3\xa9"}, ()),
        ({"fields": [(b"Authorization", b"a"), (b"Authorization", b"b")]}, ("header_conflict",)),
    ],
)
def test_faults(what: dict[str, Any], faults: tuple[str, ...]) -> None:
    """What is wrong on the wire is written down, in the order found; nothing raises."""
    judged = flow("GET http://api.test/shop/1")
    change(judged, what)
    assert facts_of(judged, POLICY, decision="d").faults == faults


def test_no_host_and_mitmproxys_own_error() -> None:
    """A request without a host, and one that mitmproxy itself refuses, are malformed."""
    judged = flow("GET http://api.test/shop/1")
    del judged.request.headers["host"]
    judged.error = mitmflow.Error("bad framing")
    facts = facts_of(judged, POLICY, decision="d")
    assert facts.faults == ("request_malformed:framing", "request_malformed:host")
    assert facts.host == ""


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        (WEBSOCKET, "websocket"),
        ({**WEBSOCKET, "Upgrade": "WebSocket"}, "websocket"),
        ({**WEBSOCKET, "Sec-WebSocket-Version": "12"}, "refused"),
        ({**WEBSOCKET, "Connection": "close"}, "refused"),
        ({"Upgrade": "foo", "Connection": "Upgrade"}, "refused"),
        ({"Upgrade": "h2c, x", "Connection": "Upgrade"}, "refused"),
        ({"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings"}, "none"),
        ({"Upgrade": "H2C", "Connection": "Upgrade"}, "none"),
        ({}, "none"),
    ],
)
def test_upgrades(headers: dict[str, str], kind: str) -> None:
    """WebSocket 13 is one, `h2c` alone is left out when forwarding, all else is refused."""
    assert facts_of(flow("GET http://api.test/shop/1", headers), POLICY, decision="d").upgrade == kind
    if kind == "websocket":
        assert facts_of(flow("POST http://api.test/shop/1", headers), POLICY, decision="d").upgrade == "refused"


@pytest.mark.parametrize(
    ("method", "headers", "expected"),
    [
        ("OPTIONS", {"Origin": "o", "Access-Control-Request-Method": "PUT"}, "PUT"),
        ("OPTIONS", {"Origin": "o", "Access-Control-Request-Method": "p ut"}, ""),
        ("OPTIONS", {"Access-Control-Request-Method": "PUT"}, ""),
        ("GET", {"Origin": "o", "Access-Control-Request-Method": "PUT"}, ""),
    ],
)
def test_preflights(method: str, headers: dict[str, str], expected: str) -> None:
    """Only OPTIONS with an origin and one wanted method is a preflight."""
    assert facts_of(flow(f"{method} http://api.test/shop/1", headers), POLICY, decision="d").preflight == expected


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, 0),
        ({"Content-Length": "0"}, 0),
        ({"Content-Length": "17"}, 17),
        ({"Content-Length": "x"}, None),
        ({"Transfer-Encoding": "chunked"}, None),
    ],
)
def test_body_lengths(headers: dict[str, str], expected: int | None) -> None:
    """The declared length, 0 without a body, None where it is not known."""
    assert facts_of(flow("POST http://api.test/shop/1", headers), POLICY, decision="d").body_bytes == expected


def test_forwarded_elements_are_bounded() -> None:
    """The last ones count: they are the nearest to us."""
    header = ", ".join(str(number) for number in range(MAX_FORWARDED + 1))
    facts = facts_of(flow("GET http://api.test/", {"X-Forwarded-For": header}), POLICY, decision="d")
    assert (len(facts.forwarded), facts.forwarded[0]) == (MAX_FORWARDED, "1")


def test_a_replayed_request_has_no_address() -> None:
    """Nobody vouches for the peer of a recording."""
    assert facts_of(flow("GET http://api.test/"), POLICY, decision="d", replayed=True).peer == ""


@pytest.mark.parametrize(
    ("url", "host", "faults"),
    [
        ("http://www.example.org/", "www.example.org", ()),
        ("http://www.example.org/", "other.example.org", ("request_malformed:authority",)),
        ("http://www.example.org/", "www.example.org:81", ("request_malformed:authority",)),
        ("http://xn--bcher-kva.test/", "xn--bcher-kva.test", ()),
        ("http://xn--bcher-kva.test/", "bcher.test", ("request_malformed:authority",)),
        ("https://www.example.org/", "www.example.org", ("request_malformed:absolute_form",)),
    ],
)
def test_plain_forward_requests(url: str, host: str, faults: tuple[str, ...]) -> None:
    """URL and Host name one destination, IDNA names too; TLS comes through a tunnel."""
    judged = forward(f"GET {url}", {"Host": host})
    judged.request.data.authority = b""
    facts = facts_of(judged, POLICY, decision="d")
    assert (facts.kind, facts.listener, facts.faults) == ("forward", "out", faults)


@pytest.mark.parametrize(
    ("host", "sni", "faults"),
    [
        ("www.example.org", "www.example.org", ()),
        ("www.example.org", None, ()),
        ("other.example.org", "www.example.org", ("request_malformed:authority",)),
        ("www.example.org", "other.example.org", ("sni_mismatch",)),
    ],
)
def test_requests_in_a_tunnel(host: str, sni: str | None, faults: tuple[str, ...]) -> None:
    """CONNECT, TLS name and Host name one destination, also once the address is pinned."""
    judged = forward(f"GET https://{host}/", {"Host": host})
    judged.request.data.authority = b""
    judged.request.data.host = "192.0.2.1"
    judged.client_conn.sni = sni
    facts = facts_of(judged, POLICY, decision="d", tunnel=Tunnel(host="www.example.org", port=443))
    assert (facts.tunnel, facts.sni, facts.faults) == (True, sni, faults)


@pytest.mark.parametrize(
    ("host", "port", "header", "faults"),
    [
        ("www.example.org", 443, "www.example.org:443", ()),
        ("www.example.org", 443, "other.example.org:443", ("request_malformed:authority",)),
        ("www.example.org", 443, "www.example.org:444", ("request_malformed:authority",)),
        ("b\u00fccher.test", 443, "xn--bcher-kva.test:443", ()),
        ("", 0, "", ("request_malformed:authority",)),
    ],
)
def test_connects(host: str, port: int, header: str, faults: tuple[str, ...]) -> None:
    """A CONNECT has a host and a port, and its Host header says the same; the TLS name is the proxy's own."""
    judged = forward("CONNECT http://x/", {"Host": header})
    judged.request.data.host, judged.request.data.port = host, port
    judged.client_conn.sni = "proxy.test"
    facts = facts_of(judged, POLICY, decision="d")
    assert (facts.connect, facts.host, facts.port, facts.sni) == (True, host.encode("idna").decode(), port, None)
    assert facts.faults == faults


def test_a_connect_to_a_name_that_mitmproxy_decodes() -> None:
    """It hands out `bücher.example` for what was asked for as `xn--bcher-kva.example`."""
    judged = forward("CONNECT http://x/", {"Host": "xn--bcher-kva.example:443"})
    judged.request.data.host, judged.request.data.port = "b\u00fccher.example", 443
    facts = facts_of(judged, POLICY, decision="d")
    assert (facts.host, facts.faults) == ("xn--bcher-kva.example", ())


@pytest.mark.parametrize(("source", "said"), [("proxy-protocol", ("192.0.2.1",)), ("peer", ())])
def test_the_client_of_a_proxy_header(source: str, said: tuple[str, ...]) -> None:
    """Counts where the listener reads such headers, also on connections that are older than the policy."""
    rule = f"client_ip: {{from: {source}, trusted_proxies: [edges]}}"
    asking = policy(TEXT.replace("client_ip: {from: x-forwarded-for, trusted_proxies: [edges]}", rule))
    facts = facts_of(flow("GET http://api.test/", {"X-Forwarded-For": "203.0.113.1"}), asking, decision="d")
    assert facts.forwarded == ()
    assert with_claim(facts, asking, "192.0.2.1").forwarded == said
    assert with_claim(facts, asking, "").forwarded == ()


@pytest.mark.parametrize(
    ("authority", "faults"),
    [
        (b"www.example.org:443", ()),
        (b"WWW.example.org.:443", ()),
        (b"[www.example.org]:443", ("request_malformed:authority",)),
        (b"other.example.org:443", ("request_malformed:authority",)),
        (b"www.example.org", ("request_malformed:authority",)),
    ],
)
def test_the_target_of_a_connect_is_what_mitmproxy_made_of_it(authority: bytes, faults: tuple[str, ...]) -> None:
    """A target that is read more generously than it is written is refused, not repaired."""
    judged = forward("CONNECT http://x/", {"Host": "www.example.org:443"})
    judged.request.data.host, judged.request.data.port = "www.example.org", 443
    judged.request.data.authority = authority
    assert facts_of(judged, POLICY, decision="d").faults == faults
