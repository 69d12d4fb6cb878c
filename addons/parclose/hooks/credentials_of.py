"""Credentials as a request presents them: claimed, not proven, each with the place where it was found."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass, replace
from urllib.parse import unquote_plus

from parclose.facts import Presented
from parclose.hooks.wire import Fields
from parclose.policy.model import Policy

CONFLICT = "header_conflict"
_SCHEMES = {"authorization": ("bearer", "dpop"), "proxy-authorization": ("bearer",)}  # what brings a token


@dataclass(frozen=True, slots=True)
class Query:
    """The query of a request: its keys as sent, and its pairs decoded."""

    keys: tuple[str, ...] = ()
    pairs: tuple[tuple[str, str], ...] = ()

    @classmethod
    def of(cls, raw: bytes) -> Query:
        """Read `a=1&b=2`; whatever it holds, nothing is raised."""
        if not raw:
            return cls()
        parts = [part.partition("=") for part in raw.decode("latin-1").split("&") if part]
        return cls(
            keys=tuple(unquote_plus(name) for name, _, _ in parts),
            pairs=tuple((unquote_plus(name), unquote_plus(value)) for name, _, value in parts),
        )


def reverse_credentials(policy: Policy, fields: Fields, query: Query) -> tuple[tuple[Presented, ...], list[str]]:
    """Return what a request to one of our APIs presents, and the faults of presenting a kind twice.

    Source: RFC 9110 section 11.6.2 (one `Authorization`), RFC 6750 section 2 (no more than one method a request).
    """
    faults: list[str] = []
    presented: list[Presented] = []
    values = fields.get(b"authorization", ())
    if len(values) > 1 or len(fields.get(b"proxy-authorization", ())) > 1:
        faults.append(CONFLICT)
    if values:
        found = _authorization(values[0])
        proofs = fields.get(b"dpop", ())
        if found.scheme == "dpop" and len(proofs) > 1:  # RFC 9449 section 4.3
            faults.append(CONFLICT)
        presented.append(replace(found, proof=proofs[0].decode("latin-1").strip(" \t")) if proofs else found)
    places: dict[str, int] = {}
    for store in policy.key_stores.values():
        if store.header:
            keys = [value.decode("latin-1").strip(" \t") for value in fields.get(store.header.encode("latin-1"), ())]
        else:
            keys = [value for name, value in query.pairs if name == store.query]
        if keys:
            place = f"header {store.header}" if store.header else f"query {store.query}"
            places[place] = len(keys)
            presented.append(Presented(kind="api_key", place=place, store=store.name, text=keys[0]))
    if places and (
        any(count > 1 for count in places.values()) or len({place.partition(" ")[0] for place in places}) > 1
    ):
        faults.append(CONFLICT)
    return tuple(presented), faults


def forward_credentials(policy: Policy, fields: Fields) -> tuple[tuple[Presented, ...], list[str]]:
    """Return what a request through us to others presents: `Proxy-Authorization` alone, the rest is for the others.

    `Bearer`, or `Basic` with user `token` or `key`, since most clients can say nothing else in `https_proxy`.
    """
    values = fields.get(b"proxy-authorization", ())
    faults = [CONFLICT] if len(values) > 1 else []
    if not values:
        return (), faults
    found = _authorization(values[0], place="proxy-authorization")
    if found.scheme == "basic":
        return _basic(policy, found), faults
    return (found,), faults


def _authorization(value: bytes, place: str = "authorization") -> Presented:
    """Read `scheme credentials`; `Bearer` and `DPoP` bring tokens. To a proxy there is no DPoP (RFC 9449 section 7)."""
    scheme, _, rest = value.decode("latin-1").strip(" \t").partition(" ")
    scheme = scheme.lower()
    return Presented(
        kind="token" if scheme in _SCHEMES[place] else "other", place=place, scheme=scheme, text=rest.strip(" \t")
    )


def _basic(policy: Policy, found: Presented) -> tuple[Presented, ...]:
    """Return the token or API key that a `Basic` pair carries; an API key is presented to every store."""
    try:
        user, _, secret = base64.b64decode(found.text, validate=True).decode("latin-1").partition(":")
    except (binascii.Error, ValueError):
        return (found,)
    if user == "token":
        return (Presented(kind="token", place=found.place, scheme="basic", text=secret),)
    if user == "key" and policy.key_stores:
        return tuple(
            Presented(kind="api_key", place=found.place, scheme="basic", store=name, text=secret)
            for name in policy.key_stores
        )
    return (found,)
