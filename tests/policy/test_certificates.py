"""What a recogniser takes of a certificate: if these fail, one name passes for another."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from parclose.policy.certificates import CertificateMatch, Names
from parclose.policy.hosts import HostPattern
from parclose.policy.identity import Clients, Recogniser

SUFFIX, EXACT = HostPattern.parse("*.hub.example"), HostPattern.parse("a.hub.example")
IDS = Names(exact=frozenset({"spiffe://x/one"}), prefixes=("spiffe://x/many/",))


def shown(ca: str = "hub", *dns: str, spiffe: str = "", subject: str = "CN=a") -> SimpleNamespace:
    """Return what a certificate shows."""
    return SimpleNamespace(cas=(ca,), san_dns=dns, spiffe=spiffe, subject=subject)


@pytest.mark.parametrize(
    ("match", "certificate", "accepts"),
    [
        (CertificateMatch(ca="hub"), shown(), True),
        (CertificateMatch(ca="hub"), shown("corp"), False),
        (CertificateMatch(ca="hub"), None, False),
        (CertificateMatch(ca="hub", san_dns=(SUFFIX,)), shown("hub"), False),
        (CertificateMatch(ca="hub", san_dns=(SUFFIX,)), shown("hub", "x.example", "b.hub.example"), True),
        (CertificateMatch(ca="hub", san_dns=(SUFFIX,)), shown("hub", "hub.example"), False),
        (CertificateMatch(ca="hub", san_dns=(SUFFIX,)), shown("hub", "*.hub.example"), False),
        (CertificateMatch(ca="hub", san_dns=(EXACT, SUFFIX)), shown("hub", "a.hub.example"), True),
        (CertificateMatch(ca="hub", san_dns=(EXACT,)), shown("corp", "a.hub.example"), False),
        (CertificateMatch(ca="hub", spiffe=IDS), shown(spiffe="spiffe://x/one"), True),
        (CertificateMatch(ca="hub", spiffe=IDS), shown(spiffe="spiffe://x/one2"), False),
        (CertificateMatch(ca="hub", spiffe=IDS), shown(spiffe="spiffe://x/many/2"), True),
        (CertificateMatch(ca="hub", spiffe=IDS), shown(), False),
        (CertificateMatch(ca="hub", subject=Names(exact=frozenset({"CN=a"}))), shown(), True),
        (CertificateMatch(ca="hub", subject=Names(exact=frozenset({"CN=a"}))), shown(subject="CN=a,O=B"), False),
        (CertificateMatch(ca="hub", san_dns=(EXACT,), spiffe=IDS), shown("hub", "a.hub.example"), False),
    ],
)
def test_what_is_meant(match: CertificateMatch, certificate: SimpleNamespace | None, accepts: bool) -> None:
    """The authority and every kind of name that is written must hold; a wildcard in a certificate names nobody."""
    assert match.accepts(certificate) is accepts


@pytest.mark.parametrize(
    ("names", "expected"), [(("a.x",), "one"), (("b.x",), "two"), (("a.x", "b.x"), "unrecognized")]
)
def test_a_certificate_of_two_client_types_is_neither(names: tuple[str, ...], expected: str) -> None:
    """Two names that two client types claim with equal conditions: the order of a file never decides."""
    both = [
        Recogniser(
            client_type=name,
            certificate=CertificateMatch(ca="hub", san_dns=(HostPattern.parse(host),)),
            conditions=2,
        )
        for name, host in (("one", "a.x"), ("two", "b.x"))
    ]
    for order in (both, both[::-1]):
        clients = Clients(recognisers=tuple(order))
        assert clients.asks_certificate
        found = clients.recognise(issuer="", client="", store="", key_id="", certificate=shown("hub", *names))
        assert found == expected


def test_more_conditions_win_over_fewer() -> None:
    """Who is claimed by more conditions is not in doubt."""
    wide = Recogniser(client_type="wide", certificate=CertificateMatch(ca="hub"))
    narrow = Recogniser(client_type="narrow", certificate=CertificateMatch(ca="hub", san_dns=(EXACT,)), conditions=2)
    clients = Clients(recognisers=(narrow, wide))
    seen = shown("hub", "a.hub.example")
    assert clients.recognise(issuer="", client="", store="", key_id="", certificate=seen) == "narrow"
    assert clients.recognise(issuer="", client="", store="", key_id="", certificate=shown()) == "wide"
    assert clients.recognise(issuer="", client="", store="", key_id="") == "unrecognized"
    assert not Clients().asks_certificate
