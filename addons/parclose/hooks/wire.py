"""The bytes of a request head, looked at once: headers by name, host names in normal form, tokens of lists."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from mitmproxy import http
from mitmproxy.proxy import mode_specs

type Fields = Mapping[bytes, list[bytes]]

METHOD = re.compile(rb"[A-Z][A-Z0-9_-]{0,31}")
# What may stand in a host name on the wire: letters, digits, hyphen, underscore, in labels of up to 63.
# IDNA names arrive as `xn--`. Source: RFC 1035 section 2.3.4.
NAME = re.compile(r"(?![-.]|.{254})[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*(?<!-)\Z")
AUTHORITY = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^\s:@/\[\]]*)(?::(\d{0,5}))?\Z")
MAX_AUTHORITY = 253 + 1 + 6  # a name, its final dot, a colon and a port
LENGTH = re.compile(rb"[0-9]{1,18}")  # more would overflow the 64 bits in which some server counts
BAD_VALUE = re.compile(rb"[\r\n\0]")
# Ends a request line or an URL for somebody; all else is the upstream's. HTTP/2 carries blanks, which would make the
# three words of an HTTP/1 request line four.
BAD_QUERY = re.compile(rb"[\x00-\x20\x7f#]")
FORWARD_MODES = (mode_specs.RegularMode, mode_specs.UpstreamMode, mode_specs.Socks5Mode)


def fields_of(headers: http.Headers) -> dict[bytes, list[bytes]]:
    """Return every value of every header, names in lower case, in the order they came."""
    held: dict[bytes, list[bytes]] = {}
    for name, value in headers.fields:
        held.setdefault(name.lower(), []).append(value)
    return held


def text_of(fields: Fields, name: bytes) -> str:
    """Return the first value of a header, one character a byte; "" when it is absent. Never raises."""
    values = fields.get(name)
    return values[0].decode("latin-1") if values else ""


def elements(values: Iterable[bytes]) -> list[str]:
    """Split the values of a list header at its commas; empty elements are dropped."""
    parts = (part.strip(" \t") for value in values for part in value.decode("latin-1").split(","))
    return [part for part in parts if part]


def has_bad_value(headers: http.Headers) -> bool:
    """Tell whether a header value holds CR, LF or NUL: what another server may read as the end of a line."""
    return BAD_VALUE.search(b"".join([value for _, value in headers.fields])) is not None


def split_authority(authority: str) -> tuple[str, int | None] | None:
    """Return the host in normal form and the port of `host[:port]`, or None when it is not one.

    Normal form is lower case, without one trailing dot, an IPv6 literal without brackets in its shortest form.
    """
    return _split_authority(authority) if len(authority) <= MAX_AUTHORITY else None


@lru_cache(maxsize=4096)
def _split_authority(authority: str) -> tuple[str, int | None] | None:
    """Do what `split_authority` says; a server is asked for the same few names again and again."""
    found = AUTHORITY.match(authority)
    if not found:
        return None
    host, port = normal_host(found[1]), found[2]
    if host is None or (port and not 0 < int(port) < 65536):
        return None
    return host, int(port) if port else None


def normal_host(host: str) -> str | None:
    """Return a host in normal form, or None when it is neither a name nor an address."""
    if host.startswith("["):
        try:
            return str(ipaddress.IPv6Address(host[1:-1]))
        except ValueError:
            return None
    if ":" in host:  # mitmproxy keeps IPv6 hosts without their brackets
        return normal_host(f"[{host}]")
    # Only ASCII is folded: `str.lower` turns some other letters (the Kelvin sign) into ASCII ones.
    folded = host.lower().removesuffix(".") if host.isascii() else ""
    return folded if NAME.match(folded) else None


def told_host(host: str) -> str | None:
    """Return the normal form of a host that mitmproxy has parsed: it tells IDNA names in Unicode."""
    if host.isascii():
        return normal_host(host)
    try:
        return normal_host(host.encode("idna").decode("ascii"))
    except UnicodeError:
        return None


def kind_of(mode: mode_specs.ProxyMode) -> str:
    """Return `forward` for the modes whose clients name any destination, else `reverse`."""
    return "forward" if isinstance(mode, FORWARD_MODES) else "reverse"


def plain_address(peername: tuple[object, ...] | None) -> str:
    """Return a peer's address without scope, IPv4-mapped IPv6 folded to IPv4; "" when there is none."""
    if not peername:
        return ""
    text = str(peername[0]).partition("%")[0]
    if text.startswith("::"):
        try:
            address = ipaddress.IPv6Address(text)
        except ValueError:
            return text
        return str(address.ipv4_mapped or address)
    return text
