"""Revocation lists: if these fail, a stolen device goes on calling, or an unreadable list is taken for an empty one."""

from __future__ import annotations

import pytest
from cryptography import x509

from parclose.stores.revocations import RevocationError, Revocations
from tests.stores.authorities import AT, HOUR, authority, usage

ROOT = authority()
TWIN = authority("root", which="twin")
MUTE = authority("mute", usage("key_cert_sign"))
PARTIAL = x509.IssuingDistributionPoint(None, None, True, False, None, False, False)


def without_end(crl: bytes) -> bytes:
    """Cut `nextUpdate`, the second of two times, out of a list of 128 to 255 bytes; its signature no longer counts."""
    assert (crl[1], crl[3]) == (0x81, 0x30)
    second = crl.index(b"\x17\x0d", crl.index(b"\x17\x0d") + 1)
    cut = bytearray(crl[:second] + crl[second + 15 :])
    for length in (2, 5 if crl[4] == 0x81 else 4):
        cut[length] -= 15
    return bytes(cut)


@pytest.mark.parametrize(
    ("crl", "problem"),
    [
        (b"", "cannot be read"),
        (b"0\0", "cannot be read"),
        (ROOT.revoke()[:-3], "cannot be read"),
        (without_end(ROOT.revoke()), "does not say until when it is good"),
        (ROOT.revoke(extra=PARTIAL), "of a kind that is not understood"),
        (TWIN.revoke(), "that the authority of its issuer's name did not sign"),
        (MUTE.revoke(), "that the authority of its issuer's name did not sign"),
    ],
)
def test_what_cannot_be_used(crl: bytes, problem: str) -> None:
    """Broken, partial, forged, or signed by one that may not: none of them is taken for an empty list."""
    with pytest.raises(RevocationError, match=problem):
        Revocations([crl], [ROOT.certificate, MUTE.certificate])


@pytest.mark.parametrize(("until", "state"), [(0.0, "ok"), (-1.0, "unavailable")])
def test_the_end_is_inside(until: float, state: str) -> None:
    """A list is good up to the second of its `nextUpdate`, and not after."""
    lists = Revocations([ROOT.revoke(until=AT + until)], [ROOT.certificate])
    assert lists.judge([ROOT.issue().certificate, ROOT.certificate], AT)[0] == state


def test_a_twin_does_not_clear() -> None:
    """A list counts for the issuer that signed it, not for one of the same name."""
    lists = Revocations([ROOT.revoke(), TWIN.revoke()], [ROOT.certificate, TWIN.certificate])
    assert lists.judge([TWIN.issue().certificate, TWIN.certificate], AT) == ("ok", AT + HOUR)
    alone = Revocations([ROOT.revoke()], [ROOT.certificate, TWIN.certificate])
    assert alone.judge([TWIN.issue().certificate, TWIN.certificate], AT)[0] == "unavailable"


def test_an_authority_without_lists_clears_all() -> None:
    """Nobody asked for revocation."""
    assert Revocations([], [ROOT.certificate]).judge([ROOT.issue().certificate, ROOT.certificate], AT)[0] == "ok"


def test_a_chain_of_one_has_nobody_to_revoke_it() -> None:
    """The authority's own certificate is believed as the policy names it."""
    assert Revocations([ROOT.revoke()], [ROOT.certificate]).judge([ROOT.certificate], AT)[0] == "ok"
