"""Where certificates are asked for: if these fail, a segment waits for certificates that no handshake asks for.

Or everybody's browser is asked for one that nobody wants.
"""

from __future__ import annotations

import pytest

from parclose.policy.handshakes import client_cert_on
from parclose.policy.model import Listener
from tests.policy.shop import changed, load_text

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
        ([(EDGE, f"{EDGE}, client_cert: require")], "require", "off"),
        ([(EDGE, f"{EDGE}, client_cert: request")], "request", "off"),
    ],
)
def test_what_a_listener_asks_for(changes: list[tuple[str, str]], edge: str, out: str) -> None:
    """What is written; else what the segments need that stand on it, those on trial among them."""
    policy = load_text(changed(CAS, *changes), {"ca.pem": PEM})
    assert [client_cert_on(policy, listener) for listener in policy.settings.listeners] == [edge, out]
    assert policy.unenforced == ()


def test_a_port_that_nobody_named() -> None:
    """It has the segments that name no listener, and asks for what they need."""
    policy = load_text(changed(CAS, DEVICE, (AUDIENCE, "clients: [device, anonymous]")), {"ca.pem": PEM})
    assert client_cert_on(policy, Listener(name="reverse", kind="reverse")) == "request"
    assert client_cert_on(policy, Listener(name="forward", kind="forward")) == "off"
