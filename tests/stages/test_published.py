"""Documents of resources, asked for: if these fail, one is missing, forwarded, or tells what is hidden."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parclose.engine import verdict_of
from parclose.stages.published import origin_of
from tests.stages.kit import outcome, policy, request, walked

DOC = "/.well-known/oauth-protected-resource"
SEGMENTS = """
shop:
  match: {hosts: [api.test], paths: [/v1/**], clients: [web]}
  routes: {"GET /v1/x": orders:read}
wide:
  match: {hosts: [api.test], clients: [web, anonymous]}
  routes: {"GET /**": public}
vpn:
  match: {hosts: [vpn.test], clients: [web]}
  network: {allow: [vpn], deny_as: 404}
  routes: {"GET /x": authenticated}
own:
  match: {hosts: [own.test], clients: [web, anonymous]}
  routes: {"GET /.well-known/oauth-protected-resource": public, "GET /x": authenticated}
keys:
  match: {hosts: [keys.test], clients: [partner]}
  routes: {"GET /x": authenticated}
"""


@pytest.mark.parametrize(
    ("line", "published", "expected"),
    [
        (f"GET http://api.test{DOC}/v1", True, "allow @shop"),
        (f"HEAD http://api.test{DOC}/v1", True, "allow @shop"),
        (f"GET http://api.test{DOC}", True, "allow @wide"),
        (f"GET http://api.test{DOC}/v2", False, "allow @wide"),
        (f"POST http://api.test{DOC}/v1", False, "405 method_not_allowed @wide"),
        (f"GET http://vpn.test{DOC}", True, "404 zone_denied @vpn"),
        (f"GET http://own.test{DOC}", False, "allow @own"),
        (f"GET http://keys.test{DOC}", False, "404 no_route @keys"),
        (f"GET http://other.test{DOC}", False, "404 no_segment"),
        ("GET http://api.test/.well-known/openid-configuration", False, "allow @wide"),
    ],
)
def test_who_answers(line: str, published: bool, expected: str) -> None:
    """Parclose, where there is a document and the caller may come; else whoever the policy says."""
    walk = walked(policy(SEGMENTS), request(line))
    assert (walk.published, outcome(walk)) == (published, expected)


@pytest.mark.parametrize(
    ("line", "resource"),
    [
        ("GET http://api.test/v1/x", f"http://api.test:443{DOC}/v1"),
        ("GET https://api.test/v1/x", f"https://api.test{DOC}/v1"),
        ("GET http://own.test/x", f"http://own.test:443{DOC}"),
        ("GET http://keys.test/x", ""),
        ("GET http://api.test/none", ""),
    ],
)
def test_a_challenge_says_where_to_look(line: str, resource: str) -> None:
    """The document of the surface that was asked for; none where nobody is asked for a token."""
    assert verdict_of(walked(policy(SEGMENTS), request(line))).hints.resource == resource


@pytest.mark.parametrize(
    ("settings", "scheme", "port", "host", "origin"),
    [
        ("", "http", 80, "api.test", "http://api.test"),
        ("", "http", 8080, "api.test", "http://api.test:8080"),
        ("", "https", 443, "api.test", "https://api.test"),
        ("", "https", 8443, "api.test", "https://api.test:8443"),
        ("", "http", 80, "2001:db8::1", "http://[2001:db8::1]"),
        ("PROXIED", "http", 80, "api.test", "https://api.test"),
        ("PROXIED", "http", 8443, "api.test", "https://api.test:8443"),
    ],
)
def test_the_origin_is_the_one_that_clients_see(settings: str, scheme: str, port: int, host: str, origin: str) -> None:
    """Behind a proxy that is trusted, TLS has ended before us."""
    trusting = "client_ip: {from: x-forwarded-for, trusted_proxies: [balancers]}"
    proxied = f"listeners: {{reverse: {{port: 80, kind: reverse, {trusting}}}}}"
    made = policy(SEGMENTS, proxied if settings else "")
    assert origin_of(made, replace(request("GET http://x/"), scheme=scheme, port=port, host=host)) == origin
