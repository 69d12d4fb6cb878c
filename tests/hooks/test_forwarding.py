"""What would be believed if these failed: that an upstream can trust what it is told, and sees no proxy credential."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from mitmproxy import http

from parclose.facts import Facts
from parclose.hooks.facts_of import facts_of
from parclose.hooks.forwarding import Leaving, rewrite
from parclose.policy.segment import Forward, SecretRef
from parclose.stores.assertion import AssertionSigner
from parclose.testing import flow
from parclose.verdict import Effect, Principal, Verdict
from tests.hooks.ground import policy
from tests.stores.test_assertion import ASSERTION, parts, pem

POLICY = policy()
CALLER = Principal(client_type="partner", subject="u-1", store="partners", kinds=frozenset({"api_key"}))


def sent(
    headers: Mapping[str, str],
    *,
    request: str = "GET http://api.test/shop/1",
    principal: Principal | None = None,
    forward: Forward | None = None,
    target: str = "",
    peer: str = "203.0.113.10",
    client_ip: str = "203.0.113.10",
    secrets: Mapping[tuple[str, str], str] | None = None,
    signer: AssertionSigner | None = None,
) -> tuple[list[tuple[str, str]], str]:
    """Return the headers and the path that leave, Host left out."""
    judged = flow(request, headers, peer=peer)
    about: Facts = facts_of(judged, POLICY, decision="D1")
    segment = POLICY.segments["shop"]
    verdict = Verdict(
        effect=Effect.ALLOW, reason=None, segment="shop", decision="D1", principal=principal, client_ip=client_ip
    )
    leaving = Leaving(
        policy=POLICY,
        facts=about,
        verdict=verdict,
        segment=replace(segment, forward=forward) if forward else segment,
        secrets=secrets or {},
        target=target or about.target,
        signer=signer,
    )
    rewrite(judged.request, leaving)
    fields = [(name.decode(), value.decode("latin-1")) for name, value in judged.request.headers.fields]
    return [field for field in fields if field[0].lower() not in ("host", "x-segment")], judged.request.path


PLAIN = Forward(forwarded="none")


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Accept": "a"}, [("Accept", "a")]),
        ({"X-Caller": "root", "x_caller": "root", "X_Segment": "s"}, []),
        ({"X.Caller": "root", "x.segment": "s", "X.Original_URL": "/admin"}, []),
        ({"Proxy-Authorization": "Bearer a", "Proxy-Connection": "keep-alive"}, []),
        ({"X-Original-URL": "/admin", "X_Rewrite_Url": "/admin", "X-HTTP-Method-Override": "PUT"}, []),
        ({"X-Forwarded-Prefix": "/x", "X-Forwarded-Host": "h", "X-Real-IP": "1.1.1.1", "Forwarded": "for=1"}, []),
        ({"Connection": "close, X-Hop", "X-Hop": "1", "X-Stays": "2"}, [("X-Stays", "2"), ("Connection", "close")]),
        ({"Connection": "Host, Content-Length", "Content-Length": "0"}, [("Content-Length", "0")]),
        ({"TE": "trailers", "Keep-Alive": "5"}, []),
        ({"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": "x"}, []),
        (
            {
                "Upgrade": "websocket",
                "Connection": "Upgrade",
                "Sec-WebSocket-Version": "13",
                "Sec-WebSocket-Extensions": "permessage-deflate",
            },
            [("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Connection", "Upgrade")],
        ),
    ],
)
def test_what_is_removed(headers: dict[str, str], expected: list[tuple[str, str]]) -> None:
    """Claims of identity, rewriting headers, hop-by-hop headers, whatever their spelling; framing stays."""
    assert sent(headers, forward=PLAIN)[0] == expected


@pytest.mark.parametrize(
    ("way", "peer", "header", "expected"),
    [
        ("x-forwarded-for", "203.0.113.10", "6.6.6.6", [("X-Forwarded-For", "203.0.113.10")]),
        ("x-forwarded-for", "10.0.0.1", "203.0.113.10", [("X-Forwarded-For", "203.0.113.10, 203.0.113.10")]),
        ("forwarded", "203.0.113.10", "6.6.6.6", [("Forwarded", "for=203.0.113.10")]),
        ("none", "203.0.113.10", "6.6.6.6", []),
    ],
)
def test_whose_address_is_told(way: str, peer: str, header: str, expected: list[tuple[str, str]]) -> None:
    """What an untrusted peer says is dropped; the address that was judged comes last."""
    assert sent({"X-Forwarded-For": header}, peer=peer, forward=Forward(forwarded=way))[0] == expected


def test_who_is_calling_is_told_safely() -> None:
    """Identity is set after the verdict, and cannot break out of its header."""
    odd = replace(CALLER, subject="a\r\nX-Admin: 1%\xe9 b")
    got = sent(
        {"X-Caller": "root"},
        principal=odd,
        forward=Forward(forwarded="none", identity=(("X-Caller", "identity.subject"),)),
    )
    assert got[0] == [("X-Caller", "a%0D%0AX-Admin:%201%25%C3%A9%20b")]
    nobody = sent({}, forward=Forward(forwarded="none", identity=(("X-Caller", "identity.subject"),)))
    assert nobody[0] == []


def test_each_source_of_identity() -> None:
    """Lists are joined as upstreams read them; what is not known is not sent."""
    caller = replace(
        CALLER, scopes=frozenset({"b", "a"}), roles=frozenset({"y", "x"}), attributes={"plan": "free"}, tenant="t"
    )
    sources = ("identity.scopes", "identity.roles", "identity.tenant", "attribute.plan", "attribute.no", "segment")
    more = ("decision", "country", "client_ip")
    identity = tuple((f"X-{index}", source) for index, source in enumerate((*sources, *more)))
    assert dict(sent({}, principal=caller, forward=Forward(forwarded="none", identity=identity))[0]) == {
        "X-0": "a b",
        "X-1": "x,y",
        "X-2": "t",
        "X-3": "free",
        "X-5": "shop",
        "X-6": "D1",
        "X-8": "203.0.113.10",
    }


@pytest.mark.parametrize(
    ("credentials", "principal", "left"),
    [("strip", CALLER, []), ("strip", None, [("X-Api-Key", "k")]), ("pass", CALLER, [("X-Api-Key", "k")])],
)
def test_used_credentials(credentials: str, principal: Principal | None, left: list[tuple[str, str]]) -> None:
    """The credential that authenticated the caller is removed where the policy says so; an unused one is not."""
    got = sent({"X-Api-Key": "k"}, principal=principal, forward=Forward(forwarded="none", credentials=credentials))
    assert got[0] == left


@pytest.mark.parametrize("credentials", ["pass", "strip"])
def test_a_used_query_key_is_removed(credentials: str) -> None:
    """Only that key, whatever its spelling, and whatever becomes of other credentials."""
    caller, forward = replace(CALLER, store="scripts"), replace(PLAIN, credentials=credentials)
    mixed = sent({}, request="GET http://api.test/shop/1?a=1&k%65y=x&b", principal=caller, forward=forward)
    assert mixed[1] == "/shop/1?a=1&b"
    alone = sent({}, request="GET http://api.test/shop/1?key=x", principal=caller, forward=forward)
    assert alone[1] == "/shop/1"
    nobody = sent({}, request="GET http://api.test/shop/1?key=x", forward=forward)
    assert nobody[1] == "/shop/1?key=x"


def test_what_was_judged_is_what_is_sent() -> None:
    """A path that was put in order leaves in order, its query untouched."""
    assert sent({}, request="GET http://api.test/shop//1?a=/../", target="/shop/1")[1] == "/shop/1?a=/../"


@pytest.mark.parametrize(
    ("authority", "host", "expected"),
    [
        (b"xn--bcher-kva.test", None, [b"xn--bcher-kva.test"]),
        (b"XN--BCHER-KVA.test:81", None, [b"XN--BCHER-KVA.test:81"]),
        (b"xn--bcher-kva.test", "xn--bcher-kva.test", [b"xn--bcher-kva.test"]),
        (b"API.test:80", None, []),
        (b"", "api.test", [b"api.test"]),
    ],
)
def test_an_authority_leaves_as_it_came(authority: bytes, host: str | None, expected: list[bytes]) -> None:
    """To an HTTP/1 upstream mitmproxy would tell the Unicode of an IDNA name, which is not what was judged."""
    judged = flow("GET http://api.test/shop/1")
    judged.request.headers = http.Headers([(b"Host", host.encode())] if host else [])
    judged.request.data.authority, judged.request.data.http_version = authority, b"HTTP/2.0"
    verdict = Verdict(effect=Effect.ALLOW, reason=None, segment="shop", decision="D1")
    facts = facts_of(judged, POLICY, decision="D1")
    shop = POLICY.segments["shop"]
    leaving = Leaving(policy=POLICY, facts=facts, verdict=verdict, segment=shop, secrets={}, target=facts.target)
    rewrite(judged.request, leaving)
    assert [value for name, value in judged.request.headers.fields if name == b"Host"] == expected


def test_secrets_are_injected_and_headers_removed() -> None:
    """The caller's own header of that name does not survive; a secret that was not read is our failure."""
    forward = Forward(
        forwarded="none", set=(("X-Key", SecretRef(source="env", name="K", where="")),), remove=("x-debug",)
    )
    got = sent({"x_key": "mine", "X-Debug": "1"}, forward=forward, secrets={("shop", "X-Key"): "s3cret"})
    assert got[0] == [("X-Key", "s3cret")]
    with pytest.raises(KeyError):
        sent({}, forward=forward)


def test_a_signed_word_about_the_caller() -> None:
    """By the segment's own key, where there is a caller to speak of; without the key nothing leaves."""
    forward = replace(PLAIN, assertion=ASSERTION)
    signer = AssertionSigner(ASSERTION, pem(), "ground")
    ((name, token),), _ = sent({}, principal=CALLER, forward=forward, signer=signer)
    assert (name, parts(token)[1]["sub"]) == ("x-who", "u-1")
    assert sent({}, forward=forward, signer=signer)[0] == []
    with pytest.raises(KeyError):
        sent({}, principal=CALLER, forward=forward)


@pytest.mark.parametrize(("credentials", "left"), [("strip", []), ("pass", ["Authorization", "DPoP"])])
def test_a_dpop_proof_goes_with_its_token(credentials: str, left: list[str]) -> None:
    """Where credentials are stripped, nothing is left that somebody could study."""
    caller = Principal(client_type="app", subject="u-1", client="app", kinds=frozenset({"token"}))
    headers = {"Authorization": "DPoP abc", "DPoP": "proof"}
    fields, _ = sent(headers, principal=caller, forward=replace(PLAIN, credentials=credentials))
    assert [name for name, _ in fields] == left
