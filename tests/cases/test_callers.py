"""From persona and request line to facts: if these fail, a policy's tests prove something that no wire ever shows."""

from __future__ import annotations

import pytest

from parclose.cases.callers import BadRequestLine, Caller, facts_for, read_line
from parclose.facts import Certificate, Facts, Presented, Proof
from parclose.policy.scenario import DEFAULT_AT, CertificateStandIn, Persona, TokenStandIn
from parclose.testing import policy_from

POLICY = policy_from(
    """
    version: 1
    name: callers
    settings:
      listeners: {edge: {port: 8443, kind: reverse}, egress: {port: 3128, kind: forward}}
      client_ip: {from: x-forwarded-for, trusted_proxies: [loopback]}
    issuers:
      login:
        issuer: https://login.example
        jwks:
          keys:
            - {kty: EC, crv: P-256, kid: k, use: sig, x: j7K1S-oy_fq4jO3VZhRa5q2wZGZhvkAvXwfITmwmXEE,
               y: ry0HvK2iM7X5yjiMeUmpfIIVejioTdwMfMz1oiz05x8}
        audience: [https://b.example, https://a.example]
        algorithms: [ES256]
        token_type: at+jwt
        leeway: 10s
      sessions: {introspection: {url: "https://login.example/ask", client_id: a, client_secret: {env: S}}}
    client_cas: {corp: {file: ca.pem}}
    api_keys:
      machines:
        header: X-Key
        keys:
          - {id: one, expires: never,
             hash: "sha256:cdfa4e984d9b577b0486b1a313b7a75c45f060bdb1704dfc2faaa7caa8a53df4"}
    clients: {app: [{token: {issuer: login}}], machine: [{api_key: {store: machines}}]}
    segments:
      all: {match: {clients: [app, machine]}, routes: {"any /**": authenticated}}
""",
    {"ca.pem": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"},
)
USER = Persona(token=TokenStandIn(issuer="login", claims={"sub": "u-1"}), peer="192.0.2.7", country="DE")


def sent(persona: Persona, line: str = "GET https://api.example/x", **headers: str) -> list[Facts]:
    """Return the facts of one request."""
    method, _, url = line.partition(" ")
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return list(facts_for(POLICY, Caller(persona=persona, headers=named), read_line(method, url), DEFAULT_AT))


@pytest.mark.parametrize(
    ("url", "host", "port", "target", "query"),
    [
        ("https://API.Example/v1/x?a=1&b", "api.example", 443, "/v1/x", "a=1&b"),
        ("http://api.example", "api.example", 80, "/", ""),
        ("http://api.example:8080/%2e%2e//a;b", "api.example", 8080, "/%2e%2e//a;b", ""),
        ("http://[2001:db8::1]:81/", "2001:db8::1", 81, "/", ""),
        ("http://bücher.example/ü", "xn--bcher-kva.example", 80, "/\xc3\xbc", ""),
        ("http://api.example?x", "api.example", 80, "/", "x"),
    ],
)
def test_a_url_is_taken_apart_and_not_repaired(url: str, host: str, port: int, target: str, query: str) -> None:
    """Paths stay as they are written, so that a test can send an ambiguous one."""
    line = read_line("GET", url)
    assert (line.host, line.port, line.target, line.query) == (host, port, target, query)


@pytest.mark.parametrize("url", ["api.example/x", "ftp://api.example/", "https:///x", "/x", ""])
def test_what_is_no_url_says_so(url: str) -> None:
    """A test that cannot be sent is never counted as passed."""
    with pytest.raises(BadRequestLine):
        read_line("GET", url)


def test_a_token_is_filled_in_validly() -> None:
    """What the persona does not write is good at the virtual instant."""
    (facts,) = sent(USER)
    assert facts.kept is not None
    (proof,) = facts.kept.proofs
    assert proof is not None
    assert (proof.state, proof.typ, proof.issuer) == ("ok", "at+jwt", "login")
    assert dict(proof.claims) == {
        "iss": "https://login.example",
        "aud": "https://a.example",
        "iat": DEFAULT_AT,
        "exp": DEFAULT_AT + 3600,
        "sub": "u-1",
    }


@pytest.mark.parametrize(
    ("credential", "state", "claims"),
    [
        ("bad_signature", "bad_signature", {}),
        ("unknown_key_id", "unknown_key_id", {}),
        ("expired", "ok", {"exp": DEFAULT_AT - 11}),
        ("wrong_audience", "ok", {"aud": "https://somebody-else.invalid"}),
    ],
)
def test_a_credential_can_fail(credential: str, state: str, claims: dict[str, object]) -> None:
    """Each failure is what checking such a token shows; times and audience are left to the stages."""
    (facts,) = sent(Persona(token=USER.token, credential=credential))
    assert facts.kept is not None
    (proof,) = facts.kept.proofs
    assert proof is not None
    assert proof.state == state
    assert claims.items() <= dict(proof.claims).items()


def test_nobody_presents_nothing() -> None:
    """`credential: none` is a visitor."""
    assert [facts.presented for facts in sent(Persona(token=USER.token, credential="none"))] == [()]


def test_a_key_is_where_its_store_looks() -> None:
    """An API key is presented in the header that the policy names, by `Basic` on a forward listener."""
    persona = Persona(api_key=("machines", "one"))
    forward = Persona(api_key=("machines", "one"), listener="egress")
    places = [facts.presented[0].place for facts in sent(persona) + sent(forward, "GET http://api.example/")]
    assert places == ["header x-key", "proxy-authorization"]


def test_https_through_a_forward_listener_connects_first() -> None:
    """The CONNECT knows host and port alone; the request inside comes through the tunnel."""
    outer, inner = sent(Persona(token=USER.token, listener="egress"))
    assert (outer.method, outer.connect, outer.target, outer.tunnel) == ("CONNECT", True, "", False)
    assert (inner.method, inner.connect, inner.target, inner.tunnel) == ("GET", False, "/x", True)
    assert {outer.presented[0].place, inner.presented[0].place} == {"proxy-authorization"}


def test_the_first_reverse_listener_takes_who_names_none() -> None:
    """A persona without a listener comes in at the front door."""
    assert [facts.listener for facts in sent(USER)] == ["edge"]


@pytest.mark.parametrize(
    ("method", "headers", "wanted"),
    [
        ("OPTIONS", {"origin": "https://a", "access_control_request_method": "PUT"}, {"preflight": "PUT"}),
        ("OPTIONS", {"access_control_request_method": "PUT"}, {"preflight": ""}),
        ("POST", {"x_http_method_override": "delete"}, {"override": "DELETE"}),
        ("GET", {"upgrade": "WebSocket"}, {"upgrade": "websocket", "faults": ()}),
        ("GET", {"upgrade": "telnet"}, {"upgrade": "none", "faults": ("protocol_denied:upgrade",)}),
        ("POST", {"content_length": "12"}, {"body_bytes": 12}),
        ("GET", {"user_agent": "curl/8"}, {"user_agent": "curl/8"}),
        ("GET", {"x_forwarded_for": "192.0.2.1, 192.0.2.2"}, {"forwarded": ("192.0.2.1", "192.0.2.2")}),
    ],
)
def test_headers_become_facts(method: str, headers: dict[str, str], wanted: dict[str, object]) -> None:
    """What a test writes as a header is the fact that the wire would show."""
    (facts,) = sent(Persona(), f"{method} http://api.example/", **headers)
    assert {name: getattr(facts, name) for name in wanted} == wanted


def test_a_country_that_is_written_is_kept() -> None:
    """A written country is not looked up; one that is not written is left to the database."""
    written, open_ = sent(USER)[0].kept, sent(Persona())[0].kept
    assert written is not None
    assert written.place is not None
    assert written.place.country == "DE"
    assert open_ is not None
    assert open_.place is None


def test_an_opaque_token_says_only_what_its_persona_does() -> None:
    """Neither issuer nor audience is made up where the policy names none."""
    (facts,) = sent(Persona(token=TokenStandIn(issuer="sessions", claims={"sub": "u-3"})))
    assert facts.kept is not None
    (proof,) = facts.kept.proofs
    assert proof is not None
    assert dict(proof.claims) == {"iat": DEFAULT_AT, "exp": DEFAULT_AT + 3600, "sub": "u-3"}


ROBOT = CertificateStandIn(ca="corp", san_dns=("a.x",), spiffe="spiffe://x/y", subject="CN=z")


@pytest.mark.parametrize("credential", ["", "expired", "bad_signature", "none"])
def test_a_certificate_is_shown_in_the_handshake(credential: str) -> None:
    """Good at the virtual instant, unless the persona spoils it; `none` shows nothing."""
    (facts,) = sent(Persona(mtls=ROBOT, credential=credential))
    assert facts.kept is not None
    if credential == "none":
        assert (facts.presented, facts.kept.proofs) == ((), ())
        return
    assert facts.presented == (Presented(kind="mtls", place="handshake"),)
    end = DEFAULT_AT - 1 if credential == "expired" else DEFAULT_AT + 3600
    shown = Certificate(
        cas=("corp",), san_dns=("a.x",), spiffe="spiffe://x/y", subject="CN=z",
        not_before=DEFAULT_AT - 3600, not_after=end,
    )  # fmt: skip
    state = "untrusted" if credential == "bad_signature" else "ok"
    assert facts.kept.proofs == (Proof(kind="mtls", state=state, certificate=shown),)


def test_a_certificate_of_nobody_is_not_trusted() -> None:
    """Without an authority; beside a token the failure is the token's, and the certificate stays good."""
    (facts,) = sent(Persona(mtls=CertificateStandIn(subject="CN=z")))
    assert facts.kept is not None
    assert [proof.state for proof in facts.kept.proofs if proof] == ["untrusted"]
    (facts,) = sent(Persona(token=USER.token, mtls=ROBOT, credential="bad_signature"))
    assert facts.kept is not None
    assert [proof.state for proof in facts.kept.proofs if proof] == ["bad_signature", "ok"]
    assert [one.kind for one in facts.presented] == ["token", "mtls"]
