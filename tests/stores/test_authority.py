"""Authorities as they are read: if these fail, a policy is taken up with a CA on which no chain can end, or any."""

from __future__ import annotations

import time

import pytest
from cryptography import x509

from parclose.policy.certificates import ClientCa
from parclose.stores.authority import MAX_DEPTH, Authority, CaError, in_line
from tests.stores.authorities import AT, HOUR, Made, authority, corp

ROOT = authority()


@pytest.mark.parametrize(
    ("ca", "problem"),
    [
        (corp(), "has no certificate"),
        (ClientCa(name="corp", certificates=(b"0\0",)), "cannot be read"),
        (corp(ROOT, authority("leaf", ca=False)), "`CN=leaf`; name the CA that issued it"),
        (corp(authority("small", kind="rsa1024")), "`CN=small`; use RSA from 2048 bits"),
        (corp(authority("odd", kind="p224")), "`CN=odd`; use RSA from 2048 bits"),
        (corp(authority("edwards", kind="ed25519")), "`CN=edwards`; use RSA from 2048 bits"),
        (corp(ROOT, crl=[b"0\0"]), "has a list that cannot be read"),
    ],
)
def test_what_cannot_be_used(ca: ClientCa, problem: str) -> None:
    """Said with the name of the authority, the certificate, and what to do."""
    with pytest.raises(CaError, match="client CA `corp` ") as caught:
        Authority(ca)
    assert problem in str(caught.value)


def deep(levels: int) -> Made:
    """Return a caller with so many authorities between it and the root."""
    made = ROOT
    for level in range(levels):
        made = made.issue(f"level {level}", ca=True)
    return made.issue()


@pytest.mark.parametrize(("levels", "state"), [(0, "ok"), (MAX_DEPTH, "ok"), (MAX_DEPTH + 1, "untrusted")])
def test_depth(levels: int, state: str) -> None:
    """A chain is only followed so far, since each step costs a signature."""
    made = deep(levels)
    between = [x509.load_der_x509_certificate(der) for der in made.between]
    assert Authority(corp(ROOT)).judge(made.certificate, between, at=AT, now=AT)[0] == state


@pytest.mark.parametrize(
    ("at", "state"),
    [(-HOUR - 1, "untrusted"), (-HOUR, "ok"), (0, "ok"), (24 * HOUR, "ok"), (24 * HOUR + 1, "untrusted")],
)
def test_the_instant_counts(at: float, state: str) -> None:
    """Both ends of a life are inside (RFC 5280 section 4.1.2.5)."""
    made = ROOT.issue()
    assert Authority(corp(ROOT)).judge(made.certificate, (), at=AT + at, now=AT)[0] == state


def test_until_when_it_holds() -> None:
    """No longer than any certificate of the chain lives, or a list of revocations is good."""
    made = ROOT.issue("inter", ca=True, until=AT + 60).issue()
    between = [x509.load_der_x509_certificate(der) for der in made.between]
    assert Authority(corp(ROOT)).judge(made.certificate, between, at=AT, now=AT) == ("ok", AT + 60)
    listed = corp(ROOT, crl=[ROOT.revoke(until=AT + 30)])
    assert Authority(listed).judge(ROOT.issue().certificate, (), at=AT, now=AT) == ("ok", AT + 30)


def test_certificates_that_sign_each_other_cost_little() -> None:
    """One of each name is looked at; with all of them the loop would stand for seconds."""
    evil = authority("evil")
    twins = [authority("evil").certificate for _ in range(7)]  # of one key
    began = time.perf_counter()
    assert Authority(corp(ROOT)).judge(evil.issue().certificate, twins, at=AT, now=AT)[0] == "untrusted"
    assert time.perf_counter() - began < 1


def test_one_of_each_name_is_looked_at() -> None:
    """The one that leads to an authority of ours, else the first; what signs itself leads nowhere."""
    other = authority("other")
    ours, theirs, lower = ROOT.issue("inter", ca=True), other.issue("inter", ca=True), other.issue("lower", ca=True)
    for sent, kept in (
        ((ours, theirs, lower), [ours, lower]),
        ((theirs, lower, ours), [ours, lower]),
        ((theirs, theirs), [theirs]),
        ((ROOT, other), []),
    ):
        found = in_line([each.certificate for each in sent], frozenset({ROOT.certificate.subject}))
        assert found == [each.certificate for each in kept]


def test_a_cross_signed_authority_leads_home() -> None:
    """Whichever of its certificates is sent first, and with the root that nobody needs."""
    inter = ROOT.issue("inter", ca=True)
    leaf, away = inter.issue().certificate, authority("other").issue("inter", ca=True)
    for sent in ([inter, away], [away, inter], [ROOT, inter]):
        assert Authority(corp(ROOT)).judge(leaf, [each.certificate for each in sent], at=AT, now=AT)[0] == "ok"
