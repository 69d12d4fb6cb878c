"""Real tokens for a policy's personas, signed with the demo's key: what `parclose demo token` prints."""

from __future__ import annotations

from collections.abc import Mapping

from parclose.policy.model import Policy
from parclose.testing import Signer

LIFE_S = 12 * 3600.0  # a day of trying things out; the demo's own key signs nothing that matters


class NoToken(ValueError):
    """A persona has no token to mint; the text names those that do."""


def mint(
    policy: Policy,
    persona: str,
    signer: Signer,
    at: float,
    *,
    life_s: float = LIFE_S,
    claims: Mapping[str, object] | None = None,
) -> str:
    """Sign the token of a persona, good from `at` for `life_s` (a negative life gives one that has expired).

    `claims` replace what the persona writes.

    Raises:
        NoToken: there is no such persona, or it has no token.
    """
    stand_in = policy.personas[persona].token if persona in policy.personas else None
    if stand_in is None:
        known = ", ".join(f"`{name}`" for name, one in policy.personas.items() if one.token is not None)
        raise NoToken(f"persona `{persona}` has no token to mint; those with one: {known or 'none'}")
    issuer = policy.issuers[stand_in.issuer]
    begins = at if life_s > 0 else at + 2 * life_s
    whole: dict[str, object] = {
        "iss": issuer.iss,
        "aud": min(issuer.audience),
        "iat": int(begins),
        "exp": int(at + life_s),
        **stand_in.claims,
        **(claims or {}),
    }
    typ = str(whole.pop("typ", issuer.token_type or "JWT"))
    return signer.token(whole, typ=typ)
