"""The JSON Schema with the policy's own names as enumerations: an editor completes them, and underlines a slip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from parclose.policy.compile_identity import RESERVED
from parclose.policy.nodes import Entries, Items, Node, Text
from parclose.policy.schema import json_schema
from parclose.policy.zones import BUILT_IN

type Schema = dict[str, Any]
type Names = Mapping[str, tuple[str, ...]]

# By kind of names: the fields that hold them, `Class.key`; `Class` alone is the short form of the class.
_FIELDS = {
    "zones": "NetworkSpec.allow NetworkSpec.deny DestinationsSpec.allow DestinationsSpec.deny MatchSpec.zones "
    "AdmissionSpec.deny_zones AdmissionSpec.exempt_zones ClientIpSpec.trusted_proxies ZoneSpec.union ZoneSpec.except "
    "KeyRecordSpec.zones UnlessSpec.zones",
    "places": "NetworkSpec.allow_geo NetworkSpec.deny_geo MatchSpec.geo UnlessSpec.geo",
    "listeners": "MatchSpec.listeners EnvSpec.listeners MaySpec.listeners PersonaSpec.listener",
    "envs": "MatchSpec.env",
    "callers": "MatchSpec.clients UnlessSpec.clients",
    "hints": "WhenSpec.hint",
    "roles": "MatchSpec.roles RolesSpec.all RolesSpec.any KeyRecordSpec.roles",
    "scopes": "NeedSpec.all NeedSpec.any ScopeSpec.implies RoleSpec.grants KeyRecordSpec.scopes",
    "needs": "NeedSpec",
    "accesses": "RouteSpec",
    "segments": "SegmentSpec.wins_over ProfileSpec.wins_over GuardrailSpec.only_in",
    "profiles": "SegmentSpec.use",
    "route_sets": "SegmentSpec.route_sets ProfileSpec.route_sets",
    "limits": "LimitSpec",
    "issuers": "AuthnSpec.issuers TokenSpec.issuer TokenPersonaSpec.issuer",
    "api_keys": "AuthnSpec.key_stores KeySpec.store KeyPersonaSpec.store",
    "client_cas": "MtlsSpec.ca CertificatePersonaSpec.ca",
    "upstreams": "SegmentSpec.upstream ProfileSpec.upstream",
    "personas": "PersonaSpec PersonaSpec.persona",
    "attributes": "KeyRecordSpec.attributes MatchSpec.attributes",
}
_KEYED = ("attributes",)  # fields whose keys are names
_SECTIONS = (
    "zones", "roles", "scopes", "segments", "profiles", "route_sets", "limits", "issuers", "api_keys", "client_cas",
    "upstreams", "personas", "attributes",
)  # fmt: skip


def names_in(root: Node) -> Names:
    """Return the names that a policy, all its files together, has for each kind of thing."""
    found: dict[str, tuple[str, ...]] = {section: _keys(root, section) for section in _SECTIONS}
    clients = _at(root, "clients")
    hints = {str(name) for name, value in _items(clients) if isinstance(value, Entries) and "hint" in value}
    named = tuple(name for name in _keys(root, "clients") if name not in hints)
    found["zones"] += BUILT_IN
    found["places"] = _keys(root, "geo", "sets")
    found["listeners"] = _keys(root, "settings", "listeners") or ("reverse", "forward")
    found["envs"] = _keys(root, "settings", "envs")
    found["callers"] = (*named, *RESERVED)
    found["hints"] = tuple(sorted(hints))
    found["needs"] = (*found["scopes"], "none")
    found["accesses"] = ("public", "open", "authenticated", *found["scopes"])
    return found


def schema_for(root: Node) -> Schema:
    """Return the JSON Schema of one policy, whose tree is that of all its files together."""
    made, names = deepcopy(json_schema()), names_in(root)
    for kind, places in _FIELDS.items():
        for place in places.split():
            owner, _, key = place.partition(".")
            definition = made["$defs"].get(owner)
            if definition is None:
                continue
            if not key:
                definition["anyOf"][0] = _one_of(names[kind], definition["anyOf"][0])
            else:
                held = _properties(definition)
                held[key] = _limited(held[key], names[kind], keyed=kind in _KEYED, code=kind == "places")
    _values(made, root)
    _needs_of_guardrails(made, names)
    return made


def _values(made: Schema, root: Node) -> None:
    """Give each closed attribute its values in `match`."""
    held = _properties(made["$defs"]["MatchSpec"])
    known: Schema = {}
    for name, spec in _items(_at(root, "attributes")):
        values = spec.get(Text("values")) if isinstance(spec, Entries) else None
        if isinstance(values, Items):
            words = (*(str(value) for value in values if isinstance(value, Text)), "other")
            known[str(name)] = {"type": "array", "items": {"enum": list(words)}}
    for part in held["attributes"].get("anyOf", [held["attributes"]]):
        if part.get("type") == "object" and known:
            part["properties"] = known


def _needs_of_guardrails(made: Schema, names: Names) -> None:
    """Give `unless` its roles and scopes: one class holds both, so each gets its own copy."""
    unless = _properties(made["$defs"]["UnlessSpec"])
    for key in ("roles", "scopes"):
        need = deepcopy(made["$defs"]["GuardNeedSpec"])
        unless[key] = {"anyOf": [_replaced(need, names[key], code=False), {"type": "null"}]}


def _properties(definition: Schema) -> Schema:
    """Return the properties of a class, also where a short form stands beside them."""
    parts = (definition, *definition.get("anyOf", ()))
    found: Schema = next(part["properties"] for part in parts if "properties" in part)
    return found


def _limited(schema: Schema, words: tuple[str, ...], *, keyed: bool, code: bool) -> Schema:
    if not keyed:
        return _replaced(schema, words, code=code)
    for part in schema.get("anyOf", [schema]):
        if part.get("type") == "object":
            part["propertyNames"] = {"enum": list(words)}
    return schema


def _replaced(schema: Schema, words: tuple[str, ...], *, code: bool) -> Schema:
    """Return a schema in which every text is one of `words`; `code`: or the code of a country."""
    if schema.get("type") == "string":
        return (
            {"anyOf": [_one_of(words, {}), {"type": "string", "pattern": "^[A-Z]{2}$"}]} if code else _one_of(words, {})
        )
    made = dict(schema)
    for key in ("items", "additionalProperties"):
        if isinstance(made.get(key), dict):
            made[key] = _replaced(made[key], words, code=code)
    if "anyOf" in made:
        made["anyOf"] = [_replaced(part, words, code=code) for part in made["anyOf"]]
    if "properties" in made:
        made["properties"] = {name: _replaced(part, words, code=code) for name, part in made["properties"].items()}
    return made


def _one_of(words: Iterable[str], otherwise: Schema) -> Schema:
    """Return the schema of one of these words; with none there is nothing that could be written."""
    return {**{key: value for key, value in otherwise.items() if key == "description"}, "enum": sorted(set(words))}


def _at(root: Node, *path: str) -> Node:
    for key in path:
        root = root.get(Text(key)) if isinstance(root, Entries) else None
    return root


def _items(node: Node) -> Iterable[tuple[Text, Node]]:
    return node.items() if isinstance(node, Entries) else ()


def _keys(root: Node, *path: str) -> tuple[str, ...]:
    return tuple(str(name) for name, _ in _items(_at(root, *path)))
