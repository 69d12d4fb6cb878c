"""What each route of a segment asks for in the end, and where that is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.flow import flow
from parclose.policy.inherit import Layers
from parclose.policy.methods import READ
from parclose.policy.nodes import Text
from parclose.policy.origins import BUILT_IN, Value, origin
from parclose.policy.schema_base import SHORT, where
from parclose.policy.schema_segment import RouteSpec
from parclose.policy.segment import Need, Route, Segment

_ASKED = ("public", "open", "scopes", "roles")


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteValues:
    """One route: its key, its place, the requirement first, then what else is written of it."""

    key: str
    where: str
    values: tuple[Value, ...]


def route_values(desk: Desk, layers: Layers, segment: Segment | None) -> tuple[RouteValues, ...]:
    """Return the routes of a segment in the order of its files; parked ones with what is written of them."""
    live = {(route.where, route.key): route for route in (segment.route_list if segment is not None else ())}
    found = []
    for key, spec in _written(desk, layers):
        route = live.get((where(key.mark), str(key)))
        # One that is replaced by `override: true` is neither.
        if route is None and segment is not None and spec.mode != "off":
            continue
        asked = () if route is None else _asked(layers, spec, route)
        found.append(RouteValues(key=str(key), where=where(key.mark), values=(*asked, *_rest(spec))))
    return tuple(found)


def _written(desk: Desk, layers: Layers) -> Iterator[tuple[Text, RouteSpec]]:
    sets, own = layers.owner("route_sets"), layers.owner("routes")
    for name in (sets.route_sets or ()) if sets else ():
        yield from desk.spec.route_sets[name].items()
    yield from ((own.routes or {}) if own else {}).items()


def _asked(layers: Layers, spec: RouteSpec, route: Route) -> Iterator[Value]:
    if route.access != "caller":
        yield Value(key="asks", value=route.access, origin=where(spec.mark))
        return
    text = "authenticated" if route.scopes is None else told(route.scopes)
    yield Value(key="scopes", value=text, origin=_scopes_from(layers, spec, route))
    if route.roles is not None:
        yield Value(key="roles", value=told(route.roles), origin=_roles_from(layers, spec))


def _scopes_from(layers: Layers, spec: RouteSpec, route: Route) -> str:
    if spec.brief is not None:
        return where(spec.mark)
    if spec.scopes is not None:
        return where(spec.at("scopes"))
    methods = route.methods.methods
    groups = [name for name, used in (("read", methods & READ), ("write", methods - READ)) if used]
    places = [place for name in groups if (place := _section_from(layers, "scopes", name))]
    return ", ".join(dict.fromkeys(places)) or BUILT_IN


def _section_from(layers: Layers, section: str, key: str) -> str:
    for spec, via in zip(layers.specs, layers.names, strict=True):
        if spec.has(section):
            part = getattr(spec, section)
            if part is None:
                return ""
            if part.has(key):
                return origin(part.at(key), via)
    return ""


def _roles_from(layers: Layers, spec: RouteSpec) -> str:
    if spec.has("roles"):
        return where(spec.at("roles"))
    found = ((layer, via) for layer, via in zip(layers.specs, layers.names, strict=True) if layer.has("roles"))
    return next((origin(layer.at("roles"), via) for layer, via in found), BUILT_IN)


def _rest(spec: RouteSpec) -> Iterator[Value]:
    for key, node in spec.node.items():
        if key not in _ASKED and key != SHORT and not key.startswith("x-"):
            yield Value(key=str(key), value=flow(node), origin=where(key.mark))


def told(need: Need) -> str:
    """Return a requirement in words: `orders:read`, `all of a, b`, `any of a, b`."""
    every = ", ".join(need.all) if len(need.all) < 2 else f"all of {', '.join(need.all)}"
    some = "" if not need.any else ", ".join(need.any) if len(need.any) < 2 else f"any of {', '.join(need.any)}"
    return " and ".join(part for part in (every, some) if part)
