"""What would be believed if these failed: that host names and addresses have one spelling."""

import pytest
from mitmproxy import http
from mitmproxy.proxy.mode_specs import ProxyMode

from parclose.hooks import wire


@pytest.mark.parametrize(
    ("authority", "expected"),
    [
        ("api.test", ("api.test", None)),
        ("API.Test.:8080", ("api.test", 8080)),
        ("api.test:", ("api.test", None)),
        ("[2001:DB8::0]:443", ("2001:db8::", 443)),
        ("127.1", ("127.1", None)),
        ("xn--bcher-kva.example", ("xn--bcher-kva.example", None)),
        ("api.test:0", None),
        ("api.test:1", ("api.test", 1)),
        ("api.test:65535", ("api.test", 65535)),
        ("api.test:65536", None),
        ("", None),
        (".", None),
        ("a..b", None),
        ("-a.test", None),
        ("a.test-", None),
        ("my_host.test", ("my_host.test", None)),
        (f"{'a' * 63}.test", (f"{'a' * 63}.test", None)),
        (f"{'a' * 64}.test", None),
        (f"{'a.' * 126}a", (f"{'a.' * 126}a", None)),
        (f"{'a.' * 126}aa", None),
        ("user@api.test", None),
        ("api.test/x", None),
        ("\u212aelvin.test", None),
        ("b\xfccher.example", None),
        ("[::1", None),
        ("::1", None),
    ],
)
def test_authorities(authority: str, expected: tuple[str, int | None] | None) -> None:
    """Each authority has one reading, or none."""
    assert wire.split_authority(authority) == expected


@pytest.mark.parametrize(
    ("host", "expected"),
    [
        ("API.test.", "api.test"),
        ("b\u00fccher.test", "xn--bcher-kva.test"),
        ("2001:DB8::0", "2001:db8::"),
        ("\u00fc" * 70, None),
        ("\udcff", None),
        ("", None),
    ],
)
def test_hosts_that_mitmproxy_tells(host: str, expected: str | None) -> None:
    """An IDNA name is told in Unicode and compared as A-labels; what is none raises nothing."""
    assert wire.told_host(host) == expected


@pytest.mark.parametrize(
    ("peername", "expected"),
    [
        (("203.0.113.9", 1), "203.0.113.9"),
        (("::ffff:203.0.113.9", 1, 0, 0), "203.0.113.9"),
        (("fe80::1%eth0", 1, 0, 3), "fe80::1"),
        (("::1", 1, 0, 0), "::1"),
        (("::x", 1), "::x"),
        (None, ""),
    ],
)
def test_peers(peername: tuple[object, ...] | None, expected: str) -> None:
    """IPv4 inside IPv6 is IPv4, zones are dropped, and nothing raises."""
    assert wire.plain_address(peername) == expected


def test_headers_are_read_as_bytes() -> None:
    """Repeated headers stay apart, names fold, and bytes that are no UTF-8 survive."""
    headers = http.Headers([(b"X-A", b"1"), (b"x-a", b"\xff"), (b"B", b"2")])
    fields = wire.fields_of(headers)
    assert fields == {b"x-a": [b"1", b"\xff"], b"b": [b"2"]}
    assert (wire.text_of(fields, b"x-a"), wire.text_of(fields, b"none")) == ("1", "")
    assert wire.elements([b"a, b", b",c"]) == ["a", "b", "c"]


@pytest.mark.parametrize(("value", "bad"), [(b"a\tb", False), (b"a\rb", True), (b"a\nb", True), (b"a\0b", True)])
def test_bad_values(value: bytes, bad: bool) -> None:
    """CR, LF and NUL are found, a tab is not."""
    assert wire.has_bad_value(http.Headers([(b"X", value), (b"Y", b"z")])) is bad


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("reverse:http://127.0.0.1:1", "reverse"),
        ("regular", "forward"),
        ("upstream:http://127.0.0.1:1", "forward"),
        ("socks5", "forward"),
    ],
)
def test_kinds(mode: str, kind: str) -> None:
    """A mode whose client names the destination is forward."""
    assert wire.kind_of(ProxyMode.parse(mode)) == kind
