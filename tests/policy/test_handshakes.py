"""Where certificates are asked for: if these fail, a segment waits for certificates that no handshake asks for.

Or everybody's browser is asked for one that nobody wants.
"""

from __future__ import annotations

import pytest

from parclose.policy.handshakes import client_cert_on
from parclose.policy.model import Listener
from tests.policy.shop import changed, load_text, said

PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
CAS = ("attributes:\n", "client_cas: {corp: {file: ca.pem}}\nattributes:\n")
DEVICE = ("clients:\n", "clients:\n  device: [{mtls: {ca: corp}}]\n")
EDGE = "edge: {port: 8443, kind: reverse"
OUTWARD = """\
segments:
  far:
    match: {listeners: [out], hosts: [far.example], clients: [device]}
    routes: {"GET /**": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
"""
SHADOWED = """\
segments:
  trial:
    mode: shadow
    match: {hosts: [trial.example], clients: [device]}
    routes: {"GET /**": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
"""


def bound(constrained: str) -> tuple[str, str]:
    """Return the change by which tokens of the issuer must be bound."""
    return "[shop], jwks", f"[shop], sender_constrained: {constrained}, jwks"


AUDIENCE = "clients: [web, anonymous]"


@pytest.mark.parametrize(
    ("changes", "edge", "out"),
    [
        ([], "off", "off"),
        ([DEVICE], "off", "off"),
        ([DEVICE, (AUDIENCE, "clients: [web, device, anonymous]")], "request", "off"),
        ([DEVICE, (AUDIENCE, "listeners: [edge], clients: [device, anonymous]")], "request", "off"),
        ([("    routes:", "    authn: {accept: [token, token+mtls]}\n    routes:")], "request", "off"),
        ([('/**": orders:read', '/**": {scopes: orders:read, authn: {accept: [token+mtls]}}')], "request", "off"),
        (
            [
                ("clients:\n", "clients:\n  loose: [{token: {issuer: login, client: [loose]}, mtls: {ca: corp}}]\n"),
                (AUDIENCE, "clients: [loose, anonymous]"),
                ("    routes:", "    authn: {accept: [token]}\n    routes:"),
            ],
            "request",
            "off",
        ),
        ([DEVICE, ("segments:\n", OUTWARD)], "off", "request"),
        ([DEVICE, ("segments:\n", SHADOWED)], "request", "off"),
        ([bound("dpop")], "off", "off"),
        ([bound("mtls")], "request", "off"),
        ([bound("either")], "request", "off"),
        ([bound("either"), (EDGE, f"{EDGE}, client_cert: off")], "off", "off"),
        ([(EDGE, f"{EDGE}, client_cert: require")], "require", "off"),
        ([(EDGE, f"{EDGE}, client_cert: request")], "request", "off"),
    ],
)
def test_what_a_listener_asks_for(changes: list[tuple[str, str]], edge: str, out: str) -> None:
    """What is written; else what the segments need that stand on it, those on trial among them."""
    policy = load_text(changed(CAS, *changes), {"ca.pem": PEM})
    assert [client_cert_on(policy, listener) for listener in policy.settings.listeners] == [edge, out]
    assert policy.unenforced == ()


@pytest.mark.parametrize(
    ("constrained", "asked", "found"),
    [
        ("mtls", "request", []),
        ("either", "request", []),
        ("mtls", "require", [("AUT008", "require")]),
        ("dpop", "request", [("AUT008", "request")]),
    ],
)
def test_tokens_are_bound_to_certificates_of_anybody(
    constrained: str, asked: str, found: list[tuple[str, str]]
) -> None:
    """RFC 8705 section 4: no authority is needed to ask for them; to insist on good ones, one is."""
    assert said(bound(constrained), (EDGE, f"{EDGE}, client_cert: {asked}")) == found


def test_a_port_that_nobody_named() -> None:
    """It has the segments that name no listener, and asks for what they need."""
    policy = load_text(changed(CAS, DEVICE, (AUDIENCE, "clients: [device, anonymous]")), {"ca.pem": PEM})
    assert client_cert_on(policy, Listener(name="reverse", kind="reverse")) == "request"
    assert client_cert_on(policy, Listener(name="forward", kind="forward")) == "off"
