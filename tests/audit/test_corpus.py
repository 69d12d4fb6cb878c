"""Back from a line to facts: the same facts, and the same verdict."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from parclose.audit import ocsf
from parclose.audit.corpus import CorpusError, charged_at, facts_from, holds_facts, read_line
from parclose.audit.record import corpus_line, corpus_text, short_text, verdict_part
from parclose.engine import verdict_of, walk_through
from parclose.facts import Certificate, Facts, Kept, Place, Possession, Presented, Proof
from parclose.stores.world import NotKept, OfflineWorld
from parclose.testing import Signer, jwks, policy_from
from tests.audit.walks import AT, allowed, full_walk

POLICY = policy_from(
    """
    version: 1
    name: shop
    settings:
      listeners: {edge: {port: 8443, kind: reverse}, out: {port: 8080, kind: forward}}
      client_ip: {from: x-forwarded-for, trusted_proxies: [balancers]}
      admission: {per_ip: {rate: 4/s, burst: 4}, failed_auth: {key: ip, rate: 1/min, block: 5m}}
    zones: {balancers: [10.0.0.0/8], offices: [203.0.113.0/24]}
    issuers:
      login: {issuer: "https://login.example", jwks_file: keys.json, audience: [api], dpop_nonce: true}
    attributes: {plan: {claim: app.plan, values: [free, paid], default: free}}
    client_cas: {corp: {file: ca.pem}, hub: {file: ca.pem}}
    clients:
      web: [{token: {issuer: login, client: [web]}}]
      robot: [{mtls: {ca: corp, san_dns: ["*.robots.example"]}}]
      console: [{token: {issuer: login, client: [other]}, mtls: {ca: corp}}]
    scopes: {orders:read: {}}
    segments:
      back-office:
        match: {listeners: [edge], hosts: [shop.example], paths: [/robots/**], clients: [robot, console]}
        routes: {"any /**": authenticated}
      storefront:
        match: {listeners: [edge], hosts: [shop.example], clients: [web, anonymous]}
        network: {allow: [offices, balancers]}
        routes:
          "GET /products/**": public
          "read /orders/{id}": orders:read
        limits: {steady: {key: subject|ip, rate: 2/s, burst: 2}}
      mail:
        match: {listeners: [out], hosts: ["*.mail.example"], clients: [anonymous]}
        routes: {"any /**": open}
    """,
    {"keys.json": jwks(Signer.make()), "ca.pem": "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----"},
)

bytes_text = st.text(alphabet=st.characters(max_codepoint=255), max_size=12)
PRINT = "A4DtL2JmUMhAsvJj5tKyn64SqzmuXbMrJa0n761y5v0"
addresses = st.sampled_from(["203.0.113.10", "::ffff:203.0.113.11", "10.0.0.1", "2001:db8::1", "", "nonsense"])
claims = st.fixed_dictionaries(
    {"iss": st.just("https://login.example"), "aud": st.sampled_from(["api", ["api", "x"], "other", 7])},
    optional={
        "exp": st.sampled_from([AT + 60, AT - 20, AT - 40, "soon", int(AT) + 5]),
        "sub": st.sampled_from(["u-1", "", 5, "\u202e\u00e9"]),
        "azp": st.sampled_from(["web", "other"]),
        "scope": st.sampled_from(["orders:read", "x\u00a0orders:read", ["orders:read"], 1]),
        "app": st.sampled_from([{"plan": "paid", "secret": 1}, {"plan": 2}, "x", {}]),
        "email": st.just("never@kept.example"),
        "cnf": st.sampled_from(
            [{"jkt": "k"}, {"jkt": "k"}, {"x5t#S256": PRINT}, {"jkt": 5}, {"jwk": {"k": "s"}}, {}, 1]
        ),
    },
)
possessions = st.builds(
    Possession,
    state=st.sampled_from(["ok", "ok", "malformed"]),
    jkt=st.sampled_from(["k", "k", "x"]),
    htm=st.sampled_from(["GET", "GET", "PUT\u202e"]),
    htu=st.sampled_from(["https://shop.example/orders/7", "https://shop.example/orders/7", "x\x1b["]),
    iat=st.sampled_from([AT, AT - 61.5, AT + 40]),
    once=st.sampled_from(["a", "b"]),
    of_token=st.sampled_from([True, True, False]),
    fresh=st.booleans(),
)
certificates = st.builds(
    Certificate,
    cas=st.sampled_from([(), ("corp",), ("corp", "hub"), ("gone",)]),
    san_dns=st.sampled_from([(), ("a.robots.example",), ("x", "b.robots.example"), ("*.robots.example",)]),
    spiffe=st.sampled_from(["", "spiffe://x/\u202ey"]),
    subject=st.sampled_from(["", 'CN="a\x1b[",O=B']),
    thumbprint=st.sampled_from(["", PRINT]),
    not_before=st.sampled_from([None, AT - 60, AT + 30]),
    not_after=st.sampled_from([None, AT + 60.5, AT - 30]),
)
states = st.sampled_from(["ok", "ok", "ok", "bad_signature", "unknown_key_id", "malformed", "unavailable"])


# What most requests are; without it nearly all would fail at the first stage, and the later ones would prove nothing.
HONEST: dict[str, Any] = {
    "method": "GET",
    "uri_bytes": 10,
    "faults": (),
    "query_keys": ("page",),
    "preflight": "",
    "override": "",
    "upgrade": "none",
    "version": "HTTP/1.1",
    "scheme": "http",
    "tls": False,
}


@st.composite
def requests(draw: st.DrawFn, /, **fixed: Any) -> Facts:
    """Draw a request with what the world would answer."""
    presented: tuple[Presented, ...] = ()
    proofs: tuple[Proof | None, ...] = ()
    if draw(st.booleans()):
        state = draw(states)
        issuer = "login" if state != "malformed" else ""
        presented = (Presented(kind="token", place="authorization", scheme=draw(st.sampled_from(["bearer", "dpop"]))),)
        shown = draw(claims) if state == "ok" else {}
        proof = Proof(kind="token", state=state, issuer=issuer, claims=shown, cached=draw(st.booleans()))
        proofs = (replace(proof, possession=draw(st.none() | possessions)),)
    if draw(st.booleans()):
        presented += (Presented(kind="mtls", place="handshake"),)
        state = draw(st.sampled_from(["ok", "ok", "ok", "untrusted", "revoked", "unavailable"]))
        proofs += (Proof(kind="mtls", state=state, certificate=draw(st.none() | certificates)),)
    kind = draw(st.sampled_from(["reverse", "reverse", "forward"]))
    made: dict[str, Any] = {
        "at": AT + draw(st.floats(0, 2)),
        "decision": draw(bytes_text),
        "listener": {"reverse": "edge", "forward": "out"}[kind],
        "kind": kind,
        "method": draw(st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "get", "BREW\x00"])),
        "host": draw(st.sampled_from(["shop.example", "a.mail.example", "other.example", "", "\x1b["])),
        "target": draw(st.sampled_from(["/products/x", "/orders/7", "/robots/1", "/", "*", "/nope"]) | bytes_text),
        "peer": draw(addresses),
        "scheme": draw(st.sampled_from(["http", "https"])),
        "port": draw(st.sampled_from([0, 80, 443])),
        "version": draw(st.sampled_from(["HTTP/1.1", "HTTP/2.0", "HTTP/0.9"])),
        "uri_bytes": draw(st.sampled_from([0, 10, 9000])),
        "query_keys": tuple(draw(st.lists(bytes_text, max_size=2))),
        "faults": tuple(draw(st.sampled_from([(), (), ("request_malformed:authority",), ("header_conflict",)]))),
        "forwarded": tuple(draw(st.lists(addresses | bytes_text, max_size=3))),
        "sni": draw(st.sampled_from([None, "", "shop.example", "other.example"])),
        "tls": draw(st.booleans()),
        "tunnel": draw(st.booleans()),
        "user_agent": draw(bytes_text),
        "origin": draw(st.sampled_from(["", "https://shop.example"])),
        "preflight": draw(st.sampled_from(["", "GET"])),
        "override": draw(st.sampled_from(["", "DELETE"])),
        "upgrade": draw(st.sampled_from(["none", "websocket"])),
        "body_bytes": draw(st.sampled_from([None, 0, 5])),
        "presented": presented,
        "kept": Kept(
            proofs=proofs,
            place=draw(st.sampled_from([Place(), Place(country="DE", asn=7)])),
            addresses=draw(st.sampled_from([(), ("198.51.100.7",), ("198.51.100.7", "10.0.0.1")])),
            first=draw(st.booleans()),
        ),
    }
    if draw(st.integers(0, 3)):
        made |= HONEST | {"sni": None, "target": draw(st.sampled_from(["/products/x", "/orders/7"]))}
    return Facts(**made | fixed)


def through_text(facts: Facts, world: OfflineWorld) -> tuple[dict[str, object], dict[str, object]]:
    """Decide a request and return its line, read back from text, with the verdict's part."""
    walk = walk_through(POLICY, facts, world.of(facts))
    verdict = verdict_of(walk)
    return read_line(ocsf.decision(walk, verdict)), verdict_part(verdict)


@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(requests())
def test_a_line_decides_as_the_request_did(facts: Facts) -> None:
    """INVARIANT: `decide(policy, facts_from(line))` is the verdict in the line, whatever the request was."""
    line, said = through_text(facts, OfflineWorld())
    assert line["verdict"] == said
    again = facts_from(line)
    walk = walk_through(POLICY, again, OfflineWorld().of(again, charged_at(line)))
    assert verdict_part(verdict_of(walk)) == said
    assert replace(again, kept=None) == replace(facts, kept=None)


CALLER: dict[str, Any] = {
    "peer": "203.0.113.10",
    "forwarded": (),
    "host": "shop.example",
    "kind": "reverse",
    "listener": "edge",
}


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(requests(**CALLER), max_size=20))
def test_a_whole_recording_decides_as_it_did(recording: list[Facts]) -> None:
    """INVARIANT: counters and blocks included, when the lines are followed in the order of charging."""
    live, replayed = OfflineWorld(), OfflineWorld()
    lines = [through_text(facts, live) for facts in recording]
    for line, said in lines:
        facts = facts_from(line)
        walk = walk_through(POLICY, facts, replayed.of(facts, charged_at(line)))
        assert verdict_part(verdict_of(walk)) == said


def test_a_corpus_line_of_the_policy_language_is_read() -> None:
    """The example that the language promises, letter by letter."""
    line = read_line(
        '{"v":1,"t":"2026-03-02T08:00:02.520Z","dur_ms":41,"listener":"edge","method":"GET","host":"api.acme.example",'
        '"path":"/v1/orders/0f8fad5b-d9cb-469f-a165-70867728950e","ip":"203.0.10.7","country":"DE","cred":{"kind":'
        '["token"],"state":"ok","issuer":"acme-login","claims":{"sub":"h:9f2c","azp":"acme-web","plan":"free","scope":'
        '"orders:read catalog:read"}},"verdict":{"action":"allow","status":200,"segment":"web-free","route":'
        '"GET /v1/orders/{id:uuid}","rev":"7c1f09"}}'
    )
    facts = facts_from(line)
    assert (facts.at, facts.peer, facts.host) == (1772438402.52, "203.0.10.7", "api.acme.example")
    assert facts.kept is not None
    assert facts.kept.place == Place(country="DE")
    proof = facts.kept.proofs[0]
    assert proof is not None
    assert (proof.state, proof.issuer, proof.claims["sub"]) == ("ok", "acme-login", "h:9f2c")
    assert charged_at(line) == ()


def test_a_credential_that_was_known_stays_known() -> None:
    """Refused before anybody looked at its outcome, a cached credential is still known when it is decided again."""
    facts = Facts(
        at=AT,
        decision="d",
        listener="edge",
        kind="reverse",
        method="GET",
        host="shop.example",
        target="/nowhere",
        peer="203.0.113.10",
        presented=(Presented(kind="token", place="authorization", scheme="bearer"),),
        kept=Kept(known=(0,)),
    )
    walk = walk_through(POLICY, facts, OfflineWorld().of(facts))
    kept = facts_from(corpus_line(walk, verdict_of(walk))).kept
    assert walk.known == (0,)
    assert kept is not None
    assert kept.known == (0,)


def test_what_was_not_looked_at_was_not_kept() -> None:
    """A request that was refused before its token was looked at cannot be decided by a policy that looks."""
    walk = full_walk()
    walk.proofs, walk.place = [], None
    kept = facts_from(corpus_line(walk, allowed(walk))).kept
    assert kept == Kept(proofs=(None,), place=None, addresses=None)
    facts = replace(walk.facts, kept=kept, listener="edge", host="shop.example", target="/orders/7", scheme="http")
    with pytest.raises(NotKept):
        walk_through(POLICY, facts, OfflineWorld().of(facts))


@pytest.mark.parametrize(
    "text", ["", "x", "[]", "1", "{}", '{"class_uid":4002}', '{"class_uid":4002,"unmapped":{}}', b"\xff"]
)
def test_what_is_no_line_is_refused(text: str | bytes) -> None:
    """As such, not as an error of Python's."""
    with pytest.raises(CorpusError):
        read_line(text)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": None},
        {"type": "outcome"},
        {"short": True},
        {"t": "yesterday"},
        {"t": 5},
        {"method": None},
        {"host": 1},
        {"port": "443"},
        {"tls": "yes", "port": True},
        {"query": "x"},
        {"xff": [1]},
        {"cred": 7},
        {"cred": {"kind": []}},
        {"cred": {"kind": ["token"], "state": "ok", "claims": 3}},
        {"asn": "64500"},
    ],
)
def test_lines_without_facts_are_refused(change: dict[str, object]) -> None:
    """Other versions, other types, short ones, and members of another type."""
    walk = full_walk()
    with pytest.raises(CorpusError):
        facts_from(corpus_line(walk, allowed(walk)) | change)


def test_which_lines_hold_facts_is_told() -> None:
    """So that a reader of a ledger can pass over the rest."""
    walk = full_walk()
    assert holds_facts(json.loads(corpus_text(walk, allowed(walk))))
    assert not holds_facts(json.loads(short_text(walk, allowed(walk))))
    assert not holds_facts({"v": 1, "type": "outcome"})


def test_a_certificate_comes_back_whole() -> None:
    """Every fact of it, and its absence."""
    whole = Certificate(
        cas=("corp",), san_dns=("a.x", "b.x"), spiffe="spiffe://x/y", subject="CN=z", thumbprint="t",
        not_before=AT - 0.5, not_after=AT + 1,
    )  # fmt: skip
    for shown in (whole, Certificate(), None):
        proof = Proof(kind="mtls", state="ok", certificate=shown)
        request = Facts(
            at=AT, decision="d", listener="edge", kind="reverse", method="GET", host="shop.example",
            target="/robots/1", peer="203.0.113.10", presented=(Presented(kind="mtls", place="handshake"),),
            kept=Kept(proofs=(proof,), place=Place()),
        )  # fmt: skip
        again = facts_from(through_text(request, OfflineWorld())[0])
        assert again.kept is not None
        assert again.kept.proofs == (proof,)


@pytest.mark.parametrize(
    "held", ["x", [], {"cas": "corp"}, {"san_dns": [1]}, {"subject": 5}, {"not_after": "soon"}, {"not_before": True}]
)
def test_a_certificate_of_another_shape_is_refused(held: object) -> None:
    """A line that was changed by hand is no fact."""
    walk = full_walk(presented=(Presented(kind="mtls", place="handshake"),))
    walk.proofs = [Proof(kind="mtls", state="ok", certificate=Certificate(cas=("corp",)))]
    line = corpus_line(walk, allowed(walk))
    facts_from(line)
    assert isinstance(line["cred"], dict)
    line["cred"]["certificate"] = held
    with pytest.raises(CorpusError):
        facts_from(line)


def test_a_dpop_proof_comes_back_as_it_was_judged() -> None:
    """What it showed, and its absence; never the proof itself."""
    whole = Possession(state="ok", jkt="k", htm="GET", htu="https://x/y", iat=AT - 0.5, once="o", of_token=True)
    for shown in (whole, Possession(state="malformed"), None):
        claims = {"iss": "https://login", "cnf": {"jkt": "k"}}
        proof = Proof(kind="token", state="ok", issuer="login", claims=claims, possession=shown)
        presented = Presented(kind="token", place="authorization", scheme="dpop", text="t0ken", proof="pr00f")
        request = Facts(
            at=AT, decision="d", listener="edge", kind="reverse", method="GET", host="shop.example", target="/orders/1",
            peer="203.0.113.10", presented=(presented,), kept=Kept(proofs=(proof,), place=Place()),
        )  # fmt: skip
        line = through_text(request, OfflineWorld())[0]
        again = facts_from(line)
        assert again.kept is not None
        assert again.kept.proofs == (proof,)
        assert "t0ken" not in str(line)
        assert "pr00f" not in str(line)


@pytest.mark.parametrize("first", [True, False, None])
def test_whether_a_dpop_proof_was_new_is_kept(first: bool | None) -> None:
    """A copy that was refused is refused again, also when its line is read alone."""
    walk = full_walk()
    walk.first = first
    line = corpus_line(walk, allowed(walk))
    again = facts_from(line)
    assert again.kept is not None
    assert again.kept.first is first
    with pytest.raises(CorpusError):
        facts_from({**line, "first": 1})


@pytest.mark.parametrize("held", ["x", [], {"state": 5}, {"iat": "soon"}, {"iat": True}, {"jkt": []}])
def test_a_possession_of_another_shape_is_refused(held: object) -> None:
    """A line that was changed by hand is no fact."""
    walk = full_walk(presented=(Presented(kind="token", place="authorization"),))
    walk.proofs = [Proof(kind="token", state="ok", possession=Possession(state="ok"))]
    line = corpus_line(walk, allowed(walk))
    facts_from(line)
    assert isinstance(line["cred"], dict)
    line["cred"]["possession"] = held
    with pytest.raises(CorpusError):
        facts_from(line)
