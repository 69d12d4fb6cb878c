"""A caller of one policy before another: the same token, key or certificate, and not one that the other would issue."""

from __future__ import annotations

from dataclasses import replace

from parclose.analysis.sample import Sample
from parclose.policy.model import Policy
from parclose.policy.scenario import Persona, TokenStandIn

UNKNOWN = "unknown_key_id"  # how a token is told whose issuer a policy does not know: nothing here can prove it


def pinned(policy: Policy, sample: Sample) -> Sample:
    """Return a sample whose token says by itself who issued it, for whom and as what."""
    token = sample.persona.token
    if token is None:
        return sample
    issuer = policy.issuers[token.issuer]
    claims: dict[str, object] = {"iss": issuer.iss, "typ": issuer.token_type or "JWT", **token.claims}
    if issuer.audience:
        claims.setdefault("aud", min(issuer.audience))
    persona = replace(sample.persona, token=TokenStandIn(issuer=token.issuer, claims=claims))
    return replace(sample, persona=persona)


def at_home(policy: Policy, persona: Persona) -> Persona:
    """Return a caller with what a policy would see of its credentials.

    A token is its issuer's by `iss`, whatever a policy calls that one; of an issuer that is not known it proves
    nothing. A key of a store that is not there is a header like any other.
    """
    token = persona.token
    if token is not None:
        named = policy.issuer_of.get(str(token.claims.get("iss", "")), token.issuer)
        known = named in policy.issuers and policy.issuers[named].iss == token.claims.get("iss", "")
        if known:
            persona = replace(persona, token=TokenStandIn(issuer=named, claims=token.claims))
        elif policy.issuers:
            stranger = TokenStandIn(issuer=min(policy.issuers), claims=token.claims)
            persona = replace(persona, token=stranger, credential=UNKNOWN)
    if persona.api_key is not None:
        store, key = persona.api_key
        if store not in policy.key_stores:
            persona = replace(persona, api_key=None)
        elif key not in policy.key_stores[store].records:
            persona = replace(persona, credential=UNKNOWN)
    if persona.mtls is not None and persona.mtls.ca not in policy.client_cas:
        persona = replace(persona, mtls=replace(persona.mtls, ca=""))
    return persona
