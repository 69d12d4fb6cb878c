"""Passages: if these fail, a tunnel to one host carries TLS for another, or what is no TLS at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parclose.hooks.passages import (
    ENCRYPTED_HELLO,
    ENCRYPTED_NAME,
    MAX_HELLO_BYTES,
    Passage,
    Passages,
    fault_of_hello,
    is_name,
)
from tests.hooks.hellos import hello_of, in_records, with_extension

PAY = hello_of("pay.test")


def named(name: bytes, kind: int = 0) -> bytes:
    """Return the body of an extension that names a host."""
    entry = bytes([kind]) + len(name).to_bytes(2) + name
    return len(entry).to_bytes(2) + entry


@pytest.mark.parametrize(
    ("data", "fault"),
    [
        (PAY, ""),
        (hello_of("PAY.test"), ""),
        (PAY + b"\x17\x03\x03\x00\x02ab", ""),
        (in_records(PAY, 7), ""),
        (in_records(PAY, 1), ""),
        (hello_of("other.test"), "sni_mismatch"),
        (hello_of("a.pay.test"), "sni_mismatch"),
        (hello_of("pay.test.evil.test"), "sni_mismatch"),
        (hello_of(None), "no_sni"),
        (hello_of("127.0.0.1"), "no_sni"),
        (with_extension(PAY, 0, named(b"other.test")), "sni_mismatch"),
        (with_extension(hello_of(None), 0, named(b"pay.test")), ""),
        (with_extension(hello_of(None), 0, named(b"pay.test.")), "sni_mismatch"),
        (with_extension(hello_of(None), 0, named(b"pay.test\x00")), "sni_mismatch"),
        (with_extension(hello_of(None), 0, named(b"pay.test", kind=1)), "sni_mismatch"),
        (with_extension(hello_of(None), 0, named(b"pay.test") + b"x"), "malformed"),
        (with_extension(PAY, ENCRYPTED_HELLO, b"\x00" * 20), "encrypted"),
        (with_extension(PAY, ENCRYPTED_NAME, b"\x00" * 20), "encrypted"),
        (b"GET / HTTP/1.1\r\n\r\n", "not_tls"),
        (b"SSH-2.0-x\r\n", "not_tls"),
        (b"\x00", "not_tls"),
        (b"\x16\x04", "not_tls"),
        (b"\x16\x03\x09", "not_tls"),
        (b"\x17\x03\x03\x00\x02ab", "not_tls"),
        (b"\x16\x03\x01\x00\x05\x02", "not_tls"),
        (b"\x16\x03\x01\x00\x00", "malformed"),
        (b"\x16\x03\x01\x00\x08\x01\x00\x00\x04abcd", "malformed"),
        (b"\x16\x03\x01\x40\x00\x01\x00\xff\xff" + bytes(MAX_HELLO_BYTES), "malformed"),
        (b"", None),
        (b"\x16", None),
        (PAY[:5], None),
        (PAY[:-1], None),
    ],
)
def test_the_first_message_names_the_host(data: bytes, fault: str | None) -> None:
    """One ClientHello, in the clear, of exactly this name; everything else is refused, or waited for."""
    assert fault_of_hello(data, "pay.test") == fault


@given(st.binary(max_size=200), st.integers(0, len(PAY)))
def test_whatever_is_sent_nothing_is_raised(data: bytes, kept: int) -> None:
    """Garbage, and a good hello that turns into garbage."""
    for sent in (data, PAY[:kept] + data, PAY[:9] + data, b"\x16\x03\x01" + data):
        assert fault_of_hello(sent, "evil.test") != ""


@given(st.integers(0, len(PAY) - 1), st.integers(0, 255))
def test_a_changed_byte_never_changes_the_name(at: int, byte: int) -> None:
    """No single byte makes a hello for one host a hello for another."""
    assert fault_of_hello(PAY[:at] + bytes([byte]) + PAY[at + 1 :], "pay.tesu") in {"sni_mismatch", "", None} | FAULTS
    if PAY[at : at + 1] != b"t":
        assert fault_of_hello(PAY[:at] + bytes([byte]) + PAY[at + 1 :], "pay.tesu") != ""


FAULTS = {"not_tls", "malformed", "encrypted", "no_sni"}


@pytest.mark.parametrize("size", [1, 8, 62, 63, 64, 65, 66, 87, 200, 253])
def test_names_of_every_length_are_read(size: int) -> None:
    """A length is never taken for a letter: 0x44 is `D`."""
    name = ("a." * size)[:size].removesuffix(".").ljust(size, "b")
    assert is_name(named(name.upper().encode()), name)
    assert not is_name(named(name.encode() + b"c"), name)


def test_a_passage_is_for_one_hello_to_one_address() -> None:
    """Another address, and a second hello, are refused."""
    passage = Passage(host="pay.test", address=("192.0.2.1", 443))
    assert passage.fault_of(PAY, ("192.0.2.1", 443)) == ""
    for address in (("192.0.2.2", 443), ("192.0.2.1", 80), ("pay.test", 443), None):
        assert passage.fault_of(PAY, address) == "address"
    passage.taken = True
    assert passage.fault_of(PAY, ("192.0.2.1", 443)) == "address"


def test_they_are_known_by_client() -> None:
    """Closed ones are forgotten, and closing twice does nothing."""
    passages = Passages()
    passage = Passage(host="pay.test", address=("192.0.2.1", 443))
    passages.open("a", passage)
    assert (passages.of("a"), passages.of("b")) == (passage, None)
    passages.close("a")
    passages.close("a")
    assert passages.of("a") is None
