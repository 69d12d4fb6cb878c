"""The routes of a segment, from its route sets and its own: each key read, none competing with another."""

from __future__ import annotations

from dataclasses import dataclass

from parclose.policy.desk import Desk
from parclose.policy.errors import ScalarError
from parclose.policy.inherit import Layers
from parclose.policy.methods import MethodSet
from parclose.policy.nodes import Text
from parclose.policy.paths import PathPattern
from parclose.policy.schema_base import where
from parclose.policy.schema_segment import RouteSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Keyed:
    """A route key with what it means, the route as written, and its mode: `enforce`, `shadow` or `off`."""

    key: Text
    methods: MethodSet
    path: PathPattern
    spec: RouteSpec
    own: bool
    mode: str = "enforce"


def normal_path(path: PathPattern, *, fold: bool, same_slash: bool) -> PathPattern:
    """Return a pattern in the spelling in which paths are compared."""
    path = path.without_slash() if same_slash else path
    return path.folded() if fold else path


def collect(desk: Desk, layers: Layers, *, fold: bool, same_slash: bool) -> list[Keyed]:
    """Return the routes of a segment: its route sets and its own; two for the same requests are RTE001.

    Of two of which one is in shadow both are returned.
    """
    found: list[Keyed] = []
    places: dict[object, list[int]] = {}  # of routes in `found`, by the shape of their paths
    sets, own = layers.owner("route_sets"), layers.owner("routes")
    for name in (sets.route_sets or ()) if sets else ():
        if desk.knows(name, desk.spec.route_sets, "route set", section="route_sets"):
            for key, spec in desk.spec.route_sets[name].items():
                written = _parse(desk, key, spec, own=False, fold=fold, same_slash=same_slash)
                _add(desk, found, places, written)
    for key, spec in ((own.routes or {}) if own else {}).items():
        _add(desk, found, places, _parse(desk, key, spec, own=True, fold=fold, same_slash=same_slash))
    return found


def _parse(desk: Desk, key: Text, spec: RouteSpec, *, own: bool, fold: bool, same_slash: bool) -> Keyed | None:
    method_text, blank, path_text = key.partition(" ")
    if not blank:
        desk.report(
            "RTE008", key.mark, f"`{key}` is no route", text=key,
            fix="write methods, a blank and a path: `GET /orders/{id}`",
        )  # fmt: skip
        return None
    try:
        methods = MethodSet.parse(method_text)
        path = normal_path(PathPattern.parse(path_text.strip()), fold=fold, same_slash=same_slash)
    except ScalarError as error:
        desk.report(error.id, key.mark, error.message, fix=error.fix, text=key)
        return None
    return Keyed(key=key, methods=methods, path=path, spec=spec, own=own, mode=spec.mode or "enforce")


def _add(desk: Desk, found: list[Keyed], places: dict[object, list[int]], new: Keyed | None) -> None:
    if new is None:
        return
    if new.mode == "off":
        found.append(new)
        return
    same_place = places.setdefault(new.path.shape, [])
    for index in same_place:
        old = found[index]
        shared = _competes(old, new)
        if not shared:
            continue
        in_shadow = beside(old, new)
        if new.own and new.spec.override and not old.own:
            if in_shadow and new.mode == "shadow":
                continue  # what it is to replace stays in force
            found[index] = new
            return
        same = old.methods.methods == new.methods.methods
        what = "match exactly the same requests" if same else f"both match {shared}, and neither is more specific"
        desk.report(
            "RTE001", new.key.mark, f"routes `{old.key}` and `{new.key}` {what}", text=new.key,
            fix=f"remove one, or narrow it; the other is at {where(old.key.mark)}", bad="W" if in_shadow else "",
        )  # fmt: skip
        if not in_shadow:
            return
    same_place.append(len(found))
    found.append(new)


def beside(one: Keyed, other: Keyed) -> bool:
    """Whether one of two routes is in force and the other in shadow: they never meet, but would."""
    return (one.mode == "shadow") != (other.mode == "shadow")


def _competes(old: Keyed, new: Keyed) -> str:
    """Return a method for which two routes of one shape are equally good, or ""."""
    if old.methods.methods == new.methods.methods:
        return min(new.methods.methods)
    return next((method for method, rank in new.methods.ranks if old.methods.rank(method) == rank), "")


def competing_kinds(desk: Desk, routes: list[Keyed]) -> None:
    """Report types at one position between which no rule chooses (RTE008)."""
    seen: dict[object, list[Keyed]] = {}
    for route in routes:
        for at, part in enumerate(route.path.parts):
            if part.kind is None:
                continue
            before = (route.path.shape[0][:at], at)
            for other in seen.setdefault(before, []):
                kind = other.path.parts[at].kind
                if kind is not None and kind.competes(part.kind):
                    desk.report(
                        "RTE008", route.key.mark, f"`{kind.text}` and `{part.kind.text}` compete at one place",
                        fix=f"give it and `{other.key}` one type there, or disjoint enums", text=route.key,
                        bad="W" if beside(other, route) else "",
                    )  # fmt: skip
                    break
            seen[before].append(route)
