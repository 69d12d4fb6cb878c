"""What is kept of a proof: what judging it again needs, and nothing that a reader could use or need not know."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import cast

from parclose.facts import Certificate, Possession

type Part = dict[str, object]

# Ways to bind a token that are known here (RFC 9449, RFC 8705).
_CONFIRMED = frozenset({"jkt", "x5t#S256"})
# Read by every judgement of a token, whatever the policy maps.
BASE_CLAIMS = frozenset({"iss", "aud", "exp", "nbf", "iat", "azp", "client_id", "auth_time", "amr", "acr", "cnf"})


def certificate_part(certificate: Certificate) -> Part:
    """Return what is kept of a client certificate: what recognition and time read; never the certificate itself."""
    return {name: value for name, value in asdict(certificate).items() if value not in (None, "", ())}


def possession_part(possession: Possession) -> Part:
    """Return what is kept of a DPoP proof: what it showed; never itself, nor the nonce that was handed out."""
    return {name: value for name, value in asdict(possession).items() if name != "offer" and value not in ("", False)}


def kept_claims(claims: Mapping[str, object], claims_read: Iterable[tuple[str, ...]]) -> Part:
    """Return the claims that judging needs or some field of the policy reads, and no others."""
    kept: Part = {name: claims[name] for name in BASE_CLAIMS & claims.keys()}
    if isinstance(bound := kept.get("cnf"), dict):  # what else a token may be bound to could be a key in clear
        kept["cnf"] = {name: held if name in _CONFIRMED else "" for name, held in bound.items()}
    for path in claims_read:
        if len(path) == 1:
            if path[0] in claims:
                kept[path[0]] = claims[path[0]]
        else:
            _keep_nested(kept, claims, path)
    return kept


def _keep_nested(kept: Part, claims: Mapping[str, object], path: tuple[str, ...]) -> None:
    """Keep the claim at the end of `path`, with the objects on the way to it and nothing else in them."""
    for name in path[:-1]:
        inner = claims.get(name)
        if not isinstance(inner, Mapping) or kept.get(name) is inner:
            return  # nothing there; or a shorter path keeps the whole object already
        claims, kept = inner, cast("Part", kept.setdefault(name, {}))
    if path[-1] in claims:
        kept[path[-1]] = claims[path[-1]]
