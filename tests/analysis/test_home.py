"""A caller before another policy than its own: the same credential, seen with the other's eyes."""

from __future__ import annotations

from parclose.analysis.home import UNKNOWN, at_home, pinned
from parclose.analysis.sample import samples
from parclose.policy.scenario import CertificateStandIn, Persona
from tests.analysis.kit import cell, policy


def token_of(*changes: tuple[str, str]) -> Persona:
    """Return the plainest caller of the shop's orders, its token written out."""
    of = policy(*changes)
    return pinned(of, next(samples(of, cell(of, "read /orders/**")))).persona


def test_a_token_says_by_itself_whose_it_is() -> None:
    """Issuer, audience and type are written, so that no other policy fills in its own."""
    token = token_of().token
    assert token is not None
    assert (token.claims["iss"], token.claims["aud"], token.claims["typ"]) == ("https://login.example", "shop", "JWT")


def test_an_issuer_is_known_by_what_it_says() -> None:
    """Called otherwise, it is the same; saying otherwise, it is nobody."""
    renamed = policy(
        ("  login: {issuer", "  sso: {issuer"),
        ("issuer: login, client", "issuer: sso, client"),
        ("ann: {token: {issuer: login", "ann: {token: {issuer: sso"),
    )
    token = at_home(renamed, token_of()).token
    assert token is not None
    assert token.issuer == "sso"
    other = policy(("issuer: https://login.example", "issuer: https://other.example"))
    assert at_home(other, token_of()).credential == UNKNOWN


def test_keys_and_certificates_that_a_policy_does_not_know() -> None:
    """A key that is not in its store is bad, one without store is a header; a strange authority proves nothing."""
    here = policy()
    assert at_home(here, Persona(api_key=("partners", "pk_zz"))).credential == UNKNOWN
    assert at_home(here, Persona(api_key=("elsewhere", "pk_a"))).api_key is None
    assert at_home(here, Persona(api_key=("partners", "pk_a"))) == Persona(api_key=("partners", "pk_a"))
    stranger = at_home(here, Persona(mtls=CertificateStandIn(ca="corp"))).mtls
    assert stranger is not None
    assert stranger.ca == ""
