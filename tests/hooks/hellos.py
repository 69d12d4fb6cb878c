"""ClientHellos as a client of today sends them, and as an attacker would."""

import contextlib
import ssl

SERVER_NAME = b"\x00\x00"


def hello_of(name: str | None) -> bytes:
    """Return the first bytes of a TLS client that asks for a name, or for none."""
    client = ssl.create_default_context()
    client.check_hostname = False
    out = ssl.MemoryBIO()
    with contextlib.suppress(ssl.SSLWantReadError):
        client.wrap_bio(ssl.MemoryBIO(), out, server_hostname=name).do_handshake()
    return out.read()


def with_extension(hello: bytes, kind: int, body: bytes = b"") -> bytes:
    """Return a hello, of one record, with one more extension at its end."""
    message = hello[9:]
    at = 34
    at += 1 + message[at]
    at += 2 + int.from_bytes(message[at : at + 2])
    at += 1 + message[at]
    extensions = message[at + 2 :] + kind.to_bytes(2) + len(body).to_bytes(2) + body
    message = message[:at] + len(extensions).to_bytes(2) + extensions
    handshake = b"\x01" + len(message).to_bytes(3) + message
    return hello[:3] + len(handshake).to_bytes(2) + handshake


def in_records(hello: bytes, size: int) -> bytes:
    """Return a hello cut into records of some bytes each."""
    whole = hello[5:]
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    return b"".join(hello[:3] + len(part).to_bytes(2) + part for part in parts)
