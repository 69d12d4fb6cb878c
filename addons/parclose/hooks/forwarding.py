"""What leaves towards the upstream: headers removed, headers told, after an allow and never before.

One pass over the raw header fields. Names are compared in lower case with `_` and `.` read as `-`: many servers cannot
tell `X_User_Id` or `X.User.Id` from `X-User-Id`, and so could a caller claim an identity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote

from mitmproxy import http

from parclose.facts import Facts, Presented
from parclose.hooks.method_override import HEADERS as METHOD_OVERRIDES
from parclose.hooks.query_keys import names_of, without
from parclose.hooks.wire import elements
from parclose.policy.model import Policy
from parclose.policy.segment import Forward, Segment
from parclose.stages.address import read_address
from parclose.stores.assertion import AssertionSigner
from parclose.verdict import Principal, Verdict

# Makes another server read another path, method or host than the one judged.
REWRITES = frozenset(
    {
        "x-original-url",
        "x-original-uri",
        "x-original-host",
        "x-rewrite-url",
        "x-forwarded-prefix",
        "x-forwarded-path",
        "x-forwarded-uri",
        *METHOD_OVERRIDES,
    }
)
# Says who the client is; believed from trusted proxies alone.
ADDRESSES = frozenset(
    {
        "forwarded",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-port",
        "x-forwarded-proto",
        "x-forwarded-server",
        "x-real-ip",
        "x-client-ip",
        "x-cluster-client-ip",
        "true-client-ip",
        "cf-connecting-ip",
    }
)
# Between two neighbours, RFC 9110 section 7.6.1; and the proxy's own credential.
HOP_BY_HOP = frozenset(
    {
        "connection",
        "http2-settings",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
    }
)
# Hold the message together: `Connection: content-length` must not change where it ends.
FRAMING = frozenset({"host", "content-length", "transfer-encoding"})
KEPT_OPTIONS = frozenset({"close", "keep-alive"})
# Printable ASCII as it is, all else percent-encoded, `%` too, so that no two values look alike.
SAFE = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) != "%")

MAX_NAME = 64  # characters of a header name that is remembered; longer ones are rare

type Secrets = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """All that shapes an allowed request on its way out; `secrets` by segment and header, `target` as judged.

    `signer` is there where the segment's `forward` asks for an assertion.
    """

    policy: Policy
    facts: Facts
    verdict: Verdict
    segment: Segment
    secrets: Secrets
    target: str
    signer: AssertionSigner | None = None


def spelling(name: bytes) -> str:
    """Return a header name as it is compared."""
    return _spelling(name) if len(name) <= MAX_NAME else folded(name.decode("latin-1"))


@lru_cache(maxsize=4096)
def _spelling(name: bytes) -> str:
    """Do what `spelling` says; clients send the same few names again and again."""
    return folded(name.decode("latin-1"))


def folded(name: str) -> str:
    """Return a name in the one spelling in which names are compared."""
    return name.lower().replace("_", "-").replace(".", "-")


def rewrite(request: http.Request, leaving: Leaving) -> None:
    """Make an allowed request what the upstream is meant to see."""
    facts, forward = leaving.facts, leaving.segment.forward
    trusted = _is_peer_trusted(leaving.policy, facts)
    gone = _removed(leaving, trusted=trusted)
    options = [
        option.lower()
        for name, value in request.headers.fields
        if name.lower() == b"connection"
        for option in elements((value,))
    ]
    gone |= {folded(option) for option in options} - FRAMING
    if facts.upgrade == "websocket":
        gone.remove("upgrade")
    kept = [(name, value) for name, value in request.headers.fields if spelling(name) not in gone]
    added = [*_connection(options, facts), *_address(kept, facts, leaving.verdict, forward)]
    if any(name == b"X-Forwarded-For" for name, _ in added):
        kept = [(name, value) for name, value in kept if spelling(name) != "x-forwarded-for"]
    elif any(name == b"Forwarded" for name, _ in added):
        kept = [(name, value) for name, value in kept if spelling(name) != "forwarded"]
    request.headers.fields = (
        *_host(request),
        *kept,
        *added,
        *_identity(leaving),
        *_asserted(leaving),
        *_injected(leaving),
    )
    _rewrite_path(request, leaving)


def _host(request: http.Request) -> list[tuple[bytes, bytes]]:
    """Return the Host that an HTTP/1 upstream gets for `:authority`, where mitmproxy would write it otherwise.

    It makes that header of its text property, which turns `xn--` names into Unicode.
    """
    authority = request.data.authority
    if not authority or "host" in request.headers or request.authority.encode("utf-8", "replace") == authority:
        return []
    return [(b"Host", authority)]


def _removed(leaving: Leaving, *, trusted: bool) -> set[str]:
    """Return the names, as compared, of what does not leave."""
    facts, forward = leaving.facts, leaving.segment.forward
    gone = set(_removed_always(leaving.policy.identity_headers, forward, trusted))
    if facts.upgrade == "websocket":
        gone.add("sec-websocket-extensions")  # mitmproxy inflates compressed messages without a bound
    if forward.credentials == "strip":
        for used in _used(facts, leaving.verdict.principal):
            place, _, name = used.place.partition(" ")
            if used.proof:
                gone.add("dpop")
            if place in ("authorization", "header"):
                gone.add(folded(name) or place)
    return gone


@lru_cache(maxsize=1024)
def _removed_always(identity_headers: frozenset[str], forward: Forward, trusted: bool) -> frozenset[str]:
    """Return the names of what no request of a segment keeps; `trusted` peers may name the client."""
    names = (*identity_headers, *forward.remove, *(name for name, _ in forward.set))
    own = {folded(name) for name in names}
    return REWRITES | HOP_BY_HOP | own | (frozenset() if trusted else ADDRESSES)


def _used(facts: Facts, principal: Principal | None) -> list[Presented]:
    """Return the credentials that authenticated the caller; none where nobody looked at them."""
    if principal is None:
        return []
    return [
        one
        for one in facts.presented
        if one.kind in principal.kinds and (one.kind != "api_key" or one.store == principal.store)
    ]


def _connection(options: list[str], facts: Facts) -> list[tuple[bytes, bytes]]:
    """Return the `Connection` header to send: persistence as asked for, the one upgrade that is understood."""
    said = [option for option in options if option in KEPT_OPTIONS]
    if facts.upgrade == "websocket":
        said.append("Upgrade")
    return [(b"Connection", ", ".join(said).encode())] if said else []


def _is_peer_trusted(policy: Policy, facts: Facts) -> bool:
    """Whether the peer is a proxy whose word on the client counts."""
    from_trusted = False
    for listener in policy.settings.listeners:
        if listener.name == facts.listener and listener.client_ip.reads_header:
            address = read_address(facts.peer)
            from_trusted = address is not None and bool(
                policy.zones.mask(address, facts.at) & listener.client_ip.trusted
            )
    return from_trusted


def _address(
    kept: list[tuple[bytes, bytes]], facts: Facts, verdict: Verdict, forward: Forward
) -> list[tuple[bytes, bytes]]:
    """Return the header that names the client: what trusted proxies said, then the effective address.

    A forward listener tells nobody: its upstreams are strangers, who need not know who is behind it.
    """
    if forward.forwarded == "none" or facts.kind == "forward" or not verdict.client_ip:
        return []
    name = forward.forwarded
    before = [value for held, value in kept if spelling(held) == name]
    address = verdict.client_ip
    if name == "forwarded":
        address = f'for="[{address}]"' if ":" in address else f"for={address}"
    line = ", ".join([*elements(before), address]).encode("latin-1")
    return [(b"Forwarded" if name == "forwarded" else b"X-Forwarded-For", line)]


def _identity(leaving: Leaving) -> list[tuple[bytes, bytes]]:
    """Return the headers that tell the upstream who is calling; what is not known is not sent."""
    made = []
    for name, source in leaving.segment.forward.identity:
        value = _value(leaving, source)
        if value:
            made.append((name.encode("latin-1"), value.encode("ascii")))
    return made


def _asserted(leaving: Leaving) -> list[tuple[bytes, bytes]]:
    """Return the header with the signed word about the caller; of whoever proved nothing there is none.

    Raises:
        KeyError: the key was not read when the policy was; ours, so the guard refuses.
    """
    asked = leaving.segment.forward.assertion
    if asked is None:
        return []
    if leaving.signer is None:
        raise KeyError(asked.header)
    token = leaving.signer.sign(leaving.verdict, leaving.facts.at)
    return [(asked.header.encode("latin-1"), token.encode("ascii"))] if token else []


def _value(leaving: Leaving, source: str) -> str:
    """Return the value of a source such as `identity.subject`, safe to put into a header."""
    kind, _, field = source.partition(".")
    verdict, principal = leaving.verdict, leaving.verdict.principal
    if kind == "identity" and principal is not None:
        if field == "scopes":
            return " ".join(quote(scope, safe=SAFE) for scope in sorted(principal.scopes))
        if field == "roles":
            return ",".join(quote(role, safe=SAFE) for role in sorted(principal.roles))
        held: object = getattr(principal, field, "")
    elif kind == "attribute" and principal is not None:
        held = principal.attributes.get(field, "")
    else:
        held = {
            "segment": verdict.segment,
            "route": verdict.route,
            "decision": verdict.decision,
            "country": verdict.country or "",
            "client_ip": verdict.client_ip,
        }.get(source, "")
    return quote(str(held), safe=f"{SAFE} " if source == "route" else SAFE)


def _injected(leaving: Leaving) -> list[tuple[bytes, bytes]]:
    """Return the headers that `forward.set` names, with their secrets.

    Raises:
        KeyError: a secret was not read when the policy was; ours, so the guard refuses.
    """
    name = leaving.segment.name
    return [
        (header.encode("latin-1"), leaving.secrets[name, header].encode("latin-1"))
        for header, _ in leaving.segment.forward.set
    ]


def _rewrite_path(request: http.Request, leaving: Leaving) -> None:
    """Forward the path that was judged, and never a query key that proved the caller: upstreams log queries."""
    facts = leaving.facts
    path, mark, query = request.data.path.partition(b"?")
    if leaving.target and leaving.target != facts.target:
        path = leaving.target.encode("latin-1")
    request.data.path = without(path + mark + query, names_of(_used(facts, leaving.verdict.principal)))
