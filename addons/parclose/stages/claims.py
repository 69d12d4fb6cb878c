"""From proven claims and key records to a caller: all that does not turn on the time.

Types are strict: a claim of another type than its field is a malformed token, never something to convert. Scopes are
split on the blank alone (RFC 6749 section 3.3); `str.split()` would also split on NBSP and control characters.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from parclose.facts import Proof
from parclose.policy.identity import Attribute, ClaimPath, Issuer, KeyRecord
from parclose.policy.model import Policy
from parclose.verdict import Principal

ANONYMOUS = "anonymous"
_MISSING = object()
# Beyond this a float skips whole seconds, and a larger integer does not fit at all (RFC 8259 section 6).
_MOST = 2**53


class Unfit(ValueError):
    """A token whose claims do not fit; its text is the detail of `token_invalid`. Never leaves the stages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bearer:
    """A proven token's caller, and the times that are judged anew for each request (epoch seconds)."""

    principal: Principal
    expires: float
    not_before: float | None
    issued: float | None


def anonymous(policy: Policy) -> Principal:
    """Return the caller that presented nothing; attributes have their defaults."""
    if not policy.attributes:
        return _ANONYMOUS
    return Principal(client_type=ANONYMOUS, attributes=_attributes(policy, {}))


_ANONYMOUS = Principal(client_type=ANONYMOUS)


def read_token(policy: Policy, issuer: Issuer, proof: Proof) -> Bearer:
    """Return the caller of a token whose signature is proven; times are read, not judged.

    Raises:
        Unfit: audience, type or a claim is not as the policy asks.
    """
    claims = proof.claims
    if issuer.iss and claims.get("iss", issuer.iss) != issuer.iss:
        raise Unfit("unknown_issuer")
    if issuer.token_type and _media_type(proof.typ) != _media_type(issuer.token_type):
        raise Unfit("wrong_type")
    _judge_audience(issuer, claims)
    _judge_revoked(issuer, claims)
    expires = _number(claims, "exp")
    if expires is None and not issuer.is_opaque:  # RFC 7662 section 2.2: an answer need not say when it ends
        raise Unfit("missing_claim")
    names = issuer.claims
    subject, client = _text(claims, names.subject), _text(claims, names.client)
    tenant = _text(claims, names.tenant)
    scopes, roles = _scopes(claims, names.scopes), _names(claims, names.roles)
    held = {"subject": subject, "client": client, "tenant": tenant, "scopes": scopes, "roles": roles}
    if any(not held.get(field) for field in issuer.require):
        raise Unfit("missing_claim")
    issued = _number(claims, "iat")
    return Bearer(
        principal=Principal(
            client_type=policy.clients.recognise(issuer=issuer.name, client=client, store="", key_id=""),
            subject=subject,
            client=client,
            tenant=tenant,
            issuer=issuer.name,
            kinds=frozenset({"token"}),
            scopes=close(policy, scopes, roles),
            roles=roles,
            attributes=_attributes(policy, claims),
            issued_at=issued,
            auth_time=_lenient_number(claims.get("auth_time")),
            amr=_lenient_names(claims.get("amr")),
            acr=_lenient_text(claims.get("acr")),
            expires_at=expires,
        ),
        expires=math.inf if expires is None else expires,
        not_before=_number(claims, "nbf"),
        issued=issued,
    )


def read_key(policy: Policy, store: str, record: KeyRecord) -> Principal:
    """Return the caller of a proven API key: its id is the subject, its type the client where none is written."""
    client_type = policy.clients.recognise(issuer="", client="", store=store, key_id=record.id)
    return Principal(
        client_type=client_type,
        subject=record.id,
        client=record.client or client_type,
        tenant=record.tenant,
        store=store,
        key_id=record.id,
        kinds=frozenset({"api_key"}),
        scopes=close(policy, record.scopes, record.roles),
        roles=record.roles,
        attributes={
            name: value
            for name, attribute in policy.attributes.items()
            if (value := _attribute(attribute, record.attributes.get(name, _MISSING))) is not None
        },
        expires_at=record.expires,
    )


def close(policy: Policy, scopes: frozenset[str], roles: frozenset[str]) -> frozenset[str]:
    """Return `scopes` with what the roles grant and what each of those implies."""
    held = set(scopes)
    for role in roles:
        held |= policy.roles.get(role, frozenset())
    for scope in tuple(held):
        held |= policy.scopes.get(scope, frozenset())
    return frozenset(held)


