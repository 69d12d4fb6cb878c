"""Whose word counts, as it is used: issuers, key stores, client types, attributes. Frozen and normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from parclose.policy.certificates import CertificateMatch, Certified
from parclose.policy.segment import SecretRef

type ClaimPath = tuple[str, ...]  # `realm_access.roles` is ("realm_access", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimMap:
    """Which claims make up an identity: for each field the paths to try, the first present one counts."""

    subject: tuple[ClaimPath, ...] = (("sub",),)
    client: tuple[ClaimPath, ...] = (("azp",), ("client_id",))
    scopes: tuple[ClaimPath, ...] = (("scope",), ("scp",))
    roles: tuple[ClaimPath, ...] = (("roles",),)
    tenant: tuple[ClaimPath, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Introspection:
    """Where opaque tokens are asked about (RFC 7662), and for how long an answer, good or bad, is believed."""

    url: str
    client_id: str
    client_secret: SecretRef
    timeout_s: float = 1.0
    cache_s: float = 30.0
    negative_cache_s: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Issuer:
    """Someone whose tokens are accepted. `keys` are public JWKs as read; `keys_digest` names the set.

    `source` says where keys come from: `keys` (they are here), `discovery` or `jwks_url` (fetched from `url`), or
    `introspection` (there are none: its tokens are opaque). `iss` and `audience` may be empty for opaque tokens only.
    `token_type` "" means any. `max_age_s` None means no bound. `require` holds identity fields. `stale_keys_s` is how
    long fetched keys serve when their source is gone. `sender_constrained` is `none`, `dpop`, `mtls` or `either`.
    `dpop_nonce`: a DPoP proof must hold a nonce of ours.
    `revoked` holds pairs of a claim, `jti` or `sub`, and its value.
    """

    name: str
    iss: str
    audience: frozenset[str]
    algorithms: frozenset[str]
    keys: tuple[Mapping[str, object], ...]
    keys_digest: str
    token_type: str = ""
    leeway_s: float = 30.0
    max_age_s: float | None = None
    require: tuple[str, ...] = ("subject",)
    claims: ClaimMap = field(default_factory=ClaimMap)
    source: str = "keys"
    url: str = ""
    introspection: Introspection | None = None
    stale_keys_s: float = 86_400.0
    sender_constrained: str = "none"
    dpop_nonce: bool = False
    revoked: frozenset[tuple[str, str]] = frozenset()
    where: str = ""

    @property
    def is_opaque(self) -> bool:
        """Whether its tokens say nothing by themselves."""
        return self.source == "introspection"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attribute:
    """A named value a caller carries. `values` None means open; a closed one maps others to `other` or `default`."""

    name: str
    claim: ClaimPath
    values: frozenset[str] | None = None
    default: str | None = None
    on_unknown: str = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyRecord:
    """One API key: `digest` of its whole text, by `algorithm` `sha256` or `hmac-sha256`.

    `expires` None means never, and was written so. `zones` None means anywhere, else a mask.
    """

    id: str
    algorithm: str
    digest: bytes = field(repr=False)
    client: str = ""
    tenant: str = ""
    scopes: frozenset[str] = frozenset()
    roles: frozenset[str] = frozenset()
    attributes: Mapping[str, str] = field(default_factory=dict)
    zones: int | None = None
    not_before: float | None = None
    expires: float | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStore:
    """Where API keys are looked for (a lower-case header name, or a query key) and which there are."""

    name: str
    header: str = ""
    query: str = ""
    records: Mapping[str, KeyRecord] = field(default_factory=dict)
    pepper: SecretRef | None = None
    where: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Recogniser:
    """One way to be a client type; what is set must all hold. `conditions` counts them: the most specific wins."""

    client_type: str
    issuer: str = ""
    exact: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()
    store: str = ""
    ids: frozenset[str] = frozenset()
    certificate: CertificateMatch | None = None
    conditions: int = 1
    where: str = ""

    def accepts(
        self, *, issuer: str, client: str, store: str, key_id: str, certificate: Certified | None = None
    ) -> bool:
        """Whether a caller proven so is this client type; "" and None mean that there was no such proof."""
        if self.issuer:
            if issuer != self.issuer:
                return False
            if (self.exact or self.prefixes) and not (
                client in self.exact or (client and client.startswith(self.prefixes))
            ):
                return False
        if self.store and not (store == self.store and (not self.ids or key_id in self.ids)):
            return False
        return self.certificate is None or self.certificate.accepts(certificate)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The client types: `recognisers`, most conditions first, and `hints` (name to user-agent globs)."""

    recognisers: tuple[Recogniser, ...] = ()
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    @property
    def asks_certificate(self) -> bool:
        """Whether some client type is known by a certificate."""
        return any(recogniser.certificate is not None for recogniser in self.recognisers)

    def recognise(
        self, *, issuer: str, client: str, store: str, key_id: str, certificate: Certified | None = None
    ) -> str:
        """Return the one client type of a proven caller, or `unrecognized`."""
        for place, recogniser in enumerate(self.recognisers):
            if recogniser.accepts(issuer=issuer, client=client, store=store, key_id=key_id, certificate=certificate):
                if recogniser.certificate is None:
                    return recogniser.client_type
                # A certificate may carry names of several client types; which one is meant is not for us to guess.
                rivals = (
                    other
                    for other in self.recognisers[place + 1 :]
                    if other.conditions == recogniser.conditions and other.client_type != recogniser.client_type
                )
                doubtful = any(
                    other.accepts(issuer=issuer, client=client, store=store, key_id=key_id, certificate=certificate)
                    for other in rivals
                )
                return "unrecognized" if doubtful else recogniser.client_type
        return "unrecognized"
