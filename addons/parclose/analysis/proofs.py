"""Stand-in credentials: tokens, keys and certificates by which a policy knows a client type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from parclose.policy.cells import Cell
from parclose.policy.certificates import CertificateMatch
from parclose.policy.identity import ClaimPath, Issuer, Recogniser
from parclose.policy.model import Policy
from parclose.policy.scenario import CertificateStandIn, Persona, TokenStandIn

STRANGER = "somebody-else"  # a client that nobody recognises
SUBJECT, TENANT = "u-1", "t-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wants:
    """What a caller holds: roles, scopes, and values of attributes."""

    roles: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a stand-in is made for: a cell, what to hold, and names (by source) that it must have."""

    policy: Policy
    cell: Cell
    wants: Wants
    tied: Mapping[str, str]


def proofs_for(asked: Asked, client: str) -> Iterator[Persona]:
    """Yield callers of a client type with the credentials that a cell accepts."""
    policy, authn = asked.policy, asked.cell.route.authn
    recognisers = [each for each in policy.clients.recognisers if each.client_type == client]
    if client == "unrecognized":
        recognisers = [
            *(
                Recogniser(client_type=client, issuer=name, exact=frozenset({STRANGER}))
                for name in policy.issuers
                if any("token" in kinds for kinds in authn.accept)
            ),
            *(
                Recogniser(client_type=client, store=name)
                for name in policy.key_stores
                if any("api_key" in kinds for kinds in authn.accept)
            ),
        ]
    for recogniser in recognisers:
        own = frozenset(
            kind
            for kind, named in (
                ("token", recogniser.issuer), ("api_key", recogniser.store), ("mtls", recogniser.certificate)
            )
            if named
        )  # fmt: skip
        # A route that asks for no credential takes the ones by which a client type is known.
        ways = {own} if asked.cell.route.access != "caller" else {kinds | own for kinds in authn.accept}
        for kinds in sorted(ways, key=lambda kinds: (len(kinds), sorted(kinds))):
            issuers = [recogniser.issuer] if recogniser.issuer else sorted(authn.issuers or policy.issuers)
            stores = [recogniser.store] if recogniser.store else sorted(authn.key_stores or policy.key_stores)
            persona = Persona()
            if "mtls" in kinds:
                persona = replace(persona, mtls=_certificate(policy, recogniser.certificate))
            for issuer in issuers if "token" in kinds else [""]:
                with_token = _with_token(asked, recogniser, issuer, persona)
                if with_token is not None:
                    yield from _with_keys(asked, recogniser, stores if "api_key" in kinds else [], with_token)


def _with_token(asked: Asked, recogniser: Recogniser, issuer: str, persona: Persona) -> Persona | None:
    """Return a caller with a token of `issuer`, "" for none; None where nobody here knows that issuer."""
    if not issuer:
        return persona
    if issuer not in asked.policy.issuers:
        return None
    claims = _claims(asked, asked.policy.issuers[issuer], recogniser)
    return replace(persona, token=TokenStandIn(issuer=issuer, claims=claims))


def _with_keys(asked: Asked, recogniser: Recogniser, stores: list[str], persona: Persona) -> Iterator[Persona]:
    """Yield a caller with each key that holds what is wanted; beside a token the token's scopes are what counts."""
    if not stores:
        yield persona
    policy, wants = asked.policy, asked.wants
    for store in stores:
        records = policy.key_stores[store].records if store in policy.key_stores else {}
        for key in sorted(records):
            record = records[key]
            if recogniser.store and recogniser.ids and key not in recogniser.ids:
                continue
            granted = frozenset().union(*(policy.roles.get(role, frozenset()) for role in record.roles))
            implied = frozenset().union(*(policy.scopes.get(scope, frozenset({scope})) for scope in record.scopes))
            holds = record.roles.issuperset(wants.roles) and (granted | implied).issuperset(wants.scopes)
            if holds or persona.token is not None:
                yield replace(persona, api_key=(store, key))


def _certificate(policy: Policy, match: CertificateMatch | None) -> CertificateStandIn:
    """Return a certificate that a recogniser asks for, else any of a known authority."""
    if match is None:
        return CertificateStandIn(ca=min(policy.client_cas, default=""), san_dns=("device.example",))
    spiffe, subject = match.spiffe.sample(match.spiffe), match.subject.sample(match.subject)
    return CertificateStandIn(
        ca=match.ca,
        san_dns=(match.san_dns[0].sample(),) if match.san_dns else ("device.example",),
        spiffe=spiffe or "",
        subject=subject or "",
    )


def _claims(asked: Asked, issuer: Issuer, recogniser: Recogniser) -> dict[str, object]:
    """Return the claims of a token that says all that is wanted."""
    wants, tied = asked.wants, asked.tied
    names, claims = issuer.claims, dict[str, object]()
    client = min(recogniser.exact, default="") if recogniser.issuer else ""
    if not client and recogniser.issuer and recogniser.prefixes:
        client = f"{recogniser.prefixes[0]}x"
    client = client or tied.get("identity.client", "")
    if client or "client" in issuer.require:
        _put(claims, names.client, client or STRANGER)
    # After the client: where one claim is both, it says who the client is.
    _put(claims, names.subject, tied.get("identity.subject", SUBJECT))
    if names.tenant:
        _put(claims, names.tenant, tied.get("identity.tenant", TENANT))
    if wants.scopes or "scopes" in issuer.require:
        _put(claims, names.scopes, " ".join(wants.scopes) or "any")
    if wants.roles or "roles" in issuer.require:
        _put(claims, names.roles, list(wants.roles) or ["any"])
    for name, attribute in asked.policy.attributes.items():
        value = dict(wants.attributes).get(name, tied.get(f"attribute.{name}", ""))
        if value:
            _put(claims, (attribute.claim,), "something-else" if value == "other" else value)
    authn = asked.cell.route.authn
    claims |= {"amr": list(authn.amr)} if authn.amr else {}
    claims |= {"acr": authn.acr[0]} if authn.acr else {}
    return claims


def _put(claims: dict[str, object], paths: tuple[ClaimPath, ...], value: object) -> None:
    """Write a value where the first path looks for it."""
    if not paths:
        return
    *folders, name = paths[0]
    for folder in folders:
        inner = claims.setdefault(folder, {})
        if not isinstance(inner, dict):
            return
        claims = inner
    claims.setdefault(name, value)
