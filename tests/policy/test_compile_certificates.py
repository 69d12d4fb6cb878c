"""Client certificates: authorities from files, and what a recogniser asks; text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.certificates import CertificateMatch, Names
from parclose.policy.hosts import HostPattern
from tests.policy.shop import changed, load_text, said

PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
CRL = "-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n"
WEB = "web: [{token: {issuer: login, client: [web]}}]"


def cas(written: str) -> tuple[str, str]:
    """Return the change that writes `client_cas`."""
    return "attributes:\n", f"client_cas: {{corp: {written}}}\nattributes:\n"


@pytest.mark.parametrize(
    ("written", "content", "found"),
    [
        ("{file: ca.pem}", PEM, []),
        ("{file: ca.pem}", f"words before\n{PEM}{PEM}", []),
        ("{file: gone.pem}", PEM, [("REF005", "gone.pem")]),
        ("{file: ../ca.pem}", PEM, [("REF005", "../ca.pem")]),
        ("{file: ca.pem}", "", [("REF005", "ca.pem")]),
        ("{file: ca.pem}", (PEM + PEM)[:-30], [("REF005", "ca.pem")]),
        ("{file: ca.pem}", CRL, [("REF005", "ca.pem")]),
        ("{file: ca.pem}", PEM.replace("MAA=", "M"), [("REF005", "ca.pem")]),
        ("{file: ca.pem}", PEM.replace("MAA=", "eHg="), [("REF005", "ca.pem")]),
        ("{file: ca.pem}", PEM + PEM.replace("MAA=", "eHg="), [("REF005", "ca.pem")]),
        ("{file: ca.pem}", PEM + PEM.replace("CERTIFICATE", "PRIVATE" + " KEY"), [("KEY001", "ca.pem")]),
        ("{file: ca.pem, crl: ca.crl}", PEM, []),
        ("{file: ca.pem, crl: gone.crl}", PEM, [("REF005", "gone.crl")]),
        ("{file: ca.pem, crl: ca.pem}", PEM, [("REF005", "ca.pem")]),
    ],
)
def test_files_of_an_authority(written: str, content: str, found: list[tuple[str, str]]) -> None:
    """Missing, outside, empty, of another kind, or broken; a private key is none of a policy's business."""
    assert said(cas(written), files={"ca.pem": content, "ca.crl": CRL}) == found


def test_what_an_authority_holds() -> None:
    """DER as it was written, also from an absolute path; both files are part of the revision."""
    text = changed(cas("{file: /etc/ca.pem, crl: ca.crl}"))
    policy = load_text(text, {"/etc/ca.pem": PEM * 2, "ca.crl": CRL})
    ca = policy.client_cas["corp"]
    assert (ca.certificates, ca.revocations) == ((b"0\0", b"0\0"), (b"0\0",))
    assert {"/etc/ca.pem", "/p/ca.crl"} <= set(policy.files)
    assert policy.unenforced == ()  # one that nobody asks for stands in nobody's way


@pytest.mark.parametrize(
    ("mtls", "found"),
    [
        ("{ca: corp}", []),
        ("{}", [("AUT008", "{")]),
        ("{san_dns: [a.x]}", [("AUT008", "{")]),
        ("{ca: crop}", [("REF001", "crop")]),
        ("{ca: corp, san_dns: [a.x, '*.b.x']}", []),
        ("{ca: corp, san_dns: ['*']}", [("TYP002", "*")]),
        ("{ca: corp, spiffe: [spiffe://x/y]}", []),
        ("{ca: corp, spiffe: ['spiffe://x/*', 'spiffe://x/y/z*']}", []),
        ("{ca: corp, spiffe: ['spiffe://x*']}", [("TYP002", "spiffe://x*")]),
        ("{ca: corp, spiffe: ['*']}", [("TYP002", "*")]),
        ("{ca: corp, spiffe: [https://x/y]}", [("TYP002", "https://x/y")]),
        ("{ca: corp, subject: ['CN=a,O=B', 'CN=*']}", []),
        ("{ca: corp, subject: ['*']}", [("TYP002", "*")]),
        ("{ca: corp, subject: ['CN=*,O=B']}", [("TYP002", "CN=*,O=B")]),
    ],
)
def test_what_a_recogniser_may_ask(mtls: str, found: list[tuple[str, str]]) -> None:
    """An authority always; names exactly, or by a beginning that cannot reach into another domain."""
    change = (WEB, f"web: [{{token: {{issuer: login, client: [web]}}, mtls: {mtls}}}]")
    assert said(cas("{file: ca.pem}"), change, files={"ca.pem": PEM}) == found


def test_what_comes_out() -> None:
    """Each name that is written is a condition; the segment takes both proofs together, and says what is missing."""
    mtls = "{ca: corp, san_dns: ['*.x'], spiffe: ['spiffe://x/*'], subject: [CN=a]}"
    text = changed(cas("{file: ca.pem}"), (WEB, f"web: [{{token: {{issuer: login}}, mtls: {mtls}}}]"))
    policy = load_text(text, {"ca.pem": PEM})
    made = next(each for each in policy.clients.recognisers if each.client_type == "web")
    assert made.certificate == CertificateMatch(
        ca="corp",
        san_dns=(HostPattern("suffix", "x"),),
        spiffe=Names(prefixes=("spiffe://x/",)),
        subject=Names(exact=frozenset({"CN=a"})),
    )
    assert made.conditions == 5
    assert policy.segments["shop"].authn.accept == (frozenset({"token", "mtls"}),)
    assert policy.unenforced == ()
