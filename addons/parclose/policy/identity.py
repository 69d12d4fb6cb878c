"""Whose word counts, as it is used: issuers, key stores, client types, attributes. Frozen and normalised."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

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
class Issuer:
    """Someone whose tokens are accepted. `keys` are public JWKs as read; `keys_digest` names the set.

    `token_type` "" means any. `max_age_s` None means no bound. `require` holds identity fields.
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
    where: str = ""


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
    conditions: int = 1
    where: str = ""

    def accepts(self, *, issuer: str, client: str, store: str, key_id: str) -> bool:
        """Whether a caller proven so is this client type; "" means that there was no such proof."""
        if self.issuer:
            if issuer != self.issuer:
                return False
            if (self.exact or self.prefixes) and not (
                client in self.exact or (client and client.startswith(self.prefixes))
            ):
                return False
        return not self.store or (store == self.store and (not self.ids or key_id in self.ids))


@dataclass(frozen=True, slots=True, kw_only=True)
class Clients:
    """The client types: `recognisers`, most conditions first, and `hints` (name to user-agent globs)."""

    recognisers: tuple[Recogniser, ...] = ()
    hints: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    names: frozenset[str] = frozenset()

    def recognise(self, *, issuer: str, client: str, store: str, key_id: str) -> str:
        """Return the one client type of a proven caller, or `unrecognized`."""
        for recogniser in self.recognisers:
            if recogniser.accepts(issuer=issuer, client=client, store=store, key_id=key_id):
                return recogniser.client_type
        return "unrecognized"
