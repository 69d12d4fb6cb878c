"""The schema with a policy's own names: if these fail, an editor completes what there is not, or nothing."""

from __future__ import annotations

from typing import Any

import pytest

from parclose.policy.schema_names import names_in, schema_for
from tests.policy.reading import tree_of
from tests.policy.shop import BASE


def words(schema: Any) -> set[str]:
    """Return every word that a piece of a schema enumerates."""
    if isinstance(schema, dict):
        return set(schema.get("enum", ())).union(*(words(part) for part in schema.values()))
    return set().union(*(words(part) for part in schema)) if isinstance(schema, list) else set()


def held(place: str) -> set[str]:
    """Return the words that can be written at a place of the base's schema."""
    made = schema_for(tree_of(BASE))
    owner, _, key = place.partition(".")
    definition = made["$defs"][owner]
    if not key:
        return words(definition["anyOf"][0])
    parts = (definition, *definition.get("anyOf", ()))
    return words(next(part["properties"][key] for part in parts if "properties" in part))


ZONES = {"office", "vpn", "any", "private", "loopback", "internal"}


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("NetworkSpec.allow", ZONES),
        ("MatchSpec.zones", ZONES),
        ("AdmissionSpec.deny_zones", ZONES),
        ("UnlessSpec.zones", ZONES),
        ("NetworkSpec.deny_geo", {"nordic"}),
        ("MatchSpec.clients", {"web", "partner", "anonymous", "unrecognized", "any"}),
        ("WhenSpec.hint", {"script"}),
        ("MatchSpec.listeners", {"edge", "out"}),
        ("RolesSpec.any", {"admin"}),
        ("NeedSpec.all", {"orders:read", "orders:write"}),
        ("NeedSpec", {"orders:read", "orders:write", "none"}),
        ("RouteSpec", {"public", "open", "authenticated", "orders:read", "orders:write"}),
        ("SegmentSpec.wins_over", {"shop"}),
        ("SegmentSpec.upstream", {"orders"}),
        ("AuthnSpec.issuers", {"login"}),
        ("AuthnSpec.key_stores", {"partners"}),
        ("PersonaSpec", {"ann"}),
        ("MatchSpec.attributes", {"plan", "team", "free", "paid", "other"}),
        ("UnlessSpec.roles", {"admin"}),
        ("UnlessSpec.scopes", {"orders:read", "orders:write"}),
        ("SegmentSpec.use", set()),
    ],
)
def test_a_field_takes_the_names_that_there_are(place: str, expected: set[str]) -> None:
    """Each kind of name, in a field of each kind: lists, short forms, keys."""
    assert held(place) == expected


def test_without_listeners_there_are_the_two_kinds() -> None:
    """And a policy of nothing has the names that are built in."""
    names = names_in(tree_of("version: 1\n"))
    assert names["listeners"] == ("reverse", "forward")
    assert names["segments"] == ()


def test_every_field_is_one_of_the_schema() -> None:
    """A field that is renamed is missed here, not in somebody's editor."""
    from parclose.policy.schema_names import _FIELDS

    definitions = schema_for(tree_of(BASE))["$defs"]
    for place in " ".join(_FIELDS.values()).split():
        owner, _, key = place.partition(".")
        assert owner in definitions, place
        parts = (definitions[owner], *definitions[owner].get("anyOf", ()))
        assert not key or any(key in part.get("properties", {}) for part in parts), place