def _judge_audience(issuer: Issuer, claims: Mapping[str, object]) -> None:
    """Ask for one of the issuer's audiences, exactly.

    Raises:
        Unfit: there is none, or none that is ours.
    """
    if issuer.is_opaque and not issuer.audience:
        return
    audience = claims.get("aud", _MISSING)
    if audience is _MISSING:
        raise Unfit("missing_claim")
    if isinstance(audience, str):
        audience = [audience]
    if not isinstance(audience, list) or not all(isinstance(item, str) for item in audience):
        raise Unfit("malformed")
    if not any(item in issuer.audience for item in audience):
        raise Unfit("wrong_audience")


def _judge_revoked(issuer: Issuer, claims: Mapping[str, object]) -> None:
    """Refuse a token, or a subject, that was revoked; what is no text was never listed.

    Raises:
        Unfit: it is on the list.
    """
    if any(isinstance(claims.get(name), str) and (name, claims[name]) in issuer.revoked for name in ("jti", "sub")):
        raise Unfit("revoked")


def _find(claims: Mapping[str, object], path: ClaimPath) -> object:
    """Return the claim at `path`, or `_MISSING`; a JSON null is missing."""
    value: object = claims
    for name in path:
        if not isinstance(value, Mapping):
            return _MISSING
        value = value.get(name)
    return _MISSING if value is None else value


def _first(claims: Mapping[str, object], paths: tuple[ClaimPath, ...]) -> object:
    """Return the first claim that is present."""
    for path in paths:
        value = _find(claims, path)
        if value is not _MISSING:
            return value
    return _MISSING


def _text(claims: Mapping[str, object], paths: tuple[ClaimPath, ...]) -> str:
    """Return a text claim, "" where there is none.

    Raises:
        Unfit: it is no text.
    """
    value = _first(claims, paths)
    if value is _MISSING:
        return ""
    if not isinstance(value, str):
        raise Unfit("malformed")
    return value


def _scopes(claims: Mapping[str, object], paths: tuple[ClaimPath, ...]) -> frozenset[str]:
    """Return scopes from a text, split on the blank alone, or from a list.

    Raises:
        Unfit: it is neither.
    """
    value = _first(claims, paths)
    if isinstance(value, str):
        return frozenset(filter(None, value.split(" ")))
    return _all_text(value)


def _names(claims: Mapping[str, object], paths: tuple[ClaimPath, ...]) -> frozenset[str]:
    """Return names from a list, or the one that a text is.

    Raises:
        Unfit: it is neither.
    """
    value = _first(claims, paths)
    if isinstance(value, str):
        return frozenset({value} - {""})
    return _all_text(value)


def _all_text(value: object) -> frozenset[str]:
    """Return the texts of a list.

    Raises:
        Unfit: it is no list of texts.
    """
    if value is _MISSING:
        return frozenset()
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise Unfit("malformed")
    return frozenset(filter(None, value))


def _number(claims: Mapping[str, object], name: str) -> float | None:
    """Return a time claim; truth values and texts are no numbers.

    Raises:
        Unfit: it is there and no finite number.
    """
    value = claims.get(name, _MISSING)
    if value is _MISSING:
        return None
    number = _lenient_number(value)
    if number is None:
        raise Unfit("malformed")
    return number


def _lenient_number(value: object) -> float | None:
    """Return a finite number that a float holds exactly to the second, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value if -_MOST < value < _MOST else None


def _lenient_names(value: object) -> frozenset[str]:
    """Return the texts of a list; anything else proves nothing."""
    return frozenset(item for item in value if isinstance(item, str)) if isinstance(value, list) else frozenset()


def _lenient_text(value: object) -> str:
    """Return a text; anything else proves nothing."""
    return value if isinstance(value, str) else ""


def _attributes(policy: Policy, claims: Mapping[str, object]) -> dict[str, str]:
    """Return the attributes that claims and defaults give."""
    return {
        name: value
        for name, attribute in policy.attributes.items()
        if (value := _attribute(attribute, _find(claims, attribute.claim))) is not None
    }


def _attribute(attribute: Attribute, value: object) -> str | None:
    """Return an attribute's value: of its closed vocabulary where it has one; None where the caller has none."""
    if value is _MISSING:
        return attribute.default
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, int):
        value = str(value)
    if attribute.values is None:
        return value if isinstance(value, str) and value else None
    if isinstance(value, str) and value in attribute.values:
        return value
    return attribute.default or "other" if attribute.on_unknown == "default" else "other"


def _media_type(typ: str) -> str:
    """Return a token type as it is compared. Source: RFC 7515 section 4.1.9: `application/` may be left out."""
    return typ.lower().removeprefix("application/")
