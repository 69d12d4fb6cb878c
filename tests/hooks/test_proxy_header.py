"""PROXY headers: if these fail, a caller behind a balancer is whoever it says it is, or nobody gets through."""

from __future__ import annotations

import asyncio
import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.hooks.proxy_header import MAX_V1_BYTES, MAX_V2_BYTES, SIGNATURE, HeaderFault, read_header

REST = b"GET / HTTP/1.1\r\n"


def v2(source: str, *, command: int = 0x21, family: int | None = None, tlvs: bytes = b"", cut: int = 0) -> bytes:
    """Return a header of version 2, as a balancer writes it."""
    address = ip_address(source)
    kind = {4: 0x11, 6: 0x21}[address.version] if family is None else family
    body = address.packed * 2 + struct.pack("!HH", 40000, 443) + tlvs
    body = body[: len(body) - cut]
    return SIGNATURE + struct.pack("!BBH", command, kind, len(body)) + body


def read(data: bytes) -> tuple[str, bytes]:
    """Return what comes of some bytes, and those that were left."""

    async def reading() -> tuple[str, bytes]:
        reader = asyncio.StreamReader()
        reader.feed_data(data)
        reader.feed_eof()
        try:
            said = await read_header(reader.readexactly)
        except HeaderFault:
            said = "refused"
        except asyncio.IncompleteReadError:
            said = "cut"
        return said, await reader.read()

    return asyncio.run(reading())


LONG = b"PROXY TCP6 " + b" ".join([b"ffff:" * 7 + b"ffff"] * 2) + b" 65535 65535\r\n"


@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n", "192.0.2.1"),
        (b"PROXY TCP6 2001:db8::1 2001:db8::2 56324 443\r\n", "2001:db8::1"),
        (b"PROXY TCP6 2001:DB8:0:0:0:0:0:1 ::1 0 65535\r\n", "2001:db8::1"),
        (b"PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n", "::ffff:192.0.2.1"),
        (LONG, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        (b"PROXY UNKNOWN\r\n", ""),
        (b"PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", ""),
        (v2("192.0.2.1"), "192.0.2.1"),
        (v2("2001:db8::1"), "2001:db8::1"),
        (v2("192.0.2.1", tlvs=b"\x03\x00\x04abcd\xea\x00\x02hi"), "192.0.2.1"),
        (v2("192.0.2.1", tlvs=b"x" * (MAX_V2_BYTES - 12)), "192.0.2.1"),
        (v2("192.0.2.1", command=0x20), ""),
        (SIGNATURE + b"\x20\x00\x00\x00", ""),
        (SIGNATURE + b"\x21\x00\x00\x00", ""),
    ],
)
def test_a_header_is_read_to_its_end(header: bytes, said: str) -> None:
    """And not a byte further: what follows belongs to TLS, or to HTTP."""
    assert read(header + REST) == (said, REST)


@pytest.mark.parametrize(
    "header",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\x00",
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 \r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n",
        b"PROXY TCP4 192.0.2.256 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.01 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n",
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP6 fe80::1%eth0 ::1 1 2\r\n",
        b"PROXY TCP4 192.0.2.1, 192.0.2.2 1 2\r\n",
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4\t192.0.2.1 192.0.2.2 1 2\r\n",
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nGET / HTTP/1.1\r\n",
        b"PROXY UNKNOWN\x00\r\n",
        b"PROXY UNKNOWN " + b"a" * MAX_V1_BYTES + b"\r\n",
        b"\r\n\r\n\x00\r\nQUIT\r",
        v2("192.0.2.1", command=0x11),
        v2("192.0.2.1", command=0x22),
        v2("192.0.2.1", family=0x12),
        v2("192.0.2.1", family=0x21),
        v2("192.0.2.1", family=0x31),
        v2("192.0.2.1", cut=1),
        v2("192.0.2.1", tlvs=b"x" * (MAX_V2_BYTES - 11)),
    ],
)
def test_another_spelling_is_refused(header: bytes) -> None:
    """What is not exactly one is none; nobody guesses."""
    assert read(header + b" " * MAX_V1_BYTES)[0] == "refused"


@pytest.mark.parametrize("header", [b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n", v2("2001:db8::1")])
def test_a_header_that_ends_early_is_none(header: bytes) -> None:
    """At no byte of it."""
    assert {read(header[:size])[0] for size in range(len(header))} == {"cut"}


@given(st.one_of(st.binary(max_size=300), st.binary(max_size=60).map(lambda tail: SIGNATURE + tail)))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    """Nothing else is raised, and an address that is told is one."""
    said, _ = read(data)
    assert said in {"refused", "cut", ""} or str(ip_address(said)) == said


@given(st.ip_addresses(), st.binary(max_size=40), st.booleans())
def test_every_address_comes_through(address: object, rest: bytes, first: bool) -> None:
    """In both versions, whatever follows."""
    kind = "TCP6" if ":" in str(address) else "TCP4"
    line = f"PROXY {kind} {address} {address} 1 2\r\n".encode()
    assert read((line if first else v2(str(address))) + rest) == (str(address), rest)
