"""Client certificates: if these fail, somebody is believed whom no authority of the policy vouches for.

Or a device that its authority vouches for is locked out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from parclose.facts import Certificate, Proof
from parclose.policy.certificates import ClientCa
from parclose.stores.authority import CaError
from parclose.stores.certificates import (
    FAILURE_LIFE_S,
    MAX_CHAIN,
    MAX_CHAIN_BYTES,
    MAX_LIFE_S,
    MAX_NAMES,
    CertificateVerifier,
    read_chain,
    write_chain,
)
from tests.stores.authorities import ANYTHING, AT, CLIENT, HOUR, SERVER, Made, authority, corp, dns, uris, usage
from tests.stores.test_token_cache import Clock

ROOT = authority()
INTER = ROOT.issue("inter", ca=True)
RSA_ROOT = authority("rsa-root", kind="rsa")
STRANGER = authority("root", which="stranger")
STRICT = authority("strict", x509.BasicConstraints(ca=True, path_length=0))
FENCED = authority("fenced", x509.NameConstraints([x509.DNSName("good.test")], None))


def verifier(*cas: ClientCa, clock: Callable[[], float] = lambda: AT) -> CertificateVerifier:
    """Return a verifier of some authorities, by default all that are not strangers."""
    named = cas or (corp(ROOT, RSA_ROOT, STRICT, FENCED),)
    return CertificateVerifier({ca.name: ca for ca in named}, clock)


def proof_of(made: Made, *cas: ClientCa) -> Proof:
    """Return what one chain shows."""
    return verifier(*cas).verify(write_chain(made.chain))


@pytest.mark.parametrize(
    ("made", "state"),
    [
        (ROOT.issue(), "ok"),
        (ROOT.issue("", uris("spiffe://test/a")), "ok"),
        (ROOT.issue("", dns("a.test")), "ok"),
        (ROOT.issue(""), "untrusted"),
        (ROOT.issue("many", dns(*(f"{n}.test" for n in range(MAX_NAMES)))), "ok"),
        (ROOT.issue("more", dns(*(f"{n}.test" for n in range(MAX_NAMES + 1)))), "untrusted"),
        (INTER.issue(), "ok"),
        (RSA_ROOT.issue(kind="rsa"), "ok"),
        (RSA_ROOT.issue("ec-by-rsa"), "ok"),
        (ROOT.issue(kind="rsa"), "ok"),
        (ROOT.issue("weak", kind="rsa1024"), "untrusted"),
        (ROOT.issue("odd", kind="p224"), "untrusted"),
        (ROOT.issue("edwards", kind="ed25519"), "ok"),
        (ROOT.issue("for clients", x509.ExtendedKeyUsage([CLIENT])), "ok"),
        (ROOT.issue("for both", x509.ExtendedKeyUsage([SERVER, CLIENT])), "ok"),
        (ROOT.issue("for servers", x509.ExtendedKeyUsage([SERVER])), "untrusted"),
        (ROOT.issue("for anything", x509.ExtendedKeyUsage([ANYTHING])), "untrusted"),
        (ROOT.issue("signs", usage("digital_signature")), "ok"),
        (ROOT.issue("only agrees", usage("key_agreement")), "untrusted"),
        (ROOT.issue("a CA", ca=True), "untrusted"),
        (ROOT, "untrusted"),
        (authority("robot", ca=False), "untrusted"),
        (STRANGER.issue(), "untrusted"),
        (STRANGER.issue("inter", ca=True).issue(), "untrusted"),
        (ROOT.issue("no authority").issue(), "untrusted"),
        (ROOT.issue("cannot issue", usage("crl_sign"), ca=True).issue(), "untrusted"),
        (ROOT.issue("servers only", x509.ExtendedKeyUsage([SERVER]), ca=True).issue(), "untrusted"),
        (ROOT.issue("old", ca=True, until=AT - 1).issue(), "untrusted"),
        (STRICT.issue(), "ok"),
        (STRICT.issue("too deep", ca=True).issue(), "untrusted"),
        (FENCED.issue("inside", dns("a.good.test")), "ok"),
        (FENCED.issue("outside", dns("a.bad.test")), "untrusted"),
        (
            ROOT.issue("strange", x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\5\0"),
                       critical=(x509.UnrecognizedExtension,)),
            "untrusted",
        ),
    ],
    ids=lambda value: value.certificate.subject.rfc4514_string() if isinstance(value, Made) else value,
)  # fmt: skip
def test_who_is_believed(made: Made, state: str) -> None:
    """Chains of RSA and EC keys, through authorities that may issue, for callers that may sign and are clients."""
    assert proof_of(made).state == state


@pytest.mark.parametrize(
    ("sent", "state"), [((0, 1, 2), "ok"), ((0, 2, 1), "ok"), ((0, 2), "untrusted"), ((0,), "untrusted")]
)
def test_what_stands_between_must_be_sent(sent: tuple[int, ...], state: str) -> None:
    """In any order (RFC 8446 section 4.4.2); a chain with a gap ends nowhere."""
    chain = INTER.issue("lower", ca=True).issue().chain
    assert verifier().verify(write_chain(chain[index] for index in sent)).state == state


def test_an_authority_may_be_one_below_another() -> None:
    """Chains end at what the policy names, be it signed by itself or not; others of the same root are strangers."""
    named = corp(INTER)
    assert proof_of(INTER.issue(), named).state == "ok"
    assert proof_of(ROOT.issue("other", ca=True).issue(), named).state == "untrusted"


@pytest.mark.parametrize(
    ("made", "names"),
    [
        (ROOT.issue("A", dns("B.Test", "a.test")), (("b.test", "a.test"), "", "CN=A")),
        (ROOT.issue("A", uris("spiffe://test/a")), ((), "spiffe://test/a", "CN=A")),
        (ROOT.issue("A", uris("spiffe://test/a", "spiffe://test/b")), ((), "", "CN=A")),
        (ROOT.issue("A", uris("https://test/a")), ((), "", "CN=A")),
        (ROOT.issue("a,b"), ((), "", "CN=a\\,b")),
    ],
)
def test_whom_it_shows(made: Made, names: tuple[tuple[str, ...], str, str]) -> None:
    """DNS names lower case, the one SPIFFE id, the distinguished name, the thumbprint, both ends of its life."""
    shown = proof_of(made).certificate
    assert shown is not None
    assert (shown.san_dns, shown.spiffe, shown.subject) == names
    digest = base64.urlsafe_b64encode(hashlib.sha256(made.der).digest()).decode().rstrip("=")
    assert (shown.thumbprint, shown.cas) == (digest, ("corp",))
    assert (shown.not_before, shown.not_after) == (AT - HOUR, AT + 24 * HOUR)


@pytest.mark.parametrize(("since", "until"), [(-2 * HOUR, -HOUR), (HOUR, 2 * HOUR)])
def test_its_own_life_is_judged_later(since: float, until: float) -> None:
    """Outside it the chain is good, so that the refusal can say what is wrong; it is looked at again soon."""
    clock = Clock()
    clock.at = AT
    checks = verifier(clock=clock)
    text = write_chain(ROOT.issue("timed", since=AT + since, until=AT + until).chain)
    proof = checks.verify(text)
    assert proof.certificate is not None
    assert (proof.state, proof.certificate.not_before, proof.certificate.not_after) == ("ok", AT + since, AT + until)
    assert checks.knows(text)
    clock.at += FAILURE_LIFE_S
    assert not checks.knows(text)


LEAF = INTER.issue("listed")
CLEAR = (ROOT.revoke(), INTER.revoke())


@pytest.mark.parametrize(
    ("lists", "state"),
    [
        ((), "ok"),
        (CLEAR, "ok"),
        ((ROOT.revoke(), INTER.revoke(LEAF)), "revoked"),
        ((ROOT.revoke(INTER), INTER.revoke()), "revoked"),
        ((ROOT.revoke(),), "unavailable"),
        ((INTER.revoke(),), "unavailable"),
        ((ROOT.revoke(), INTER.revoke(until=AT - 1)), "unavailable"),
        ((ROOT.revoke(), INTER.revoke(since=AT + 1)), "unavailable"),
        ((ROOT.revoke(), INTER.revoke(LEAF, until=AT - 1)), "revoked"),
        ((ROOT.revoke(INTER),), "revoked"),
        ((ROOT.revoke(), INTER.revoke(LEAF, since=AT - HOUR), INTER.revoke(since=AT - 60)), "ok"),
        ((ROOT.revoke(), STRANGER.issue("inter", ca=True).revoke()), "unavailable"),
    ],
)
def test_revocation(lists: tuple[bytes, ...], state: str) -> None:
    """Each certificate below the authority is cleared by a current list that its issuer signed; the newest counts."""
    assert proof_of(LEAF, corp(ROOT, crl=lists)).state == state


@pytest.mark.parametrize(
    ("cas", "state", "reached"),
    [
        ((corp(ROOT, name="b"), corp(ROOT, name="a"), corp(STRANGER, name="c")), "ok", ("a", "b")),
        ((corp(ROOT, name="a"), corp(ROOT, name="b", crl=CLEAR[:1])), "ok", ("a",)),
        ((corp(ROOT, name="a"), corp(ROOT, name="b", crl=(ROOT.revoke(), INTER.revoke(LEAF)))), "revoked", ("b",)),
        ((corp(STRANGER, name="a"), corp(ROOT, name="b", crl=CLEAR[:1])), "unavailable", None),
    ],
)
def test_several_authorities(cas: tuple[ClientCa, ...], state: str, reached: tuple[str, ...] | None) -> None:
    """All that a chain reaches are named; one that revokes it is enough."""
    proof = proof_of(LEAF, *cas)
    assert (proof.state, proof.certificate and proof.certificate.cas) == (state, reached)


def test_without_authorities_nobody_is_believed() -> None:
    """A policy may have none."""
    assert CertificateVerifier({}, lambda: AT).verify(write_chain(LEAF.chain)).state == "untrusted"


def test_what_is_kept() -> None:
    """The first sight is not cached, the next are one object; it ends with the chain, the list, or an hour."""
    for lists, life in (((), MAX_LIFE_S), ((ROOT.revoke(until=AT + 60),), 60)):
        clock = Clock()
        clock.at = AT
        checks = verifier(corp(ROOT, crl=lists), clock=clock)
        text = write_chain(ROOT.issue().chain)
        first, second, third = (checks.verify(text) for _ in range(3))
        assert [first.cached, second.cached, second is third] == [False, True, True]
        clock.at = AT + life - 1
        assert checks.knows(text)
        clock.at = AT + life + 1
        assert not checks.knows(text)
        assert checks.verify(text).state == ("unavailable" if lists else "ok")


def test_failures_are_kept_briefly() -> None:
    """What is refused is the same object for ten seconds, and never known."""
    clock = Clock()
    clock.at = AT
    checks, text = verifier(clock=clock), write_chain(STRANGER.issue().chain)
    first = checks.verify(text)
    assert checks.verify(text) is first
    assert not checks.knows(text)
    clock.at += FAILURE_LIFE_S
    assert checks.verify(text) is not first


@pytest.mark.parametrize(
    "text",
    ["", ".", "x", "!!!!", "MAA=", "\ud800", "A" * (2 * MAX_CHAIN_BYTES), "MAA=." * 100, write_chain([b""])],
)
def test_rubbish_is_untrusted(text: str) -> None:
    """Nothing raises, whatever the text."""
    assert verifier().verify(text) == Proof(kind="mtls", state="untrusted")


def test_a_chain_has_bounds() -> None:
    """In certificates and in bytes; within them it is read as it was written."""
    assert read_chain(write_chain([b"a", b"b"])) == [b"a", b"b"]
    assert len(read_chain(write_chain([b"a"] * MAX_CHAIN))) == MAX_CHAIN
    assert read_chain(write_chain([b"a"] * (MAX_CHAIN + 1))) == []
    assert read_chain(write_chain([bytes(MAX_CHAIN_BYTES + 3)])) == []


CHECKS = verifier(corp(ROOT))


@pytest.mark.parametrize("index", [0, 1])
def test_a_certificate_with_a_flipped_bit_shows_nobody_else(index: int) -> None:
    """Every bit of it is signed, or is the signature, of which some count for nothing; and whatever it is, it is read.

    The caller's own certificate, and the one above it, bit by bit.
    """
    chain = INTER.issue("flipped", dns("a.test")).chain
    plain = CHECKS.verify(write_chain(chain)).certificate
    assert plain is not None
    believed = 0
    for place in range(len(chain[index]) * 8):
        der = bytearray(chain[index])
        der[place // 8] ^= 1 << place % 8
        proof = CHECKS.verify(write_chain([*chain[:index], bytes(der), *chain[index + 1 :]]))
        if proof.state == "ok":
            believed += 1
            assert proof.certificate is not None
            assert replace(proof.certificate, thumbprint=plain.thumbprint) == plain
        else:
            shown = proof.certificate or Certificate()
            assert (proof.state, shown.cas, shown.name) == ("untrusted", (), "")
    assert believed < 8


@given(st.binary(max_size=200))
def test_bytes_are_no_certificate(der: bytes) -> None:
    """Whatever they are."""
    assert CHECKS.verify(write_chain([der])).state == "untrusted"


def test_an_authority_that_cannot_be_used_is_said_so() -> None:
    """Before anything is served."""
    with pytest.raises(CaError, match="client CA `corp` has no certificate"):
        verifier(corp())
