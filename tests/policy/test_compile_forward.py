"""Upstreams, forwarding and the wording of refusals: text in, findings and values out."""

from __future__ import annotations

import pytest

from parclose.policy.segment import Errors, SecretRef
from tests.policy.shop import changed, load_text, said

SEGMENT = "    routes:"
UP = "    upstream: orders\n"


@pytest.mark.parametrize(
    ("forward", "found"),
    [
        ("{identity: {X-Caller: identity.subject, X-Plan: attribute.plan, X-Seg: segment}}", []),
        ("{identity: {Authorization: identity.subject}}", [("FWD002", "Authorization")]),
        ("{identity: {x-api-key: identity.subject}}", [("FWD002", "x-api-key")]),
        ("{identity: {X-Forwarded-For: client_ip}}", [("FWD002", "X-Forwarded-For")]),
        ("{identity: {X Y: segment}}", [("TYP002", "X Y")]),
        ("{identity: {X-A: identity.subjekt}}", [("TYP002", "identity.subjekt")]),
        ("{identity: {X-A: attribute.tier}}", [("REF001", "attribute.tier")]),
        ("{set: {X-Key: hunter2}}", [("KEY001", "hunter2")]),
        ("{set: {X-Key: {}}}", [("TYP003", "{")]),
        ("{set: {X-Key: {env: A, file: b}}}", [("TYP003", "{")]),
        ("{set: {X-Key: {file: ../b}}}", [("REF005", "../b")]),
        ("{set: {X-Key: {file: /run/secrets/b}}}", []),
        ("{assertion: {header: X}}", [("TYP003", "{"), ("TYP003", "{")]),
        ("{assertion: {header: X-A, audience: up, key: {file: /run/k.pem}, ttl: 5m}}", []),
        ("{assertion: {header: X-A, audience: up, key: {env: K}}}", [("TYP003", "{")]),
        ("{assertion: {header: Authorization, audience: up, key: {file: /k.pem}}}", [("FWD002", "Authorization")]),
        ("{credentials: drop}", [("TYP002", "drop")]),
    ],
)
def test_forwarding(forward: str, found: list[tuple[str, str]]) -> None:
    """Each mistake, at the word that is wrong."""
    assert said((SEGMENT, f"    forward: {forward}\n{SEGMENT}")) == found


@pytest.mark.parametrize(
    ("url", "found"),
    [
        ("http://127.0.0.1:1", []),
        ("ftp://x", [("TYP002", "ftp://x")]),
        ("https://x/path", [("TYP002", "https://x/path")]),
        ("https://u:p@x", [("TYP002", "https://u:p@x")]),
        ("https://x:99999", [("TYP002", "https://x:99999")]),
    ],
)
def test_upstreams(url: str, found: list[tuple[str, str]]) -> None:
    """An upstream is scheme, host and port alone."""
    assert said(("https://orders.example:8443", url)) == found


def test_what_comes_out() -> None:
    """Settings are below the segment; every identity header of the policy is known; secrets stay references."""
    base = "{credentials: strip, identity: {X-W: route}}"
    forward = "{set: {X-Key: {env: KEY}}, remove: [X-Debug]}"
    errors = "    errors: {detail: full}\n"
    changes = (
        ("settings:", f"settings:\n  errors: {{realm: acme, conceal: true}}\n  forward: {base}"),
        (SEGMENT, f"    forward: {forward}\n{errors}{UP}{SEGMENT}"),
    )
    policy = load_text(changed(*changes))
    segment = policy.segments["shop"]
    assert (segment.forward.credentials, segment.forward.identity) == ("strip", (("x-w", "route"),))
    assert segment.forward.remove == ("x-debug",)
    ((header, secret),) = segment.forward.set
    assert (header, secret) == ("x-key", SecretRef(source="env", name="KEY", where=secret.where))
    assert segment.errors == Errors(detail="full", realm="acme", conceal=True)
    assert policy.identity_headers == {"x-w"}
    assert (policy.upstreams[segment.upstream].host, policy.upstreams[segment.upstream].port) == (
        "orders.example",
        8443,
    )


def test_an_unknown_upstream() -> None:
    """A segment goes to an upstream that exists."""
    assert said((SEGMENT, f"    upstream: order\n{SEGMENT}")) == [("REF001", "order")]


def test_a_signed_word_about_the_caller() -> None:
    """Its header is nobody else's to claim."""
    forward = "{assertion: {header: X-Who, audience: up, key: {file: keys/sign.pem}}}"
    policy = load_text(changed((SEGMENT, f"    forward: {forward}\n{SEGMENT}")))
    made = policy.segments["shop"].forward.assertion
    assert made is not None
    assert (made.header, made.audience, made.key.name, made.ttl_s) == ("x-who", "up", "/p/keys/sign.pem", 60.0)
    assert "x-who" in policy.identity_headers
    assert policy.unenforced == ()


@pytest.mark.parametrize(
    ("path", "held", "found"),
    [
        ("certs/us.pem", "/p/certs/us.pem", []),
        ("/run/us.pem", "/run/us.pem", []),
        ("../us.pem", "", [("REF005", "../us.pem")]),
    ],
)
def test_our_own_certificate_for_an_upstream(path: str, held: str, found: list[tuple[str, str]]) -> None:
    """A path as any other; it is not shown yet."""
    url = 'orders: {url: "https://orders.example:8443"'
    change = (url, f"{url}, tls: {{client_cert: {path}}}")
    assert said(change) == found
    if not found:
        policy = load_text(changed(change))
        assert policy.upstreams["orders"].tls_client_cert == held
        assert len(policy.unenforced) == 1
