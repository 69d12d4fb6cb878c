"""Certificates that no handshake asks for: named where the listener says so, and nowhere else."""

from __future__ import annotations

import pytest

from tests.policy.lint.looking import found
from tests.policy.test_handshakes import bound

PEM = "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
BASE = (
    ("attributes:\n", "client_cas: {corp: {file: ca.pem}}\nattributes:\n"),
    ("clients:\n", "clients:\n  device: [{mtls: {ca: corp}}]\n"),
    ("clients: [web, anonymous]", "clients: [web, device, anonymous]"),
)
EDGE = "edge: {port: 8443, kind: reverse"
OFF = (EDGE, f"{EDGE}, client_cert: off")
TRIAL = """\
segments:
  trial:
    mode: shadow
    match: {hosts: [trial.example], clients: [device]}
    routes: {"GET /**": authenticated}
    limits: {steady: {key: subject, rate: 5/s}}
"""
SAID = "segment `shop` takes client certificates, and listener `edge` asks for none"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([*BASE], []),
        ([*BASE, OFF], [("off", SAID)]),
        ([*BASE, (EDGE, f"{EDGE}, client_cert: request")], []),
        ([*BASE, (EDGE, f"inner: {{port: 8444, kind: reverse}}\n    {EDGE}, client_cert: off")], []),
        ([*BASE[:2], OFF, ("segments:\n", TRIAL)], [("off", SAID.replace("shop", "trial"))]),
        ([OFF], []),
        ([OFF, bound("mtls")], [("off", SAID)]),
        ([OFF, bound("either")], []),
        ([("out: {port: 3128, kind: forward", "out: {port: 3128, kind: forward, client_cert: off"), *BASE], []),
    ],
)
def test_certificates_that_nobody_asks_for(changes: list[tuple[str, str]], expected: list[tuple[str, str]]) -> None:
    """Only where every listener of the segment says `off`."""
    assert found("RUN002", *changes, files={"ca.pem": PEM}) == expected
