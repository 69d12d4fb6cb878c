"""The world of a replay: what was kept first, then the policy's own keys and country database; counters start empty."""

from __future__ import annotations

from parclose.policy.model import Policy
from parclose.stores.geoip import GeoAtlas
from parclose.stores.nonce import BelievedNonces
from parclose.stores.token_cache import TokenCache
from parclose.stores.verifier import PolicyVerifier
from parclose.stores.world import OfflineWorld


def world_of(policy: Policy) -> OfflineWorld:
    """Return a world in which nobody has called yet.

    Raises:
        DatabaseError: a country database that the policy names cannot be used.
        ValueError: a key set or a pepper that the policy names cannot be used.
    """
    geo = policy.geo
    return OfflineWorld(
        atlas=GeoAtlas(geo.country_db, geo.asn_db) if geo is not None else None,
        verifier=PolicyVerifier(policy, TokenCache(), nonces=BelievedNonces()),
    )
