"""Paths: one spelling is read, every other is refused, and honest ones pass."""

from __future__ import annotations

import pytest

from parclose.stages.spelling import Fault, fold, fold_ascii, read_lenient, read_strict

HONEST = [
    ("/", ()),
    ("/v1", ("v1",)),
    ("/v1/", ("v1", "")),
    ("/v1/orders/0f8fad5b-d9cb-469f-a165-70867728950e", ("v1", "orders", "0f8fad5b-d9cb-469f-a165-70867728950e")),
    ("/.well-known/openid-configuration", (".well-known", "openid-configuration")),
    ("/a..b/c.", ("a..b", "c.")),
    ("/...", ("...",)),
    ("/a/..b", ("a", "..b")),
    ("/caf%C3%A9", ("café",)),
    ("/a%20b", ("a b",)),
    ("/a%2Eb", ("a.b",)),
    ("/~user/a_b-c(1)!$&'*+,=:@", ("~user", "a_b-c(1)!$&'*+,=:@")),
    ("/%E2%82%AC", ("€",)),
    ("/a/%20", ("a", " ")),
    ("/%E2%80%A6", ("…",)),
]

# The corpus of path confusion: MITMPROXY section 8 (all of these reach a hook as sent) and its relatives.
CONFUSING = [
    ("", Fault.FORM),
    ("*", Fault.FORM),
    ("v1", Fault.FORM),
    ("http://evil/x", Fault.FORM),
    ("//", Fault.EMPTY_SEGMENT),
    ("//v1", Fault.EMPTY_SEGMENT),
    ("/v1//x", Fault.EMPTY_SEGMENT),
    ("/v1/x//", Fault.EMPTY_SEGMENT),
    ("/.", Fault.DOT_SEGMENT),
    ("/..", Fault.DOT_SEGMENT),
    ("/v1/../admin", Fault.DOT_SEGMENT),
    ("/v1/./x", Fault.DOT_SEGMENT),
    ("/v1/..", Fault.DOT_SEGMENT),
    ("/v1/%2e%2e/admin", Fault.DOT_SEGMENT),
    ("/v1/.%2E/admin", Fault.DOT_SEGMENT),
    ("/v1/%2e", Fault.DOT_SEGMENT),
    ("/v1%2fadmin", Fault.ENCODED_SEPARATOR),
    ("/v1%2Fadmin", Fault.ENCODED_SEPARATOR),
    ("/v1%5cadmin", Fault.ENCODED_SEPARATOR),
    ("/v1%5Cadmin", Fault.ENCODED_SEPARATOR),
    ("/v1/%252e%252e", Fault.ENCODED_SEPARATOR),
    ("/v1/x%3bv=1", Fault.ENCODED_SEPARATOR),
    ("/v1/x%3By", Fault.ENCODED_SEPARATOR),
    ("/v1/x%23y", Fault.ENCODED_SEPARATOR),
    ("/v1/x%3fy", Fault.ENCODED_SEPARATOR),
    ("/v1/x%00.png", Fault.ENCODED_SEPARATOR),
    ("/v1/x%0d%0aHost:evil", Fault.ENCODED_SEPARATOR),
    ("/v1/x%1f", Fault.ENCODED_SEPARATOR),
    ("/v1/x%7f", Fault.ENCODED_SEPARATOR),
    ("/v1/x;jsessionid=1", Fault.CHARACTER),
    ("/v1/..;/admin", Fault.CHARACTER),
    ("/v1\\admin", Fault.CHARACTER),
    ("/v1/x#frag", Fault.CHARACTER),
    ("/v1/x?y", Fault.CHARACTER),
    ("/v1/a b", Fault.CHARACTER),
    ("/v1/a\tb", Fault.CHARACTER),
    ("/v1/a\x00b", Fault.CHARACTER),
    ("/v1/a\x7fb", Fault.CHARACTER),
    ("/v1/a\x80b", Fault.CHARACTER),
    ("/v1/caf\xc3\xa9", Fault.CHARACTER),
    ("/v1/\xff", Fault.CHARACTER),
    ("/v1/%", Fault.BROKEN_ESCAPE),
    ("/v1/%4", Fault.BROKEN_ESCAPE),
    ("/v1/%zz", Fault.BROKEN_ESCAPE),
    ("/v1/%u002e", Fault.BROKEN_ESCAPE),
    ("/v1/%ff", Fault.NOT_UTF8),
    ("/v1/%c0%ae%c0%ae/admin", Fault.NOT_UTF8),
    ("/v1/%c0%af", Fault.NOT_UTF8),
    ("/v1/%ed%a0%80", Fault.NOT_UTF8),
    ("/v1/%f4%90%80%80", Fault.NOT_UTF8),
    ("/v1/..%20/admin", Fault.DOT_SEGMENT),
    ("/v1/%20.", Fault.DOT_SEGMENT),
    ("/v1/..%C2%A0", Fault.DOT_SEGMENT),
    ("/v1/%EF%BC%8E%EF%BC%8E/admin", Fault.DOT_SEGMENT),  # full-width dots
    ("/v1/%E2%80%A5/admin", Fault.DOT_SEGMENT),  # a leader of two dots
    ("/v1/.%E2%80%8B./admin", Fault.DOT_SEGMENT),  # a blank without width
    ("/v1/a%EF%BC%8F..%EF%BC%8Fadmin", Fault.DOT_SEGMENT),  # full-width slashes
]


@pytest.mark.parametrize(("target", "expected"), HONEST)
def test_an_honest_path_is_read_once(target: str, expected: tuple[str, ...]) -> None:
    """A client that sends what its library makes of a path is understood; else the guard would be switched off."""
    assert expected == read_strict(target)


