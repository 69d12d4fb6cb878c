"""The PROXY header, versions 1 and 2: what a load balancer that passes bytes on says of the connection it got.

It stands before everything else, TLS too. One that is cut, too long or spelt otherwise is refused, never skipped: what
follows it would be taken for the beginning of a request.

Source: The PROXY protocol, versions 1 and 2, haproxy.org, doc/proxy-protocol.txt, sections 2.1 and 2.2.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

MAX_V1_BYTES: Final = 107  # with its line end; section 2.1
SIGNATURE: Final = b"\r\n\r\n\x00\r\nQUIT\n"
# The addresses take 36 bytes, TLVs of common balancers (TLS names, ids of endpoints) some hundred.
MAX_V2_BYTES: Final = 4096
_V1 = re.compile(rb"PROXY (?:UNKNOWN(?: [ -~]*)?|TCP([46]) ([0-9A-Fa-f:.]+) ([0-9A-Fa-f:.]+) (\d{1,5}) (\d{1,5}))\r\n")
_V2_FIXED: Final = 4  # version and command, family and protocol, length
_SIZES: Final = {0x11: (4, 12), 0x21: (16, 36)}  # of an address, and of all that must be there, for TCP

type Read = Callable[[int], Awaitable[bytes]]


class HeaderFault(Exception):
    """The bytes are no PROXY header; says what is wrong. The fault of whoever connected."""


async def read_header(read: Read) -> str:
    """Read one header and not a byte more; return the client's address, "" where it speaks for nobody else.

    `read` returns exactly so many bytes, or raises. IPv4 inside IPv6 is told as it came.

    Raises:
        HeaderFault: it is no such header.
    """
    start = await read(len(SIGNATURE))  # the shortest header, `PROXY UNKNOWN`, has 15
    if start == SIGNATURE:
        return await _read_v2(read)
    if not start.startswith(b"PROXY "):
        raise HeaderFault("no PROXY header")
    line = bytearray(start)
    while not line.endswith(b"\r\n"):
        if len(line) >= MAX_V1_BYTES:
            raise HeaderFault(f"a line of more than {MAX_V1_BYTES} bytes")
        line += await read(1)
    return _v1(bytes(line))


def _v1(line: bytes) -> str:
    """Return the address of a whole line of version 1.

    Raises:
        HeaderFault: it is none.
    """
    found = _V1.fullmatch(line)
    if found is None:
        raise HeaderFault("a line that is not spelt as version 1 says")
    if found[1] is None:
        return ""
    kind = IPv4Address if found[1] == b"4" else IPv6Address
    try:
        source, _ = (kind(found[place].decode("ascii")) for place in (2, 3))
    except AddressValueError as wrong:
        raise HeaderFault("an address that cannot be read") from wrong
    if any(int(found[place]) > 0xFFFF or (found[place][:1] == b"0" and len(found[place]) > 1) for place in (4, 5)):
        raise HeaderFault("a port that cannot be one")
    return str(source)


async def _read_v2(read: Read) -> str:
    """Return the address of a header of version 2, after its signature.

    Raises:
        HeaderFault: it is none.
    """
    fixed = await read(_V2_FIXED)
    command, family, length = fixed[0], fixed[1], int.from_bytes(fixed[2:], "big")
    if command not in (0x20, 0x21):
        raise HeaderFault("a version or command that version 2 does not have")
    if length > MAX_V2_BYTES:
        raise HeaderFault(f"a header of {length} bytes; {MAX_V2_BYTES} are read")
    rest = await read(length) if length else b""
    if command == 0x20:  # LOCAL: the balancer's own look whether we are there
        return ""
    if family == 0x00:  # UNSPEC
        return ""
    if family not in _SIZES:
        raise HeaderFault("addresses that are not those of a TCP connection")
    size, whole = _SIZES[family]
    if length < whole:
        raise HeaderFault("fewer bytes than its addresses take")
    kind = IPv4Address if size == 4 else IPv6Address
    return str(kind(rest[:size]))
