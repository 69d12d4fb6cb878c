"""Passages: tunnels in which TLS stays closed, and what a client must say first to have one.

A host that `network.passthrough` names is relayed as it comes, to the address that the verdict approved, once the first
message is a ClientHello that names exactly that host. What it says afterwards nobody sees: a server that answers for
several names can be asked for another one inside.

Refused are another name, no name (so every address), Encrypted Client Hello (RFC 9849), whose true name nobody can
read, also where a browser only pretends to use it, and whatever is not TLS.

Source: RFC 8446 section 4.1.2, RFC 6066 section 3.
"""

from __future__ import annotations

from dataclasses import dataclass

from mitmproxy.net.tls import starts_like_tls_record
from mitmproxy.proxy.layers.tls import parse_client_hello

type Address = tuple[str, int]

MAX_HELLO_BYTES = 16 * 1024  # with keys for quantum computers and a session ticket it has some 3 KiB
RECORD_START = b"\x16\x03"
CLIENT_HELLO = 1
SERVER_NAME, ENCRYPTED_NAME, ENCRYPTED_HELLO = 0x0000, 0xFFCE, 0xFE0D


@dataclass(slots=True, kw_only=True)
class Passage:
    """One of them: the name that a ClientHello must have, the address it leads to, and what became of it.

    Bytes are those of the client (`received`) and for it (`sent`). `fault` says why it was cut, `taken` that its one
    ClientHello has passed.
    """

    host: str
    address: Address
    received_bytes: int = 0
    sent_bytes: int = 0
    taken: bool = False
    fault: str = ""

    def fault_of(self, data: bytes, address: object) -> str | None:
        """Say what is wrong with the first bytes of a client that would connect to `address`; None while too few.

        The words are `not_tls`, `malformed`, `encrypted`, `no_sni`, `sni_mismatch`, `address`; "" means that all is
        well.
        """
        if self.taken or address != self.address:
            return "address"
        return fault_of_hello(data, self.host)


def fault_of_hello(data: bytes, host: str) -> str | None:
    """Say in a word why bytes are no ClientHello for a host, "" when they are, None while that cannot be told."""
    if not (data.startswith(RECORD_START[: len(data)]) if len(data) < 3 else starts_like_tls_record(data)):
        return "not_tls"
    if data[5:6] not in (b"", bytes([CLIENT_HELLO])):
        return "not_tls"
    try:
        hello = parse_client_hello(data[:MAX_HELLO_BYTES])
        if hello is None:
            return "malformed" if len(data) >= MAX_HELLO_BYTES else None
        extensions = hello.extensions
    except (ValueError, EOFError):
        return "malformed"
    kinds = [kind for kind, _ in extensions]
    if ENCRYPTED_HELLO in kinds or ENCRYPTED_NAME in kinds:
        return "encrypted"
    names = [body for kind, body in extensions if kind == SERVER_NAME]
    if not names:
        return "no_sni"
    return "" if len(names) == 1 and is_name(names[0], host) else "sni_mismatch"


def is_name(extension: bytes, host: str) -> bool:
    """Tell whether the extension names a host, and nothing else that another reader would take. RFC 6066 section 3."""
    name = host.encode("latin-1", "replace")
    start = (len(name) + 3).to_bytes(2) + b"\x00" + len(name).to_bytes(2)
    return extension[: len(start)] == start and extension[len(start) :].lower() == name


class Passages:
    """Those that were granted, by client connection; one has at most one, as it has one tunnel."""

    def __init__(self) -> None:
        """Start with none."""
        self._open: dict[str, Passage] = {}

    def open(self, client_id: str, passage: Passage) -> None:
        """Grant one to a client connection."""
        self._open[client_id] = passage

    def of(self, client_id: str) -> Passage | None:
        """Return that of a client connection, or None."""
        return self._open.get(client_id)

    def close(self, client_id: str) -> None:
        """Forget that of a client connection which has ended."""
        self._open.pop(client_id, None)
