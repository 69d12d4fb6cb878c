"""What a network rule says of an address: shared by the early gate and the gate of the chosen segment."""

from __future__ import annotations

from parclose.facts import Place
from parclose.policy.segment import GeoSet, Network
from parclose.reasons import Reason
from parclose.stages.refusal import concealed_status, deny, listed
from parclose.stages.walk import Walk
from parclose.verdict import Hints, Judgement

NOWHERE = Place()


def passes_zones(network: Network, walk: Walk) -> bool:
    """Whether the zones let this address pass: deny beats allow, and an address without zones is in no allow list."""
    return not walk.zones & network.deny and (network.allow is None or bool(walk.zones & network.allow))


def passes_geo(network: Network, walk: Walk) -> bool:
    """Whether country and network let this address pass; call it once `walk.place` is known."""
    return not network.asks_place or _refuse_geo(network, walk, "") is None


def refuse(network: Network, walk: Walk, segment: str) -> Judgement | None:
    """Return why `network`, a rule of `segment`, refuses this address, or None. Needs `walk.place` where it has geo."""
    if not passes_zones(network, walk):
        return _refuse_zone(network, walk, segment)
    return _refuse_geo(network, walk, segment) if network.asks_place else None


def holds_place(geo_set: GeoSet, place: Place) -> bool:
    """Whether `place` is one of the set's countries or networks."""
    return place.country in geo_set.countries or place.asn in geo_set.asn


def _refuse_zone(network: Network, walk: Walk, segment: str) -> Judgement:
    """Say which zone refuses."""
    hit = walk.zones & network.deny
    where_from = walk.client_ip or "an unknown address"
    return deny(
        Reason.ZONE_DENIED,
        status=_status(network, walk, 403),
        found=f"{where_from} is in {listed(walk.policy.zones.names(hit))}"
        if hit
        else f"{where_from} is not in {' or '.join(f'`{name}`' for name in network.allow_zones)}",
        needs=f"an address outside {listed(network.deny_zones)}"
        if hit
        else f"an address in {' or '.join(f'`{name}`' for name in network.allow_zones)}",
        where=network.where,
        segment=segment,
        concealed=network.deny_as == 404,
    )


def _refuse_geo(network: Network, walk: Walk, segment: str) -> Judgement | None:
    """Say which country set refuses, or that the place is unknown where that refuses."""
    place = walk.place or NOWHERE
    for geo_set in network.deny_geo:
        if holds_place(geo_set, place):
            return _denied(network, walk, segment, (geo_set,), f"{_words(place)} is in `{geo_set.name}`")
    allowed = network.allow_geo
    if allowed is not None and any(holds_place(geo_set, place) for geo_set in allowed):
        allowed = None
    if _is_unknown(network.deny_geo + (allowed or ()), place):
        if walk.policy.geo is not None and walk.policy.geo.on_unknown == "allow":
            return None
        return deny(
            Reason.GEO_UNKNOWN,
            status=_status(network, walk, 403),
            found=f"nobody knows where {walk.client_ip or 'an unknown address'} lies",
            needs="an address that the databases know, or `geo.on_unknown: allow`",
            where=network.where_geo or network.where,
            segment=segment,
            concealed=network.deny_as == 404,
        )
    if allowed is None:
        return None
    names = " or ".join(f"`{geo_set.name}`" for geo_set in allowed)
    return _denied(network, walk, segment, allowed, f"{_words(place)} is not in {names}")


def _denied(network: Network, walk: Walk, segment: str, sets: tuple[GeoSet, ...], found: str) -> Judgement:
    """Refuse a known place; 451 where the law is the reason."""
    legal = next((geo_set for geo_set in sets if geo_set.legal), None)
    return deny(
        Reason.GEO_DENIED,
        status=_status(network, walk, 451 if legal else 403),
        found=found,
        needs="a country or network that the segment takes",
        where=network.where_geo or network.where,
        segment=segment,
        concealed=network.deny_as == 404,
        hints=Hints(link=legal.link if legal else ""),
    )


def _is_unknown(sets: tuple[GeoSet, ...], place: Place) -> bool:
    """Whether a set turns on something about the place that is not known."""
    return (place.country is None and any(geo_set.countries for geo_set in sets)) or (
        place.asn is None and any(geo_set.asn for geo_set in sets)
    )


def _status(network: Network, walk: Walk, plain: int) -> int:
    """Return the status of a denial: `plain`, or that of a place where nothing is."""
    return concealed_status(walk) if network.deny_as == 404 else plain


def _words(place: Place) -> str:
    """Return a place for a sentence."""
    country = f"country {place.country}" if place.country else "an unknown country"
    return f"{country}, network AS{place.asn}" if place.asn is not None else country
