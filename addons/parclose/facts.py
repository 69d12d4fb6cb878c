"""The facts of one request: all that a decision may look at.

One function (`hooks/facts_of.py` live, `replay/flows.py` for a recording, `cases.py` for a policy's own tests) makes
them; everything below reads only them. Time is one of them: nothing that decides reads a clock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Presented:
    """A credential as it was handed in: claimed, not proven.

    `kind` is `token` (a bearer token), `api_key` (found where key store `store` looks), `mtls` (a client certificate of
    the connection), or `other` (an `Authorization` whose scheme is neither). `place` says where it was found:
    `authorization`, `proxy-authorization`, `header x-api-key`, `query key`, `handshake`. `scheme` is the lower-case
    scheme. `text` is the secret itself; it is "" when the facts come from a recording, and never leaves the process.
    `proof` is the DPoP proof that came with a token (RFC 9449), kept as close.
    """

    kind: str
    place: str
    scheme: str = ""
    store: str = ""
    text: str = field(default="", repr=False)
    proof: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What a client certificate shows whose chain and key were checked.

    `cas` are the names of the policy's authorities to which its chain was built. `san_dns` are lower case, `subject` is
    the distinguished name (RFC 4514), `spiffe` its one SPIFFE URI or "". `thumbprint` is `x5t#S256` (RFC 8705).
    `not_before` and `not_after` are epoch seconds, both inside its life; None where they were not kept.
    """

    cas: tuple[str, ...] = ()
    san_dns: tuple[str, ...] = ()
    spiffe: str = ""
    subject: str = ""
    thumbprint: str = ""
    not_before: float | None = None
    not_after: float | None = None

    @property
    def name(self) -> str:
        """Who it is: the SPIFFE URI, else the first DNS name, else the distinguished name."""
        return self.spiffe or min(self.san_dns, default="") or self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Possession:
    """What a DPoP proof shows whose signature was checked with the key that it brings (RFC 9449 section 4.2).

    `state` is `ok`, or one of `bad_signature algorithm malformed`. `jkt` is that key's thumbprint (RFC 7638), `htm`,
    `htu` and `iat` are its claims, unjudged. `once` names key and `jti` together. `of_token`: its `ath` is the hash of
    the token that it came with. `fresh`: its `nonce` was handed out here, not long ago; `offer` is the one to use next,
    for the answer alone and never a fact.
    """

    state: str
    jkt: str = ""
    htm: str = ""
    htu: str = ""
    iat: float = 0.0
    once: str = ""
    of_token: bool = False
    fresh: bool = False
    offer: str = field(default="", repr=False, compare=False)


@dataclass(slots=True, kw_only=True)
class Proof:
    """What checking one presented credential against keys has shown: the outcome, not the judgement.

    `state` is `ok` or one of `bad_signature unknown_key_id algorithm malformed unknown_issuer unknown_key untrusted
    revoked unavailable other`. Times, audience, type and required claims are judged later, against `Facts.at`, so that
    a cached proof or a recorded one is judged anew by the policy at hand. `typ` is the token header's `typ`. `claims`
    may be cut down to those that the policy reads. `certificate` is there for kind `mtls`. `cached` says that it was
    verified before this request. `possession` is there where a DPoP proof came with a token.
    """

    kind: str
    state: str
    issuer: str = ""
    typ: str = ""
    claims: Mapping[str, object] = field(default_factory=dict)
    store: str = ""
    key_id: str = ""
    certificate: Certificate | None = None
    cached: bool = False
    possession: Possession | None = None
    # A memo of the principal built from this proof, keyed by the identity of the policy; never a fact.
    memo: tuple[object, object] | None = field(default=None, repr=False, compare=False)
    # A memo of its claims as the audit writes them, keyed by what the policy reads; never a fact.
    written: tuple[object, str] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an address lies: ISO country code and autonomous system number, each None when unknown."""

    country: str | None = None
    asn: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The world's answers as they were kept with a recorded decision, or written in a test.

    `proofs` stand in the order of `Facts.presented`; None means that the outcome was not kept. `place` None means not
    kept. `addresses` are those that the destination's name resolved to; None means not kept. `known` holds the places,
    in `Facts.presented`, of credentials that were in the cache although nobody went on to look at their outcome.
    `first` says whether the DPoP proof was shown for the first time; None means not kept.
    """

    proofs: tuple[Proof | None, ...] = ()
    place: Place | None = None
    addresses: tuple[str, ...] | None = None
    known: tuple[int, ...] = ()
    first: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One request as it reached the proxy.

    `at` is epoch seconds, UTC: when the flow started. `kind` is `reverse` or `forward`. `host` is lower-case, IDNA
    (A-label) form, without port and trailing dot; "" when it was absent. `target` is the path as sent, one character
    a byte (latin-1), without the query. `uri_bytes` counts target and query. `faults` are what the conversion found
    wrong on the wire, as `reason` or `reason:detail` (`request_malformed:authority`, `header_conflict`,
    `protocol_denied:upgrade`); the canonical stage refuses the first. `forwarded` holds the elements of the header
    that `client_ip.from` names, left to right, at most 64. `connect` marks a CONNECT: only host and port are known.
    `tunnel` marks a request inside one. `preflight` is the method asked for by a CORS preflight, else "". `override` is
    the method, in upper case, that a header or the query asks the upstream to take instead, else "".
    """

    at: float
    decision: str
    listener: str
    kind: str
    method: str
    host: str
    target: str
    peer: str
    scheme: str = "http"
    port: int = 0
    version: str = "HTTP/1.1"
    uri_bytes: int = 0
    query_keys: tuple[str, ...] = ()
    faults: tuple[str, ...] = ()
    forwarded: tuple[str, ...] = ()
    sni: str | None = None
    tls: bool = False
    connect: bool = False
    tunnel: bool = False
    user_agent: str = ""
    origin: str = ""
    preflight: str = ""
    override: str = ""
    upgrade: str = "none"
    body_bytes: int | None = None
    presented: tuple[Presented, ...] = ()
    kept: Kept | None = None