@pytest.mark.parametrize(("target", "fault"), CONFUSING)
def test_path_confusion_is_refused(target: str, fault: Fault) -> None:
    """No path that another server could read differently has a meaning here; else a rule could be walked around."""
    assert fault is read_strict(target)


@pytest.mark.parametrize("byte", range(256))
def test_every_raw_byte_is_either_itself_or_refused(byte: int) -> None:
    """No byte changes meaning on its way: what is let through in strict reading is the same character."""
    read = read_strict(f"/a{chr(byte)}b")
    if chr(byte) == "/":
        assert read == ("a", "b")
    elif isinstance(read, tuple):
        assert read == (f"a{chr(byte)}b",)
        assert 0x20 < byte < 0x7F
        assert chr(byte) not in "\\#;?%"


@pytest.mark.parametrize("byte", range(256))
def test_every_escaped_byte_is_decoded_once_or_refused(byte: int) -> None:
    """An escape stands for one character of text and never for a separator, a control byte or half a character."""
    read = read_strict(f"/a%{byte:02x}b")
    if isinstance(read, tuple):
        assert read == (f"a{chr(byte)}b",)
        assert 0x1F < byte < 0x7F
        assert chr(byte) not in "/\\%;#?"


@pytest.mark.parametrize(
    ("target", "path", "forwarded"),
    [
        ("/", (), "/"),
        ("//", (), "/"),
        ("/a//b", ("a", "b"), "/a/b"),
        ("/a/./b", ("a", "b"), "/a/b"),
        ("/a/../b", ("b",), "/b"),
        ("/a/%2e%2E/b", ("b",), "/b"),
        ("/a/..", (), "/"),
        ("/a/b/..", ("a", ""), "/a/"),
        ("/a/.", ("a", ""), "/a/"),
        ("/a/", ("a", ""), "/a/"),
        ("/a;v=1/b;x", ("a", "b"), "/a/b"),
        ("/a/..;x/b", ("b",), "/b"),
        ("/a/;x/b", ("a", "b"), "/a/b"),
        ("/a%20b/%41", ("a b", "A"), "/a%20b/%41"),
    ],
)
def test_lenient_reading_forwards_what_it_judged(target: str, path: tuple[str, ...], forwarded: str) -> None:
    """The normalised path is judged and sent; reading that again changes nothing."""
    assert (path, forwarded) == read_lenient(target)
    assert (path, forwarded) == read_lenient(forwarded)


@pytest.mark.parametrize(
    ("target", "fault"),
    [
        ("/..", Fault.ABOVE_ROOT),
        ("/a/../../b", Fault.ABOVE_ROOT),
        ("/a%2fb", Fault.ENCODED_SEPARATOR),
        ("/%252e", Fault.ENCODED_SEPARATOR),
        ("/a\\b", Fault.CHARACTER),
        ("/%ff", Fault.NOT_UTF8),
        ("/a/%20../b", Fault.DOT_SEGMENT),
        ("/%zz", Fault.BROKEN_ESCAPE),
        ("", Fault.FORM),
    ],
)
def test_lenient_reading_still_refuses(target: str, fault: Fault) -> None:
    """Leniency is for untidy paths, not for hidden ones."""
    assert fault is read_lenient(target)


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/v1/payouts", ()),
        ("/v1/Payouts", (("v1", "payouts"),)),
        ("/v1/payouts.", (("v1", "payouts"),)),
        ("/v1/payouts%20", (("v1", "payouts"),)),
        ("/v1/%20payouts", (("v1", "payouts"),)),
        ("/v1/payouts./x", (("v1", "payouts", "x"),)),
        ("/v1/p%41y", (("v1", "pay"),)),
        ("/v1/%70ayouts", ()),
        ("/v1/%EF%BD%90ayouts", (("v1", "payouts"),)),  # a full-width p
        ("/v1/pay%C2%A0", (("v1", "pay"),)),  # a blank that does not break
        ("/v1/p%C2%ADay", (("v1", "pay"),)),  # a hyphen that is not seen
        ("/v1/pa%C4%B1d", (("v1", "paid"),)),  # an i without its dot
        ("/v1/a%EF%BC%8Fb", (("v1", "a", "b"),)),  # a full-width slash
        ("/v1/a%EF%BC%BCb", (("v1", "a", "b"),)),  # a full-width backslash
        ("/v1/a%E2%88%95b", (("v1", "a", "b"),)),  # a slash of division
        ("/v1/pay::$DATA", (("v1", "pay"),)),
        ("/v1/pay:$I30:$INDEX_ALLOCATION/x", (("v1", "pay", "x"),)),
        ("/v1/a:b", ()),
        ("/v1/.x", ()),
        # What folds away is an empty segment to some, and not there to others; a slash at the end stays one.
        ("/v1/...", (("v1", ""), ("v1",))),
        ("/v1/%20/x", (("v1", "", "x"), ("v1", "x"))),
        ("/v1/%20/x/", (("v1", "", "x", ""), ("v1", "x", ""))),
        ("/V1/x/", (("v1", "x", ""),)),
    ],
)
def test_look_alikes_fold(target: str, expected: tuple[tuple[str, ...], ...]) -> None:
    """What a lax server takes for another path is seen as that; plain paths cost no second look."""
    path = read_strict(target)
    assert isinstance(path, tuple)
    assert expected == fold(path, target)


def test_folding_ascii_touches_nothing_else() -> None:
    """A policy that does not tell capitals apart means ASCII; a Turkish dotless i stays what it is."""
    assert fold_ascii(("AbZ[", "\u00c4\u0130@")) == ("abz[", "\u00c4\u0130@")
