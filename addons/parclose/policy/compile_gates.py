"""Network rules and asked-for proofs of segments and routes; a route may only tighten them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import cast

from parclose.policy.compile_network import geo_sets
from parclose.policy.desk import Desk
from parclose.policy.hosts import HostPattern
from parclose.policy.inherit import pick
from parclose.policy.nodes import Text
from parclose.policy.schema_base import Written, where
from parclose.policy.schema_segment import AuthnSpec, NetworkSpec
from parclose.policy.segment import Authn, GeoSet, Network

KINDS = ("token", "api_key", "mtls")


def compile_network(desk: Desk, sections: Sequence[Written]) -> Network:
    """Return the network rule that `sections`, the strongest first, add up to."""
    names: dict[str, list[Text] | None] = {}
    for key in ("allow", "deny", "allow_geo", "deny_geo"):
        section = pick(sections, key)
        names[key] = getattr(section, key) if section else None
    allow, deny = names["allow"], names["deny"]
    place = pick(sections, "allow") or pick(sections, "deny")
    place_geo = pick(sections, "deny_geo") or pick(sections, "allow_geo")
    deny_as = cast("NetworkSpec | None", pick(sections, "deny_as"))
    to = cast("NetworkSpec | None", pick(sections, "destinations"))
    destinations = to.destinations if to else None
    return Network(
        allow=None if allow is None else desk.zone_mask(allow),
        deny=desk.zone_mask(deny or ()),
        allow_zones=tuple(map(str, allow or ())),
        deny_zones=tuple(map(str, deny or ())),
        allow_geo=geo_sets(desk, names["allow_geo"]),
        deny_geo=geo_sets(desk, names["deny_geo"]) or (),
        deny_as=404 if deny_as is not None and deny_as.deny_as == "404" else 403,
        destinations_allow=(
            desk.zone_mask(destinations.allow) if destinations and destinations.allow is not None else None
        ),
        destinations_deny=(
            desk.zone_mask(destinations.deny)
            if destinations and destinations.deny is not None
            else desk.zones.mask_of(["internal"])
        ),
        passthrough=_passthrough(sections),
        where=where(place.at("allow" if place.has("allow") else "deny")) if place else "",
        where_geo=where(place_geo.mark) if place_geo else "",
    )


def _passthrough(sections: Sequence[Written]) -> tuple[HostPattern, ...]:
    owner = cast("NetworkSpec | None", pick(sections, "passthrough"))
    return tuple(owner.passthrough or ()) if owner is not None else ()


def compile_authn(desk: Desk, sections: Sequence[Written], base: Authn) -> Authn:
    """Return the proof that `sections`, the strongest first, ask for; `base` is what holds where they say nothing."""

    def value(key: str) -> list[Text] | None:
        section = pick(sections, key)
        return getattr(section, key) if section else None

    age = cast("AuthnSpec | None", pick(sections, "max_token_age"))
    accept, issuers, stores = value("accept"), value("issuers"), value("key_stores")
    return Authn(
        accept=base.accept if accept is None else _accept(desk, accept),
        issuers=base.issuers if issuers is None else _known(desk, issuers, "issuers"),
        key_stores=base.key_stores if stores is None else _known(desk, stores, "api_keys"),
        max_token_age_s=age.max_token_age if age else base.max_token_age_s,
        amr=tuple(map(str, value("amr") or base.amr)),
        acr=tuple(map(str, value("acr") or base.acr)),
        where=where(sections[0].mark) if sections else base.where,
    )


def _known(desk: Desk, names: list[Text], section: str) -> frozenset[str]:
    what, pool = ("issuer", desk.spec.issuers) if section == "issuers" else ("key store", desk.spec.api_keys)
    return frozenset(str(name) for name in names if desk.knows(name, pool, what, section=section))


def _accept(desk: Desk, words: list[Text]) -> tuple[frozenset[str], ...]:
    found = []
    for word in words:
        kinds = word.split("+")
        if not all(kind in KINDS for kind in kinds) or len(set(kinds)) < len(kinds):
            desk.knows(word, KINDS, "kind of credential", id="TYP002")
            continue
        if "mtls" in kinds and not desk.spec.client_cas:
            desk.report(
                "AUT008", word.mark, f"`{word}` is accepted, but there is no CA to verify a certificate against",
                fix="add it under `client_cas`", text=word,
            )  # fmt: skip
        found.append(frozenset(kinds))
    return tuple(found)


def loosened_network(desk: Desk, tight: Network, loose: Network) -> str:
    """Return which key of `loose` lets more through than `tight` does, or ""."""
    zones = desk.zones
    if tight.allow is not None and (loose.allow is None or not zones.covers(tight.allow, loose.allow)):
        return "allow"
    if not zones.covers(loose.deny, tight.deny):
        return "deny"
    if tight.allow_geo is not None and (loose.allow_geo is None or not _within(loose.allow_geo, tight.allow_geo)):
        return "allow_geo"
    if not _within(tight.deny_geo, loose.deny_geo):
        return "deny_geo"
    to = tight.destinations_allow
    if to is not None and (loose.destinations_allow is None or not zones.covers(to, loose.destinations_allow)):
        return "destinations"
    return "" if zones.covers(loose.destinations_deny, tight.destinations_deny) else "destinations"


def _within(inner: Sequence[GeoSet], outer: Sequence[GeoSet]) -> bool:
    countries = frozenset(chain.from_iterable(each.countries for each in outer))
    asn = frozenset(chain.from_iterable(each.asn for each in outer))
    return all(each.countries <= countries and each.asn <= asn for each in inner)


def loosened_authn(tight: Authn, loose: Authn) -> str:
    """Return which key of `loose` asks for less than `tight` does, or ""."""
    if not all(any(kinds >= asked for asked in tight.accept) for kinds in loose.accept):
        return "accept"
    if tight.issuers and not (loose.issuers and loose.issuers <= tight.issuers):
        return "issuers"
    if tight.key_stores and not (loose.key_stores and loose.key_stores <= tight.key_stores):
        return "key_stores"
    age = tight.max_token_age_s
    if age is not None and (loose.max_token_age_s is None or loose.max_token_age_s > age):
        return "max_token_age"
    if not set(tight.amr) <= set(loose.amr):
        return "amr"
    return "acr" if tight.acr and not (loose.acr and set(loose.acr) <= set(tight.acr)) else ""
